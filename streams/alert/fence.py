"""Whose records of the incident table count: epochs, as Kafka fences producers and leaders. Pure bookkeeping.

A worker that was frozen, or cut off, for longer than its session does not know that another one has its partitions,
and a write that it had begun lands in the changelog behind newer ones. So each changelog record says in a header in
which epoch, by whom, and as which of its writes it was written; who gets a partition begins an epoch above all that it
has read. Then

* who reads the log passes by what an older epoch wrote behind a newer one, and what a client's second attempt left
  behind a later record of the same writer;
* who writes sees by the offset of its own record that another one stands before it, and looks at that: an older
  epoch's key is written again, a newer epoch ends this worker.

Nothing newer is compacted away in the first five minutes (streams.kafka.topics), and an owner writes at every tick.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from streams.errors import FencedError
from streams.kafka.ledger import Hole
from streams.kafka.records import pairs_of

__all__ = ["HEADER", "Fence", "Stamp"]

HEADER = "tocsin-epoch"
_STAMP = re.compile(rb"(\d{1,18}) (\d{1,18}) ([0-9a-z-]{1,40})")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who wrote a record, in which epoch of its partition, and as which of its writes there."""

    epoch: int
    number: int
    writer: str

    def encode(self) -> bytes:
        """The header's value."""
        return f"{self.epoch} {self.number} {self.writer}".encode()

    @classmethod
    def decode(cls, value: bytes | None) -> "Stamp | None":
        """None for a record without a stamp: it is no worker's, so there is nothing to fence it with, and it counts."""
        found = _STAMP.fullmatch(value or b"")
        return cls(int(found[1]), int(found[2]), found[3].decode()) if found else None

    @classmethod
    def of(cls, headers: Any) -> "Stamp | None":
        """The stamp among a record's headers, whichever client gave them."""
        return cls.decode(dict(pairs_of(headers)).get(HEADER))


@dataclass(slots=True)
class _Log:
    """What we know of one partition of the changelog."""

    epoch: int = 0
    """Ours; below every other until we have taken the partition."""
    writes: int = 0
    firsts: list[tuple[int, int]] = field(default_factory=list)
    """Offset and epoch, wherever an epoch was above all that we knew. Parts of a log are read twice."""
    last: int = -1
    """The highest offset that we have read, or the last that we have written."""
    latest: tuple[int, Stamp] | None = None
    """Offset and stamp of the record that counted last."""
    holes: list[Hole] = field(default_factory=list)
    stale: set[bytes] = field(default_factory=set)

    @property
    def newest(self) -> int:
        return self.firsts[-1][1] if self.firsts else 0

    def counts(self, offset: int, stamp: Stamp) -> None:
        if stamp.epoch > self.newest:
            self.firsts.append((offset, stamp.epoch))
        self.latest = (offset, stamp)

    def missed(self, key: bytes | None) -> None:
        if key is not None:
            self.stale.add(key)

    def late(self, offset: int, stamp: Stamp) -> bool:
        if any(first < offset and epoch > stamp.epoch for first, epoch in self.firsts):
            return True
        if self.latest is None:
            return False
        before, other = self.latest
        same = (stamp.epoch, stamp.writer) == (other.epoch, other.writer)
        return before < offset and same and stamp.number < other.number


class Fence:
    """The epochs of all partitions, as one writer knows them. `writer` must differ from that of every other worker."""

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._logs: dict[int, _Log] = {}

    def _log(self, partition: int) -> _Log:
        return self._logs.setdefault(partition, _Log())

    def read(self, partition: int, offset: int, key: bytes | None, stamp: Stamp | None) -> bool:
        """Whether the record that was read at `offset` counts. Offsets ascend, but a log may be read again."""
        log = self._log(partition)
        log.last = max(log.last, offset)
        if stamp is not None:
            if log.late(offset, stamp):
                log.missed(key)
                return False
            log.counts(offset, stamp)
        if key is not None:
            log.stale.discard(key)
        return True

    def take(self, partition: int, generation: int) -> None:
        """The partition is ours, by the consumer group's `generation`, and its log is read: begin an epoch.

        Who has it after us has read no less and is of a later generation, so its epoch is above ours, although we may
        have written nothing yet.
        """
        log = self._log(partition)
        # Generations begin with 0 on some brokers, and two owners' epochs must differ.
        log.epoch = log.newest + max(generation, 0) + 1

    def keep(self, partitions: set[int]) -> None:
        """Forget what we know of all other partitions: others write there, and we read them anew if they come back."""
        self._logs = {number: log for number, log in self._logs.items() if number in partitions}

    def stamp(self, partition: int) -> Stamp:
        """The stamp for a record that we write now, to a partition that we have taken; each is given once.

        Raises FencedError if we have read of a newer epoch since: nobody would count what we write.
        """
        log = self._log(partition)
        if log.newest > log.epoch:
            raise self._fenced(partition, log.newest)
        log.writes += 1
        return Stamp(log.epoch, log.writes, self._writer)

    def wrote(self, partition: int, offset: int, key: bytes, stamp: Stamp) -> None:
        """Our record has `offset`. What lies between it and what we knew of was written by somebody else."""
        log = self._log(partition)
        log.stale.discard(key)
        if offset > log.last + 1:
            log.holes.append(Hole(log.last + 1, offset))
        log.last = offset
        log.counts(offset, stamp)

    def found(self, partition: int, key: bytes | None, stamp: Stamp | None) -> None:
        """Somebody else's record, in a hole. Raises FencedError if the partition is theirs now.

        It may be our own, sent a second time by the client and late: then, too, the key is written again.
        """
        log = self._log(partition)
        if stamp is not None and stamp.writer != self._writer and stamp.epoch >= log.epoch:
            raise self._fenced(partition, stamp.epoch)
        log.missed(key)

    def _fenced(self, partition: int, epoch: int) -> FencedError:
        return FencedError(
            f"another worker writes the incidents of partition {partition} (epoch {epoch}, ours is"
            f" {self._log(partition).epoch}): this one was away for longer than its session, so it stops"
        )

    def hole(self, partition: int) -> Hole | None:
        """Offsets before our own records that nobody has looked at yet."""
        holes = self._log(partition).holes
        return holes[-1] if holes else None

    def looked(self, partition: int, end: int) -> None:
        """All of that hole below `end` was looked at."""
        holes = self._log(partition).holes
        hole = holes.pop()
        if end < hole.end:
            holes.append(Hole(max(hole.first, end), hole.end))

    def stale(self, partition: int) -> list[bytes]:
        """Keys that must be written again, because the log's last record of them is not the newest state."""
        return sorted(self._log(partition).stale)
