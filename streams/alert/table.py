"""The incident table: Faust's changelog and recovery, with writes that wait for the broker.

Faust's own `table[key] = value` only enqueues the changelog record, and only inside a stream's iteration. `store`
returns when the broker has acknowledged the record, so that "deliver, write, flush, ack" is an order and not a hope.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from uuid import uuid4

import faust

from streams.alert import incident as state
from streams.alert import progress as steps
from streams.alert.clock import Clock
from streams.alert.fence import HEADER, Fence, Stamp
from streams.alert.incident import Incident
from streams.alert.progress import Progress
from streams.errors import PublishError

__all__ = ["IncidentTable", "make_table"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_PROGRESS = b"progress|"
"""Keys of progress begin so; those of incidents with a status."""


def _progress_key(partition: int) -> bytes:
    return _PROGRESS + str(partition).encode()


class IncidentTable:
    """Typed view of the Faust table `incidents`: key text, value JSON, partition that of the assessments.

    It holds the incidents, and for each partition how far we came.
    """

    def __init__(self, table: Any) -> None:
        self._table = table
        self.fence: Fence = table.fence
        self._decoded: dict[bytes, tuple[bytes, Any]] = {}
        """What values were when they were last decoded, by key."""

    def _value(self, key: bytes, read: Callable[[bytes, bytes], _T]) -> _T | None:
        """What `read` makes of the key and its value, decoded once for each value; None if there is none."""
        value = self._table.data.get(key)
        if value is None:
            return None
        known = self._decoded.get(key)
        if known is None or known[0] is not value:
            known = (value, read(key, value))
            self._decoded[key] = known
        found: _T = known[1]
        return found

    def get(self, key: str) -> Incident | None:
        """The incident under `key`."""
        return self._value(key.encode(), self._incident)

    @staticmethod
    def _incident(key: bytes, value: bytes) -> Incident | None:
        """None for what is no incident of ours: a stray changelog record must not stop the stage at each start."""
        try:
            return state.decode(value)
        except ValueError as error:
            name = type(error).__name__
            _log.error("the incident table holds no incident under %r (%s): it begins anew", key, name)
            return None

    def items(self, partition: int | None = None, prefix: str = "") -> Iterator[tuple[str, Incident]]:
        """Keys and incidents in the order of keys: all, or those of one partition, or with a prefix."""
        for key in sorted(self._table.data.keys()):
            text = key.decode("utf-8", "replace")
            if text.startswith(prefix) and not key.startswith(_PROGRESS):
                found = self.get(text)
                if found is not None and partition in (None, found.partition):
                    yield text, found

    def __len__(self) -> int:
        """How many entries are incidents."""
        return sum(not key.startswith(_PROGRESS) for key in self._table.data)

    def progress(self, partition: int) -> Progress:
        """How far we came on an assessments partition; nowhere if the table does not say."""
        return self._value(_progress_key(partition), self._progress) or Progress()

    @staticmethod
    def _progress(key: bytes, value: bytes) -> Progress | None:
        try:
            return steps.decode(value)
        except ValueError as error:
            _log.error("the incident table does not say how far we are under %r (%s): it begins anew", key, error)
            return None

    async def advance(self, partition: int, offset: int, timestamp: int, clock: Clock | None = None) -> None:
        """We have done the record at `offset`: write it, as `store` does. Raises PublishError."""
        progress = self.progress(partition).after(offset, timestamp, clock)
        await self._write(_progress_key(partition), steps.encode(progress), partition)

    def begin_anew(self, partition: int) -> None:
        """What the table says of the partition is of another log; the next record that is done is written over it."""
        anew = steps.encode(self.progress(partition).of_another_log())
        self._table.data[_progress_key(partition)] = anew

    async def write_again(self, key: bytes, partition: int) -> None:
        """Write what the table holds under `key`, or that it holds nothing. Raises PublishError."""
        await self._write(key, self._table.data.get(key), partition)

    async def store(self, key: str, incident: Incident | None, partition: int) -> None:
        """Write (None: delete), and return when the broker has acknowledged it. Raises PublishError."""
        await self._write(key.encode(), None if incident is None else state.encode(incident), partition)

    async def _write(self, key: bytes, value: bytes | None, partition: int) -> None:
        topic, stamp = self._table.changelog_topic, self.fence.stamp(partition)
        try:
            future = await topic.send(
                key=key,
                value=value,
                partition=partition,
                headers={HEADER: stamp.encode()},
                key_serializer="raw",
                value_serializer="raw",
                callback=self._table._on_changelog_sent,
            )
            written = await future
        except Exception as error:
            raise PublishError(f"no ack for the incident table's changelog ({type(error).__name__})") from error
        self.fence.wrote(partition, written.offset, key, stamp)
        # The dict under Faust's wrapper: the changelog record is written already.
        if value is None:
            self._forget(key)
        else:
            self._table.data[key] = value

    def _forget(self, key: bytes) -> None:
        self._table.data.pop(key, None)
        self._decoded.pop(key, None)

    def keep(self, partitions: set[int], generation: int) -> None:
        """Forget entries of partitions that are not ours any more; Faust reads them again if they come back. Ours are
        so by the consumer group's `generation`.
        """
        # What Faust read last may lie in its buffer still, and would come over what we write.
        self._table.app.tables.recovery.flush_buffers()
        self.fence.keep(partitions)
        for partition in partitions:
            self.fence.take(partition, generation)
        for key, incident in list(self.items()):
            if incident.partition not in partitions:
                self._forget(key.encode())
        ours = {_progress_key(number) for number in partitions}
        for raw in [raw for raw in self._table.data if raw.startswith(_PROGRESS) and raw not in ours]:
            self._forget(raw)
        self._read_from_the_start(partitions)

    def _read_from_the_start(self, ours: set[int]) -> None:
        """Where Faust gave up one rebalance for the next, it may still hold how far it had read a partition that we
        have just forgotten; coming back, that would be read from the middle.
        """
        recovery = self._table.app.tables.recovery
        for tp in [tp for tp in recovery.active_offsets if tp.partition not in ours]:
            recovery.revoke(tp)


class FencedTable(faust.Table):
    """A Faust table that passes by what a worker wrote after it had lost the partition."""

    fence: Fence

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Called by Faust's recovery with events in the order of each partition's offsets."""
        super().apply_changelog_batch([event for event in batch if self._counts(event.message)])

    def _counts(self, message: Any) -> bool:
        stamp = Stamp.of(message.headers)
        if self.fence.read(message.partition, message.offset, message.key, stamp):
            return True
        _log.warning(
            "%s[%d]@%d was written by a worker that had lost the partition: it does not count",
            message.topic, message.partition, message.offset,
        )  # fmt: skip
        return False


def make_table(app: Any, name: str) -> Any:
    """The Faust table behind `IncidentTable`: bytes to bytes, in memory, its changelog compacted.

    Its partitions are those of the changelog topic, which must equal those of the assessments (checked at start).
    """
    table = FencedTable(app, name=name, key_type=bytes, value_type=bytes, beacon=app.tables.beacon)
    table.fence = Fence(uuid4().hex[:12])
    return app.tables.add(table)
