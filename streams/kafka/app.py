"""The Faust app that both stages are: its configuration, its lifecycle, and how it ends on a fault.

Not `faust worker`: that command turns on a web server with table contents. Our own health server is a dependency of
the app and starts first.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import KafkaError
from mode import Service

from streams.errors import BrokerError, TocsinError, exit_code_of
from streams.kafka.clients import ssl_context
from streams.kafka.embedded import mend_client
from streams.kafka.intake import Intake
from streams.kafka.ledger import TopicPartition
from streams.kafka.parting import ours
from streams.kafka.transport import LedgerConsumer, LedgerTransport
from streams.settings import Settings

__all__ = ["Every", "StageApp", "make_app", "raw_topic"]

_LAST_RESORT = 10.0
"""Seconds that an orderly stop after a fault may take before the process is ended: a rebalance that waits for us
would otherwise keep a broken worker in the group."""

_MARGIN = 120.0
"""Seconds beyond the rebalance timeout in which the group must have settled and the table been read."""

_METADATA_MS = 10_000
"""A group's leader that could not ask for the topics, because a broker had just died, gives everybody nothing, and the
client asks again only after this time; with its five minutes all workers of a stage stood still so long."""

_log = logging.getLogger(__name__)


def _quietly(step: Callable[[], None]) -> None:
    try:
        step()
    except Exception:  # noqa: BLE001  (the stop must go on)
        _log.exception("a last step failed; the stop goes on")


def _named(reason: BaseException) -> BaseException:
    """What crashed Faust, as an error of ours where it is Kafka's doing."""
    if not isinstance(reason, (KafkaError, OSError)):
        return reason
    found = BrokerError(f"Kafka ended our work ({type(reason).__name__}): `tocsin doctor` says more")
    found.__cause__ = reason
    return found


class StageApp(faust.App):
    """A Faust app with our transport, our services, and an end that never acks unfinished work."""

    mundane_level = "debug"
    logger = logging.getLogger("faust.app.stage")  # what Faust says of us belongs to Faust, not to this room
    intake: Intake
    health: Any = None
    fault: BaseException | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._first: list[Service] = []
        self._prepare: list[Callable[[], Awaitable[None]]] = []
        self._finally: list[Callable[[], None]] = []
        self._listeners: dict[str, Callable[[set[int]], None]] = {}
        self._settled_at = time.monotonic()
        super().__init__(*args, **kwargs)

    def first(self, *services: Service) -> None:
        """Start these before, and stop them after, everything of Faust: what drains must outlive what feeds."""
        self._first += services

    def prepare(self, step: Callable[[], Awaitable[None]]) -> None:
        """Run `step` before the consumer joins the group (loading the model, checking topics)."""
        self._prepare.append(step)

    def at_end(self, step: Callable[[], None]) -> None:
        """Run `step`, on a helper thread, after the drain and whatever the drain comes to; it must be quick, because
        the group waits for us. What it raises is logged.
        """
        self._finally.append(step)

    def on_assigned(self, topic: str, listener: Callable[[set[int]], None]) -> None:
        """Tell `listener` our partitions of `topic` after every rebalance, before any record of it arrives."""
        self._listeners[topic] = listener

    @property
    def buffered(self) -> int:
        """Records in Faust's queues, on their way to an agent."""
        return sum(queue.qsize() for queue in self.flow_control._queues)

    @property
    def assigned(self) -> bool:
        """Whether the group gave us anything."""
        return bool(self._assignment)

    def on_init_dependencies(self) -> Iterable[Any]:
        return [*self._first, *super().on_init_dependencies()]

    async def on_start(self) -> None:
        for service in self._first:
            await service.maybe_start()
        for step in self._prepare:
            await step()
        await super().on_start()
        self.on_partitions_revoked.connect(self._revoked)
        self.on_rebalance_complete.connect(self._rebalanced)

    async def on_stop(self) -> None:
        try:
            await super().on_stop()
            await self.intake.close()
        finally:
            for step in self._finally:
                await asyncio.get_running_loop().run_in_executor(None, _quietly, step)

    async def hand_over(self, event: Any) -> None:
        """Give one of Faust's events to the intake. Never raises: an agent that raises loses its event."""
        if self.fault is not None:
            return
        try:
            await ours(self.intake.receive(event))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  (whatever it is: stop, ack nothing)
            await self.fatal(error)

    async def _revoked(self, _app: Any, revoked: Any, **_: Any) -> None:
        # Faust has waited for everything in work and committed it: the books of this generation are closed.
        if revoked:
            self.intake.revoked()

    async def _rebalanced(self, _app: Any, **_: Any) -> None:
        assigned = self._assignment or set()
        # Listeners first, and nothing awaited before them: from the moment a book is open, the sweep may hand out
        # records that Faust has dropped, and opening the next book can take long.
        for topic, listener in self._listeners.items():
            listener({tp.partition for tp in assigned if tp.topic == topic})
        sources = [tp for tp in assigned if self.topics.acks_enabled_for(tp.topic)]
        await self.intake.assigned(TopicPartition(tp.topic, tp.partition) for tp in sorted(sources))

    async def fatal(self, error: BaseException) -> None:
        """Stop the process because of `error`, which is no record's fault. Nothing unfinished is acked."""
        if self.fault is not None:
            return
        self._crash(error)  # this service and all below: Faust's waits end without their acks
        asyncio.get_running_loop().call_soon(self._stop_worker)

    def _crash(self, reason: BaseException) -> None:
        # Faust comes here by itself as well, when a commit is refused, say: then, too, the end is bounded and has a
        # documented code.
        if self.fault is None:
            self.fault = _named(reason)
            self._end_in_time(exit_code_of(self.fault))
            if isinstance(self.fault, TocsinError):
                _log.error("stopping: %s", self.fault)
            else:
                _log.error("stopping on a fault of our own: %r", reason, exc_info=reason)
        super()._crash(reason)

    @staticmethod
    def _end_in_time(code: int) -> None:
        timer = threading.Timer(_LAST_RESORT, os._exit, args=(code,))
        timer.daemon = True
        try:
            timer.start()
        except (MemoryError, RuntimeError):  # not even room for a thread
            os._exit(code)

    async def settle(self) -> None:
        """Called every few seconds. Raises BrokerError if a rebalance or the table's recovery never ends: Faust gives
        up waiting for an answer without a word, and would stand still for ever.
        """
        now = time.monotonic()
        if not (self.rebalancing or self.in_recovery):
            self._settled_at = now
        elif now - self._settled_at > self.conf.broker_rebalance_timeout + _MARGIN:
            raise BrokerError(
                f"a rebalance or the recovery of the table has not ended for {now - self._settled_at:.0f} s"
            )

    def _stop_worker(self) -> None:
        root = self.beacon.root
        if root is not None and isinstance(root.data, Service):
            root.data.add_future(root.data.stop())

    def _new_transport(self) -> Any:
        return LedgerTransport(self.conf.broker_consumer, self, configure=self._give_books)

    def _give_books(self, consumer: LedgerConsumer) -> None:
        consumer.books = self.intake


def make_app(name: str, settings: Settings) -> StageApp:
    """A Faust app for one stage. What differs from Faust's defaults is there for a reason that the design states."""
    if settings.embedded_broker:
        mend_client()
    folder = Path(settings.data_dir) / name / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    return StageApp(
        name,
        broker=";".join(f"kafka://{server}" for server in settings.servers),
        broker_credentials=_credentials(settings),
        store="memory://",
        datadir=str(folder),
        # At least once, with everything awaited by us: exactly_once of this Faust loses and crashes.
        processing_guarantee="at_least_once",
        stream_wait_empty=True,
        stream_publish_on_commit=False,
        producer_acks=-1,
        producer_request_timeout=settings.publish_timeout,
        producer_max_request_size=settings.request_bytes,
        producer_threaded=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=settings.fetch_bytes,
        consumer_metadata_max_age_ms=_METADATA_MS,
        broker_max_poll_records=settings.buffer_records,
        stream_buffer_maxsize=settings.buffer_records,
        broker_commit_interval=settings.commit_interval,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.heartbeat_interval,
        broker_rebalance_timeout=settings.rebalance_timeout,
        broker_max_poll_interval=max(300.0, settings.rebalance_timeout),
        broker_request_timeout=max(90.0, settings.session_timeout),
        # Topics are made by `tocsin topics create`: a worker needs no right to create any.
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        # No page of Faust's own: tables and the router would be open to anybody who reaches the port.
        web_enabled=False,
        worker_redirect_stdouts=False,
    )


def raw_topic(app: faust.App, *names: str) -> Any:
    """Topics of bytes: no codec of Faust's touches a record."""
    return app.topic(
        *names,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )


def _credentials(settings: Settings) -> Any:
    context = ssl_context(settings)
    if settings.sasl_mechanism:
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.password(),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return context and faust.SSLCredentials(context=context)


class Every(Service):
    """Calls each of `steps` every `seconds`; a fault in one is fatal."""

    mundane_level = "debug"

    def __init__(self, app: StageApp, seconds: float, *steps: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._app, self._seconds, self._steps = app, seconds, steps

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            await self.sleep(self._seconds)
            if self.should_stop:
                return
            try:
                for step in self._steps:
                    await ours(step())
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001  (whatever it is: stop, ack nothing)
                await self._app.fatal(error)
                return
