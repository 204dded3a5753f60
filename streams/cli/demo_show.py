"""The play of the demo: start, send, show, sum up. One event loop; only the deciding words are found on a thread.

Guarantees: alerts appear in the order of the topic, each once; the end is reached when the audit topic has every
article and no alert has come for three seconds. Refuses to wait for ever: a minute without progress is an error.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from streams.alert.record import Alert, adapter
from streams.assess.places import country_names
from streams.cli.demo_feed import DemoArticle, articles
from streams.cli.demo_run import Installation, WorkerDiedError
from streams.cli.demo_tally import Tally
from streams.cli.output import json_line, say, stderr, stdout
from streams.cli.render import QUOTES, show_alert
from streams.kafka import clients, topics
from streams.kafka.deadletters import dlq_name

if TYPE_CHECKING:
    from models import Classifier

__all__ = ["Show"]

_READY_SECONDS = 180.0
_QUIET_SECONDS = 3.0
_STALLED_SECONDS = 60.0
_TERMINATED = 143


class Show:
    """One run of the demo. `as_json`: alerts as JSON lines, everything else on standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._out, self._err = stdout(), stderr()
        # A progress bar must be drawn by the console that prints above it.
        self._stage = self._out if self._out.is_terminal and not as_json else self._err
        self._names = country_names()
        self._classifier: Classifier | None = None
        self._thread = ThreadPoolExecutor(1, initializer=_step_back)
        self._loading: asyncio.Future[None]
        self._marks: dict[str, tuple[tuple[int, int], ...]] = {}
        self._tally = Tally()
        self._moved = time.monotonic()
        self._leave = asyncio.Event()

    def note(self, text: str) -> None:
        """A line of progress where nobody watches a spinner."""
        if not self._stage.is_terminal:
            self._err.print(f"{text} ...", soft_wrap=True)

    async def play(self, installation: Installation, *, limit: int | None, rate: float, keep: bool) -> int:
        """Run it all; the exit code. Raises WorkerDiedError when the worker ends or stands still."""
        task = asyncio.current_task()
        assert task is not None
        ended: list[int] = []

        def stop() -> None:
            ended.append(_TERMINATED)
            task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        try:
            await self._start(installation)
            await self._perform(installation, articles(datetime.now(UTC))[:limit], rate, keep=keep)
        except asyncio.CancelledError:
            if not ended:
                raise
            return ended[0]
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
        return 0

    async def _start(self, installation: Installation) -> None:
        begin = time.monotonic()
        with self._stage.status("starting", spinner="dots") as status:
            status.update("creating topics")
            await topics.create(installation.settings)
            installation.start_workers()
            self.note("starting the worker: its two stages load the classifier and join their groups")
            status.update("starting the worker: loading the classifier")
            self._loading = asyncio.get_running_loop().run_in_executor(self._thread, self._load)
            self._loading.add_done_callback(lambda done: done.cancelled() or done.exception())  # raised by _watch
            while not await asyncio.to_thread(installation.ready):
                if time.monotonic() - begin > _READY_SECONDS:
                    raise WorkerDiedError(f"the worker is not ready after {_READY_SECONDS:.0f} s; is the machine busy?")
                await asyncio.sleep(0.2)
        self.note(f"ready after {time.monotonic() - begin:.0f} s")

    def _load(self) -> None:
        from models import Classifier

        self._classifier = Classifier.load(threads=1)
        self._classifier.warm()

    async def _perform(
        self, installation: Installation, play: tuple[DemoArticle, ...], rate: float, *, keep: bool
    ) -> None:
        settings = installation.settings
        dead = dlq_name(settings.articles_topics[0])
        async with AsyncExitStack() as stack:
            producer = await stack.enter_async_context(clients.producer(settings))
            consumer = await stack.enter_async_context(
                clients.consumer(settings, settings.alerts_topic, str(settings.audit_topic), dead)
            )
            progress = stack.enter_context(self._progress())
            bar = progress.add_task("articles", total=len(play))
            feeding = asyncio.create_task(self._feed(producer, settings.articles_topics[0], play, rate))
            stack.callback(feeding.cancel)
            self._moved = time.monotonic()
            while not await self._over(installation, len(play)):
                await self._read(consumer, settings.alerts_topic)
                progress.update(bar, completed=len(self._tally.finished))
                self._watch(installation, feeding)
            progress.stop()
            if keep:  # before the addresses are told: from then on Ctrl-C is the proper end
                asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._leave.set)
            self._sum_up(installation, keep=keep)
            if keep:
                await self._stay(installation, consumer)

    async def _stay(self, installation: Installation, consumer: Any) -> None:
        """Go on showing alerts until Ctrl-C."""
        while not self._leave.is_set():
            await self._read(consumer, installation.settings.alerts_topic)
            installation.check()

    def _progress(self) -> Progress:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn())
        return Progress(*columns, console=self._stage, transient=True, disable=not self._stage.is_terminal)

    def _watch(self, installation: Installation, feeding: "asyncio.Task[None]") -> None:
        installation.check()
        for task in (feeding, self._loading):
            if task.done():
                task.result()
        if time.monotonic() - self._moved > _STALLED_SECONDS:
            raise WorkerDiedError(f"the worker has finished nothing for {_STALLED_SECONDS:.0f} s")

    async def _feed(self, producer: Any, topic: str, play: tuple[DemoArticle, ...], rate: float) -> None:
        begin = time.monotonic()
        headers = [("tocsin-status", b"Exercise")]
        for number, article in enumerate(play):
            await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
            done = await producer.send_and_wait(topic, value=article.value, headers=headers)
            self._tally.sent[done.topic, done.partition, done.offset] = article

    async def _over(self, installation: Installation, articles: int) -> bool:
        """Whether every article has ended, stage 2 has read all of it, and nothing has come for three seconds."""
        if time.monotonic() - self._moved <= _QUIET_SECONDS or not self._tally.all_finished(articles):
            return False
        fed = "assessed" in self._tally.finished.values()
        return await asyncio.to_thread(installation.drained, fed=fed)

    async def _read(self, consumer: Any, alerts_topic: str) -> None:
        """Take what has come."""
        for part, records in (await consumer.getmany(timeout_ms=200)).items():
            for record in records:
                self._moved = time.monotonic()
                if part.topic == alerts_topic:
                    await self._alert(record.value)
                elif part.topic.endswith(".dlq"):
                    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
                    where = (headers["dlq.topic"], int(headers["dlq.partition"]), int(headers["dlq.offset"]))
                    self._tally.dead[where] = headers["dlq.reason"]
                else:
                    entry = orjson.loads(record.value)
                    self._tally.finished[entry["topic"], entry["partition"], entry["offset"]] = entry["outcome"]

    async def _alert(self, value: bytes) -> None:
        alert = adapter.validate_json(value)
        if not self._tally.add_alert(alert):
            return
        if self._json:
            json_line(orjson.loads(value))
            return
        await self._loading
        await asyncio.get_running_loop().run_in_executor(self._thread, self._mark, alert)
        show_alert(self._out, alert, self._names, self._marks)

    def _mark(self, alert: Alert) -> None:
        from streams.cli.marks import deciding_words

        assert self._classifier is not None, "awaited by the caller"
        for piece in alert.evidence[:QUOTES]:
            if piece.quote not in self._marks:
                headline = None if piece.field == "title" else alert.article.title
                self._marks[piece.quote] = deciding_words(self._classifier, piece.quote, piece.label, (headline, None))

    def _sum_up(self, installation: Installation, *, keep: bool) -> None:
        console = self._err if self._json else self._out
        _table(console, "Summary", self._tally.lines(), "cyan")
        if not keep:
            _table(console, "Next", _NEXT, "green")
            return
        servers, ports = installation.settings.brokers, installation.ports
        say("still running; Ctrl-C ends it")
        for line in (
            f"board    http://127.0.0.1:{installation.board}/?tests (these alerts are exercises)",
            f"broker   {servers} (TOCSIN_BROKERS={servers} TOCSIN_EMBEDDED_BROKER=true tocsin replay FILE)",
            *(f"{stage:8} http://127.0.0.1:{port}/metrics /readyz /livez" for stage, port in ports.items()),
        ):
            self._err.print(f"  {line}", soft_wrap=True)


def _table(console: Console, title: str, rows: Sequence[tuple[str, str]], style: str) -> None:
    console.print()
    console.print(Text(title, "bold"))
    if not console.is_terminal:
        for name, text in rows:
            console.print(Text(f"  {name:22}{text}"), soft_wrap=True)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=style, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in rows:
        grid.add_row(f"  {name}", Text(text))
    console.print(grid)


def _step_back() -> None:
    """Let this thread have what the worker leaves of the processor: the alerts' latency must not pay for marks."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


_NEXT = (
    ("tocsin score FILE", "an article of yours, as text or as your crawler's JSON"),
    ("tocsin validate FILE", "what is understood of your crawler's records"),
    ("tocsin doctor", "whether your own Kafka is ready (TOCSIN_BROKERS=host:port)"),
    ("tocsin topics create", "make the topics there; then: tocsin worker"),
    ("tocsin tail", "follow the alerts"),
)
