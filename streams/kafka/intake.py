"""From Faust's events to deliveries, each offset once and in order; and back from finished work to commits.

Both stages stand on it. `receive` is called by the agent with whatever Faust hands over; a repeat passes by, a hole
is read again from the broker first. `sweep` looks for records that Faust dropped at the end of a partition, where no
later record would show the hole. `finish` is called when every output of a delivery has a broker's ack.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka.ledger import Admission, Hole, Ledger, TopicPartition
from streams.kafka.records import Delivery, pairs_of, plausible_ms
from streams.kafka.reread import Rereader
from streams.observe.metrics import Metrics
from streams.settings import Settings

__all__ = ["Intake"]

_QUIET = 2.0
_LONG_QUIET = 30.0
"""Seconds. A partition that has more records and gave none for two seconds, although Faust has read them and holds
none back, has lost its tail. After half a minute in which nothing at all came, Faust's word is not asked for."""

_ASK_END = 3
"""Times, a second apart, that a log which seems to end before our position is asked for its end."""

_log = logging.getLogger(__name__)


class Intake:
    """The ledger of one Faust app, with its two doors. One task at a time is let in, so order is kept.

    `sink` takes one delivery and returns when there is room for the next; it must not raise for bad input.
    """

    def __init__(
        self, app: Any, settings: Settings, metrics: Metrics, sink: Callable[[Delivery], Awaitable[None]]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._sink = sink
        self._ledger = Ledger()
        self._rereader = Rereader(settings)
        self._lock = asyncio.Lock()
        self._seen: dict[TopicPartition, float] = {}
        self._finished_ms: dict[TopicPartition, int] = {}
        self._uncommitted: dict[TopicPartition, float] = {}
        """By partition with something to commit: when there last was nothing, or a commit went ahead."""
        self.finished = 0
        """Deliveries finished since the start: what liveness watches."""

    async def receive(self, event: Any) -> None:
        """Hand the records up to and including this event's to the sink, in offset order."""
        message = event.message
        tp = TopicPartition(message.topic, message.partition)
        async with self._lock:
            if message.generation_id != self._app.consumer_generation_id:
                self._app.consumer.ack(message)
                return
            book = await self._open(tp, message.tp)
            if book is None:
                self._app.consumer.ack(message)
                return
            self._seen[tp] = time.monotonic()
            seen = book.look(message.offset)
            if isinstance(seen, Hole):
                await self._fill(tp, message.tp, seen)
                seen = book.look(message.offset)
            if seen is Admission.NEXT and not self._over(message.generation_id):
                book.hand_out(message.offset)
                await self._sink(_delivery(tp, message))
            else:
                self._app.consumer.ack(message)

    async def sweep(self) -> None:
        """Read again what Faust dropped at the end of partitions, where no later record would show the hole."""
        for tp in self._ledger.partitions:
            async with self._lock:
                book = self._ledger.get(tp)
                end = self._stable_end(_faust_tp(tp))
                if book is None or book.in_work or end is None or end == book.expected:
                    continue
                if end < book.expected:
                    await self._look_at_the_end(tp, book.expected)
                    continue
                if self._over(self._ledger.generation) or not self._dropped(tp, book.expected):
                    continue
                await self._fill(tp, _faust_tp(tp), Hole(book.expected, end))
                self._seen[tp] = time.monotonic()

    async def _look_at_the_end(self, tp: TopicPartition, expected: int) -> None:
        """Raises BrokerError if the log ends before `expected`."""
        end = await self._shorter(tp, expected)
        if end is not None:
            raise BrokerError(
                f"{tp.topic}[{tp.partition}] ends at {end}, but {expected} is the next offset to read: the topic was"
                " made anew, or lost records; the next start reads it from its beginning"
            )

    async def _shorter(self, tp: TopicPartition, expected: int) -> int | None:
        """The end of the log if it itself, not only what a leader knew at first, is before `expected`; else None."""
        generation, end = self._ledger.generation, expected
        for _ in range(_ASK_END):
            try:
                end = await self._app.consumer.log_end(_faust_tp(tp))
            except (KafkaError, OSError):
                return None
            if end >= expected or self._over(generation):
                return None
            await asyncio.sleep(1)
        return end

    def _dropped(self, tp: TopicPartition, expected: int) -> bool:
        now = time.monotonic()
        if self._ledger.in_work or self._app.buffered:
            return False
        read = self._app.consumer.read_offset(_faust_tp(tp))
        if read is not None and read >= expected:
            return now - self._seen.get(tp, 0.0) >= _QUIET
        return now - max(self._seen.values(), default=0.0) >= _LONG_QUIET

    def finish(self, delivery: Delivery) -> None:
        """Every output of `delivery` is acknowledged: it may be committed once all before it are finished."""
        position = self._ledger.finish(delivery.tp, delivery.offset, delivery.generation)
        if position is not None and position > delivery.offset:
            self._uncommitted.setdefault(delivery.tp, time.monotonic())
        self._finished_ms[delivery.tp] = max(self._finished_ms.get(delivery.tp, 0), delivery.timestamp_ms)
        self.finished += 1
        self._app.consumer.ack(delivery.message)

    async def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """The group gave us these partitions, and nothing of them has been fetched yet: open their books.

        Where the broker does not answer, the book is opened with the first record instead.
        """
        generation = self._app.consumer_generation_id
        self._ledger.enter(generation)
        for tp in partitions:
            try:
                position = await self._app.consumer.start_position(_faust_tp(tp))
            except (KafkaError, OSError) as error:
                _log.warning("no committed offset for %s[%d] yet: %s", tp.topic, tp.partition, error)
                continue
            if generation != self._app.consumer_generation_id:
                return
            self._ledger.open(tp, position)
            self._seen[tp] = time.monotonic()

    def revoked(self) -> None:
        """The group took our partitions, after everything in work was finished."""
        self._ledger.close()
        self._uncommitted.clear()

    async def close(self) -> None:
        """End the connection that reads holes, when nobody reads with it any more."""
        async with self._lock:
            await self._rereader.close()

    # What the transport asks (streams.kafka.transport.Books).

    def position(self, tp: TopicPartition) -> int | None:
        """What may be committed for `tp`; None outside the present generation."""
        if self._ledger.generation != self._app.consumer_generation_id:
            return None
        return self._ledger.position(tp)

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Told by the transport after each commit."""
        now_ms = time.time() * 1000
        for tp, end in offsets.items():
            position = self._ledger.position(tp)
            if position is None or end >= position:
                self._uncommitted.pop(tp, None)
            else:
                self._uncommitted[tp] = time.monotonic()  # it went ahead, and more was finished meanwhile
            if tp in self._finished_ms:
                self._metrics.commit_age.observe(max(0.0, (now_ms - self._finished_ms[tp]) / 1000))

    # What health and metrics ask.

    @property
    def commit_stalled(self) -> float:
        """Seconds for which finished records of some partition have waited without its commit going ahead."""
        since = min(self._uncommitted.values(), default=None)
        return 0.0 if since is None else time.monotonic() - since

    def lag(self) -> dict[TopicPartition, tuple[int, float]]:
        """By partition: records not yet finished, and the age in seconds of the last one finished (0 if none wait)."""
        found = {}
        now_ms = time.time() * 1000
        for tp in self._ledger.partitions:
            end, position = self._stable_end(_faust_tp(tp)), self._ledger.position(tp)
            if end is None or position is None:
                continue
            waiting = max(0, end - position)
            since = self._finished_ms.get(tp, now_ms)
            found[tp] = (waiting, max(0.0, (now_ms - since) / 1000) if waiting else 0.0)
        return found

    def newest_finished(self) -> dict[TopicPartition, tuple[int | None, bool]]:
        """By open partition: Kafka timestamp (ms) of the newest record finished, and whether none waits."""
        lag = self.lag()
        return {tp: (self._finished_ms.get(tp), lag[tp][0] == 0) for tp in self._ledger.partitions if tp in lag}

    async def ends_before(self, tp: TopicPartition, offset: int) -> bool:
        """Whether the partition's log ends before `offset`, so that it is not the log that `offset` is of."""
        end = self._stable_end(_faust_tp(tp))
        return end is not None and end < offset and await self._shorter(tp, offset) is not None

    @property
    def in_work(self) -> int:
        """Deliveries handed out and not finished."""
        return self._ledger.in_work

    # The rest is private.

    def _over(self, generation: int) -> bool:
        return generation != self._ledger.generation or self.over

    @property
    def over(self) -> bool:
        """Whether our generation is over, or its partitions are being taken: then a rebalance waits for us."""
        return self._ledger.generation != self._app.consumer_generation_id or not self._app.consumer.flow_active

    def _stable_end(self, faust_tp: Any) -> int | None:
        try:
            end: int | None = self._app.consumer.stable_end(faust_tp)
        except Exception:  # noqa: BLE001  (the client raises its own errors for a partition that is not ours now)
            return None
        return end

    async def _open(self, tp: TopicPartition, faust_tp: Any) -> Any:
        generation = self._app.consumer_generation_id
        self._ledger.enter(generation)
        while self._ledger.get(tp) is None:
            if self._over(generation):
                return None
            try:
                position = await self._app.consumer.start_position(faust_tp)
            except (KafkaError, OSError) as error:
                _log.warning("no committed offset for %s[%d] yet: %s", tp.topic, tp.partition, error)
                await asyncio.sleep(1)
                position = None
            if position is not None and not self._over(generation):
                self._ledger.open(tp, position)
                self._seen[tp] = time.monotonic()
        return self._ledger.get(tp)

    async def _fill(self, tp: TopicPartition, faust_tp: Any, hole: Hole) -> None:
        generation = self._ledger.generation
        book = self._ledger.get(tp)
        assert book is not None, "only open partitions are filled"
        refilled = legitimate = 0
        async for piece in self._rereader.pieces(tp, hole, lambda: self._over(generation)):
            if self._over(generation):
                return
            legitimate += book.pass_over(piece.end)
            record = piece.record
            if record is None or record.offset < book.expected:
                continue
            message = self._app.consumer.wrap(faust_tp, record)
            self._app.consumer.track_message(message)
            book.hand_out(record.offset)
            refilled += 1
            await self._sink(_delivery(tp, message))
        self._metrics.ledger_holes.labels(kind="refilled").inc(refilled)
        self._metrics.ledger_holes.labels(kind="legitimate").inc(legitimate)
        _log.warning(
            "hole in %s[%d] from %d to %d: %d records read again, %d offsets were never records",
            tp.topic, tp.partition, hole.first, hole.end - 1, refilled, legitimate,
        )  # fmt: skip


def _faust_tp(tp: TopicPartition) -> Any:
    from faust.types import TP

    return TP(tp.topic, tp.partition)


def _delivery(tp: TopicPartition, message: Any) -> Delivery:
    return Delivery(
        tp=tp,
        offset=message.offset,
        timestamp_ms=plausible_ms(round((message.timestamp or 0.0) * 1000)),
        key=message.key,
        value=message.value,
        headers=pairs_of(message.headers),
        generation=message.generation_id,
        message=message,
    )
