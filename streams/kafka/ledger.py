"""The offset ledger: which offsets of a partition were handed out, which are finished, what may be committed.

It guarantees that every offset from the position at assignment onwards is handed out exactly once and in order, or
is known never to have been a record, before anything beyond it may be committed. It trusts nothing that Faust books:
Faust drops records at a rebalance and then commits over them. Pure bookkeeping: no I/O, no clock.
"""

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Admission", "Hole", "Ledger", "PartitionLedger", "TopicPartition"]


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of a topic, in Kafka's words."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Offsets `first` to `end - 1`: expected, not delivered."""

    first: int
    end: int


class Admission(Enum):
    """What an arriving offset is."""

    NEXT = "next"
    """The expected one: work on it."""
    REPEAT = "repeat"
    """Below the expected one: it is in work or finished. Let it pass, move nothing."""


@dataclass(slots=True)
class PartitionLedger:
    """The books of one partition in one generation of the consumer group.

    Invariant: `position <= expected`; offsets below `position` are finished, offsets from `position` to
    `expected - 1` are in work, in `finished` or in `passed`.
    """

    position: int
    """What may be committed: the next offset to read after a restart."""
    expected: int
    """The next offset to hand out."""
    finished: set[int] = field(default_factory=set)
    passed: dict[int, int] = field(default_factory=dict)
    """Runs of offsets above `position` that never were records: first to end."""

    @property
    def in_work(self) -> int:
        """How many offsets are handed out and not finished."""
        passed = sum(end - first for first, end in self.passed.items())
        return self.expected - self.position - len(self.finished) - passed

    def look(self, offset: int) -> Admission | Hole:
        """What `offset` is. Moves nothing."""
        if offset < self.expected:
            return Admission.REPEAT
        if offset > self.expected:
            return Hole(self.expected, offset)
        return Admission.NEXT

    def hand_out(self, offset: int) -> None:
        """Note that work on the expected offset begins. Raises ValueError for any other."""
        if offset != self.expected:
            raise ValueError(f"offset {offset} handed out where {self.expected} was expected")
        self.expected += 1

    def pass_over(self, end: int) -> int:
        """Note that the expected offset and all others below `end` never were records; how many there were.

        Only after the broker was asked for them: transaction markers, retention and compaction leave such holes.
        """
        first = self.expected
        if end <= first:
            return 0
        self.passed[first] = end
        self.expected = end
        self._advance()
        return end - first

    def finish(self, offset: int) -> int:
        """Note that every output of `offset` is acknowledged; the position after it.

        Raises ValueError for an offset that is not in work: acking twice or too early would hide a loss.
        """
        between = any(first <= offset < end for first, end in self.passed.items())
        if not self.position <= offset < self.expected or offset in self.finished or between:
            raise ValueError(
                f"offset {offset} finished, but in work are {self.position} to {self.expected - 1} less those finished"
            )
        self.finished.add(offset)
        self._advance()
        return self.position

    def _advance(self) -> None:
        while True:
            if self.position in self.finished:
                self.finished.discard(self.position)
                self.position += 1
            elif self.position in self.passed:
                self.position = self.passed.pop(self.position)
            else:
                return


class Ledger:
    """The books of all partitions that are assigned to us, by generation.

    A partition is opened with the position that the broker holds. A new generation of the group closes all:
    what is finished later under an old generation is ignored, because somebody else may own the partition by then.
    """

    def __init__(self) -> None:
        self.generation = -1
        self._books: dict[TopicPartition, PartitionLedger] = {}

    def enter(self, generation: int) -> None:
        """Begin `generation`; closes every partition if it is a new one."""
        if generation != self.generation:
            self.generation = generation
            self._books.clear()

    def open(self, tp: TopicPartition, position: int) -> PartitionLedger:
        """Start the books of `tp` at `position`; returns the ones that exist if it is open already."""
        return self._books.setdefault(tp, PartitionLedger(position, position))

    def get(self, tp: TopicPartition) -> PartitionLedger | None:
        """The books of `tp`, or None if it was not opened in this generation."""
        return self._books.get(tp)

    def close(self) -> None:
        """End the generation: partitions were revoked, after everything in work was finished."""
        self.generation = -1
        self._books.clear()

    def finish(self, tp: TopicPartition, offset: int, generation: int) -> int | None:
        """As `PartitionLedger.finish`; None if `generation` is over."""
        if generation != self.generation:
            return None
        book = self._books.get(tp)
        return None if book is None else book.finish(offset)

    def position(self, tp: TopicPartition) -> int | None:
        """What may be committed for `tp`; None if it is not open."""
        book = self._books.get(tp)
        return None if book is None else book.position

    @property
    def partitions(self) -> tuple[TopicPartition, ...]:
        """Every open partition, sorted."""
        return tuple(sorted(self._books))

    @property
    def in_work(self) -> int:
        """How many offsets are in work, over all partitions."""
        return sum(book.in_work for book in self._books.values())
