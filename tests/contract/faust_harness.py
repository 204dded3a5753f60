"""Faust's real conductor, stream and consumer bookkeeping in this process; the broker is a dictionary.

`Bench` feeds records the way Faust's fetcher does, keeps what is committed, and ends with nothing running. What is
replaced: fetching, the commit request, the producer. What is not: everything between.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

from faust.types import TP

from streams.kafka.ledger import Hole, TopicPartition
from streams.kafka.reread import Piece

__all__ = ["Bench", "LogReader", "until"]


async def until(what: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for `what`; AssertionError if it does not come true in time."""
    end = asyncio.get_running_loop().time() + seconds
    while not what():
        assert asyncio.get_running_loop().time() < end, "waited in vain"
        await asyncio.sleep(0.002)


@dataclass
class Bench:
    """One Faust app, and the partitions of `topic` that it was given."""

    app: Any
    topic: str
    partitions: int = 1
    commits: list[dict[int, int]] = field(default_factory=list)
    """Every commit request, by partition."""
    log: dict[int, dict[int, Any]] = field(default_factory=dict)
    """What the broker holds, by partition and offset."""
    start: dict[int, int] = field(default_factory=dict)
    """Committed offsets before the test; absent: none, the log begins at 0."""

    def __post_init__(self) -> None:
        self.tps = {TP(self.topic, number) for number in range(self.partitions)}
        consumer = self.consumer = self.app.consumer
        consumer._commit = self._commit
        consumer.assignment = lambda: set(self.tps)
        consumer.stable_end = consumer.highwater = self._highwater
        consumer.log_end = self._log_end
        consumer.start_position = self._start_position
        self.app.producer.flush = self._flush

    async def run(self, handler: Callable[[Any], Awaitable[None]], name: str) -> Any:
        """Start an agent and assign the partitions."""
        channel = self.app.topic(self.topic, key_type=bytes, value_type=bytes, key_serializer="raw",
                                 value_serializer="raw", allow_empty=True)  # fmt: skip
        return await self.run_on(channel, handler, name)

    async def run_on(self, channel: Any, handler: Callable[[Any], Awaitable[None]], name: str) -> Any:
        """As `run`, on a topic of the test's own."""
        self.agent = self.app.agent(channel, name=name, concurrency=1)(handler)
        self.app.flow_control.resume()
        await self.agent.start()
        await asyncio.sleep(0.02)
        self.app.topics._acking_topics.add(self.topic)
        await self.app.topics.on_partitions_assigned(self.tps)
        self.consumer._set_active_tps(self.tps)
        for tp in self.tps:
            if tp.partition in self.start:
                self.consumer._committed_offset[tp] = self.start[tp.partition]
        return self.agent

    def record(self, offset: int, value: bytes = b"v", partition: int = 0) -> Any:
        """A record as aiokafka gives it, put into the log."""
        made = SimpleNamespace(
            topic=self.topic, partition=partition, offset=offset, timestamp=1_764_000_000_000 + offset,
            timestamp_type=0, headers=(), key=b"k", value=value, checksum=None, serialized_key_size=1,
            serialized_value_size=len(value),
        )  # fmt: skip
        self.log.setdefault(partition, {})[offset] = made
        return made

    async def feed(self, offsets: Iterable[int], value: Callable[[int], bytes] = lambda _: b"v", part: int = 0) -> None:
        """Deliver records as Faust's fetcher does."""
        for offset in offsets:
            record = self.log.get(part, {}).get(offset) or self.record(offset, value(offset), part)
            tp = TP(self.topic, part)
            await self.app.topics.on_message(self.consumer._to_message(tp, record))
            self.consumer._read_offset[tp] = offset
            await asyncio.sleep(0)

    async def commit(self) -> dict[int, int]:
        """Let Faust commit; the last committed offset of every partition."""
        await self.consumer.commit()
        return self.committed

    @property
    def committed(self) -> dict[int, int]:
        """The last committed offset by partition."""
        found = dict(self.start)
        for request in self.commits:
            found |= request
        return found

    async def stop(self) -> None:
        """End the agent and every task that Faust left behind."""
        self.consumer._stopped.set()
        await self.agent.stop()
        mine = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not mine]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        gc.collect()

    async def _commit(self, offsets: Any) -> bool:
        self.commits.append({tp.partition: offset for tp, offset in offsets.items()})
        return True

    async def _flush(self) -> None:
        return

    async def _start_position(self, tp: Any) -> int:
        return self.committed.get(tp.partition, 0)

    def _highwater(self, tp: Any) -> int:
        return max(self.log.get(tp.partition, {}), default=-1) + 1

    async def _log_end(self, tp: Any) -> int:
        return self._highwater(tp)

    @classmethod
    @asynccontextmanager
    async def of(cls, app: Any, topic: str, **kwargs: Any) -> AsyncIterator[Self]:
        """A bench that is stopped at the end, whatever happens."""
        bench = cls(app, topic, **kwargs)
        try:
            yield bench
        finally:
            await bench.stop()


class LogReader:
    """Stands in for the rereader: what the bench's log holds, and nothing else."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.asked: list[Hole] = []
        self.knows_until = 1 << 62
        """Nothing is known of offsets from here on: a transaction is open."""

    async def pieces(self, tp: TopicPartition, hole: Hole, abandoned: Callable[[], bool]) -> AsyncIterator[Piece]:
        self.asked.append(hole)
        for offset, record in sorted(self._bench.log.get(tp.partition, {}).items()):
            if hole.first <= offset < hole.end and not abandoned():
                await asyncio.sleep(0)
                yield Piece(record, offset)
        yield Piece(None, min(hole.end, self.knows_until))

    async def close(self) -> None:
        return
