"""Whose records of the incident table count: epochs, as Kafka fences producers and leaders. Pure bookkeeping.

A worker that was frozen, or cut off, for longer than its session does not know that another one has its partitions,
and a write that it had begun lands in the changelog behind newer ones. So each changelog record says in a header in
which epoch, and by whom, it was written; who gets a partition begins an epoch above all that the log holds. Then

* who reads the log passes by what an older epoch wrote behind a newer one;
* who writes sees by the offset of its own record that another one stands before it, and looks at that: an older
  epoch's key is written again, a newer epoch ends this worker.

Nothing newer is compacted away meanwhile: streams.kafka.topics gives the changelog a least age for that.
"""

from dataclasses import dataclass, field

from streams.errors import FencedError
from streams.kafka.ledger import Hole

__all__ = ["HEADER", "Fence", "Stamp"]

HEADER = "tocsin-epoch"
_LEAST = 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who wrote a record, and in which epoch of its partition."""

    epoch: int
    writer: str

    def encode(self) -> bytes:
        """The header's value."""
        return f"{self.epoch} {self.writer}".encode()

    @classmethod
    def decode(cls, value: bytes | None) -> "Stamp | None":
        """None for a record without a stamp: an older version of Tocsin wrote it, and it counts."""
        number, _, writer = (value or b"").decode("utf-8", "replace").partition(" ")
        return cls(int(number), writer) if number.isascii() and number.isdecimal() and len(number) < 19 else None


@dataclass(slots=True)
class _Log:
    """What we know of one partition of the changelog."""

    epoch: int | None = None
    """Ours; None until we have taken the partition."""
    firsts: list[tuple[int, int]] = field(default_factory=list)
    """Offset and number of each epoch's first record, both ascending: parts of a log are read twice."""
    last: int = -1
    """The highest offset that we have read or written."""
    holes: list[Hole] = field(default_factory=list)
    stale: set[bytes] = field(default_factory=set)

    @property
    def newest(self) -> int:
        return self.firsts[-1][1] if self.firsts else 0

    def began(self, offset: int, epoch: int) -> None:
        if epoch > self.newest:
            self.firsts.append((offset, epoch))


class Fence:
    """The epochs of all partitions, as one writer knows them. `writer` must differ from that of every other worker."""

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._logs: dict[int, _Log] = {}

    def _log(self, partition: int) -> _Log:
        return self._logs.setdefault(partition, _Log())

    def read(self, partition: int, offset: int, key: bytes, stamp: Stamp | None) -> bool:
        """Whether the record that was read at `offset` counts. Offsets ascend, but a log may be read again."""
        log = self._log(partition)
        log.last = max(log.last, offset)
        if stamp is not None:
            if any(first < offset and epoch > stamp.epoch for first, epoch in log.firsts):
                log.stale.add(key)
                return False
            log.began(offset, stamp.epoch)
        log.stale.discard(key)
        return True

    def take(self, partition: int, generation: int) -> None:
        """The partition is ours, by the consumer group's `generation`, and its log is read: begin an epoch.

        The generation tells two workers that got the partition one after the other before either wrote anything.
        """
        log = self._log(partition)
        log.epoch = max(log.newest + 1, generation, _LEAST)

    def keep(self, partitions: set[int]) -> None:
        """Forget what we know of all other partitions: others write there, and we read them anew if they come back."""
        self._logs = {number: log for number, log in self._logs.items() if number in partitions}

    def stamp(self, partition: int) -> Stamp:
        """The stamp for a record that we write now."""
        log = self._log(partition)
        if log.epoch is None:
            self.take(partition, 0)
        assert log.epoch is not None, "taken above"
        return Stamp(log.epoch, self._writer)

    def wrote(self, partition: int, offset: int, key: bytes) -> None:
        """Our record has `offset`. What lies between it and what we knew of was written by somebody else."""
        epoch = self.stamp(partition).epoch
        log = self._log(partition)
        log.stale.discard(key)
        if offset > log.last + 1:
            log.holes.append(Hole(log.last + 1, offset))
        log.last = max(log.last, offset)
        log.began(offset, epoch)

    def found(self, partition: int, key: bytes | None, stamp: Stamp | None) -> None:
        """Somebody else's record, in a hole. Raises FencedError if the partition is theirs now.

        It may be our own, sent a second time by the client and late: then, too, the key is written again.
        """
        mine = self.stamp(partition)
        if stamp is not None and stamp.writer != mine.writer and stamp.epoch >= mine.epoch:
            raise FencedError(
                f"another worker writes the incidents of partition {partition} (epoch {stamp.epoch}, ours is"
                f" {mine.epoch}): this one was away for longer than its session, so it stops"
            )
        if key is not None:
            self._log(partition).stale.add(key)

    def hole(self, partition: int) -> Hole | None:
        """Offsets before our own records that nobody has looked at yet; each is given once."""
        holes = self._log(partition).holes
        return holes.pop() if holes else None

    def stale(self, partition: int) -> list[bytes]:
        """Keys that must be written again, because the log's last record of them is not the newest state."""
        return sorted(self._log(partition).stale)
