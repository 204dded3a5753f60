"""Each of six troubles, made on purpose under load, must raise its alert in a real Prometheus in time, and clear.

    python -m tests.deploy.drill [--faster 30] [--only TocsinDown,...] [--keep FOLDER]

Runs Apache Kafka, a worker of each stage, the canary, Prometheus and Alertmanager with the shipped configuration,
every time of the rules (and the canary's) divided by `--faster`. Ends with a table: what was done, when the alert
fired and cleared, in seconds as they would be with the shipped times, and whether it was in time. Exit code 0 if all
were.
"""

import argparse
import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka import clients, topics
from streams.kafka.embedded import EmbeddedBroker, free_ports
from streams.settings import Settings
from tests.deploy.prometheus import Alertmanager, Prometheus
from tests.kafka.cluster import HINT, ApacheKafka, find_kafka
from tests.kafka.load import watched_article
from tests.kafka.tools import Worker, environment, settings_for

RATE = 8.0
"""Articles a second: what one core works off with room to spare."""
PATIENCE = 120.0
"""Real seconds after which we wait no longer for an alert to fire or to clear."""


@dataclass
class Installation:
    """What runs, and what the feeder is told."""

    settings: Settings
    kafka: "ApacheKafka | EmbeddedBroker"
    folder: Path
    workers: dict[str, Worker] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """Stages that nobody is to start again."""
    canary: "subprocess.Popen[bytes] | None" = None
    rate: float = RATE
    rubbish: float = 0.0
    sentences: int = 2
    fed: int = 0

    def start(self, stage: str, module: str = "streams.cli.main", **more: str) -> None:
        self.workers[stage] = Worker(self.settings, stage, module, more)

    def sing(self) -> None:
        with (self.folder / "canary.log").open("ab") as log:
            self.canary = subprocess.Popen(
                [sys.executable, "-m", "streams.cli.main", "canary"],
                stdout=log, stderr=log, env=environment(self.settings), start_new_session=True,
            )  # fmt: skip

    async def ready(self, stage: str) -> None:
        await asyncio.to_thread(self.workers[stage].wait_ready, 90)

    async def keep(self) -> None:
        """What an orchestrator does: start again what ended."""
        while True:
            for stage, worker in list(self.workers.items()):
                if worker.process.poll() is not None and stage not in self.down:
                    self.start(stage)
            await asyncio.sleep(0.5)

    async def replace(self, stage: str, module: str = "streams.cli.main", **more: str) -> None:
        """Another process for the stage, and wait until it is ready."""
        self.down.add(stage)
        await asyncio.to_thread(self.workers[stage].kill, signal.SIGTERM)
        self.start(stage, module, **more)
        self.down.discard(stage)
        await self.ready(stage)

    async def feed(self) -> None:
        """Articles, and a share of rubbish, for ever; the broker may be away."""
        while True:
            with suppress(KafkaError, BrokerError, OSError, TimeoutError):
                async with clients.producer(self.settings) as producer:
                    while True:
                        await asyncio.sleep(1 / max(self.rate, 0.1))
                        if self.rate <= 0:
                            continue
                        self.fed += 1
                        if (self.fed * 0.618) % 1 < self.rubbish:
                            key, value = None, b"{rubbish %d" % self.fed
                        else:
                            key, value = watched_article(self.fed)
                        await asyncio.wait_for(producer.send(self.settings.articles_topics[0], value, key), 5)
            await asyncio.sleep(0.5)


Change = Callable[[Installation], Awaitable[None]]


async def _kill(here: Installation) -> None:
    here.down.add("alert")
    here.workers["alert"].kill()


async def _restart_alert(here: Installation) -> None:
    await here.replace("alert")


async def _stop_broker(here: Installation) -> None:
    await asyncio.to_thread(here.kafka.stop)


async def _start_broker(here: Installation) -> None:
    await asyncio.to_thread(here.kafka.start)


async def _poison(here: Installation) -> None:
    here.rubbish = 0.25


async def _clean(here: Installation) -> None:
    here.rubbish = 0.0


async def _slow(here: Installation) -> None:
    await here.replace("assess", "tests.kafka.faulty", FAULT_SLOW="4")
    here.rate = 2 * RATE


async def _quick(here: Installation) -> None:
    here.rate = RATE
    await here.replace("assess")


async def _silence(here: Installation) -> None:
    here.rate = 0.0


async def _noise(here: Installation) -> None:
    here.rate = RATE


async def _ignore_canary(here: Installation) -> None:
    """A table of publishers in which the canary is ignored: everything runs, and no alert of it comes out."""
    table = here.folder / "sources.toml"
    table.write_text('official = []\nunreliable = []\nignored = ["canary.invalid"]\n')
    await here.replace("alert", TOCSIN_SOURCES_FILE=str(table))


@dataclass(frozen=True)
class Trouble:
    """`within`: seconds by the shipped times from the cause to the alert, as the runbook says it."""

    alert: str
    what: str
    make: Change
    mend: Change
    within: float
    receiver: str


TROUBLES = (
    Trouble("TocsinDown", "the alert stage killed", _kill, _restart_alert, 180, "pager"),
    Trouble("TocsinDeadLetterRatioHigh", "a quarter of the input is rubbish", _poison, _clean, 900, "chat"),
    Trouble("TocsinCanaryFailing", "the canary's publisher ignored", _ignore_canary, _restart_alert, 480, "pager"),
    Trouble("TocsinLagGrowing", "a classifier that is too slow", _slow, _quick, 1200, "chat"),
    Trouble("TocsinNoArticles", "no crawler sends", _silence, _noise, 1080, "chat"),
    Trouble("TocsinStalled", "the broker stopped", _stop_broker, _start_broker, 540, "pager"),
)


@dataclass(frozen=True)
class Result:
    trouble: Trouble
    fired: float | None
    cleared: float | None
    told: bool
    others: tuple[str, ...]


async def _until(condition: Callable[[], bool], seconds: float) -> float | None:
    """Seconds until it is true; None if that takes too long."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if await asyncio.to_thread(condition):
            return time.monotonic() - begin
        await asyncio.sleep(0.2)
    return None


async def _one(trouble: Trouble, here: Installation, prometheus: Prometheus, manager: Alertmanager) -> Result:
    quiet = await _until(lambda: not prometheus.firing(), PATIENCE)
    if quiet is None:
        print(f"before {trouble.alert}: {', '.join(prometheus.firing())} fire already", file=sys.stderr)
    before = len(manager.told)
    await trouble.make(here)
    begin = time.monotonic()
    fired = await _until(lambda: trouble.alert in prometheus.firing(), PATIENCE)
    after = time.monotonic() - begin if fired is not None else None
    others = tuple(sorted(prometheus.firing().keys() - {trouble.alert}))
    told = await _until(lambda: (trouble.receiver, "firing", trouble.alert) in manager.told[before:], 20)
    await trouble.mend(here)
    cleared = await _until(lambda: trouble.alert not in prometheus.firing(), PATIENCE)
    return Result(trouble, after, cleared, told is not None, others)


async def drill(folder: Path, faster: float, only: set[str]) -> list[Result]:
    """Make every trouble (or those named) after the other."""
    home = find_kafka()
    assert home is not None, HINT
    async with AsyncExitStack() as stack:
        sync = stack.enter_context(ExitStack())
        kafka = sync.enter_context(ApacheKafka(home))
        (canary_port,) = free_ports(1)
        settings = settings_for(
            kafka.servers,
            embedded=False,
            folder=folder,
            audit_topic=None,
            canary_port=canary_port,
            canary_interval=60 / faster,
            tick_interval=60 / faster,
        )
        await topics.create(settings)
        here = Installation(settings, kafka, folder)
        sync.callback(lambda: [worker.kill() for worker in here.workers.values()])
        sync.callback(lambda: here.canary and os.killpg(here.canary.pid, signal.SIGTERM))
        for stage in ("assess", "alert"):
            here.start(stage)
        for stage in ("assess", "alert"):
            await here.ready(stage)
        here.sing()
        feeder = asyncio.create_task(here.feed())
        stack.callback(feeder.cancel)
        stack.callback(asyncio.create_task(here.keep()).cancel)
        manager = sync.enter_context(Alertmanager(folder))
        ports = {
            "tocsin-assess": [settings.assess_port],
            "tocsin-alert": [settings.alert_port],
            "tocsin-canary": [canary_port],
        }
        prometheus = sync.enter_context(
            Prometheus(folder, ports, faster=faster, scrape=f"{int(15000 / faster)}ms", alertmanager=manager.port)
        )
        await asyncio.sleep(10)  # Prometheus reads its files of targets every five seconds
        results = []
        for trouble in TROUBLES:
            if not only or trouble.alert in only:
                print(f"{time.strftime('%H:%M:%S')} {trouble.alert}: {trouble.what}", file=sys.stderr, flush=True)
                results.append(await _one(trouble, here, prometheus, manager))
        return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faster", type=float, default=30, metavar="N")
    parser.add_argument("--only", default="", help="names, comma-separated")
    parser.add_argument("--keep", type=Path, help="folder for logs")
    chosen = parser.parse_args()
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tocsin-drill-") as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        results = asyncio.run(drill(folder, chosen.faster, {name for name in chosen.only.split(",") if name}))
    good = True
    print(f"{'alert':28} {'cause':36} {'fired':>8} {'bound':>6} {'cleared':>8}  told  also firing")
    for one in results:
        fired = one.fired * chosen.faster if one.fired is not None else None
        cleared = one.cleared * chosen.faster if one.cleared is not None else None
        well = fired is not None and fired <= one.trouble.within and cleared is not None and one.told
        good &= well
        times = [f"{value:.0f} s" if value is not None else "never" for value in (fired, cleared)]
        print(
            f"{one.trouble.alert:28} {one.trouble.what:36} {times[0]:>8} {one.trouble.within:>4.0f} s {times[1]:>8}"
            f"  {'yes' if one.told else 'NO':4}  {', '.join(one.others) or '-'}{'' if well else '   <- NOT in time'}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
