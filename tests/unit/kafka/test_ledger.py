"""The ledger: every offset handed out once and in order, nothing committed over a hole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.kafka.ledger import Admission, Hole, Ledger, PartitionLedger, TopicPartition

TP = TopicPartition("articles", 0)


def test_expected_offset_is_next_and_anything_below_is_a_repeat() -> None:
    book = PartitionLedger(5, 5)
    assert book.look(5) is Admission.NEXT
    book.hand_out(5)
    assert book.look(5) is Admission.REPEAT
    assert book.look(4) is Admission.REPEAT


def test_an_offset_above_the_expected_one_is_a_hole() -> None:
    book = PartitionLedger(5, 5)
    assert book.look(9) == Hole(5, 9)
    with pytest.raises(ValueError, match="5 was expected"):
        book.hand_out(9)


def test_position_waits_for_the_lowest_unfinished_offset() -> None:
    book = PartitionLedger(0, 0)
    for offset in range(4):
        book.hand_out(offset)
    assert book.finish(2) == 0
    assert book.finish(1) == 0
    assert book.finish(0) == 3
    assert book.in_work == 1
    assert book.finish(3) == 4


@pytest.mark.parametrize("offset", [-1, 1, 2])
def test_finishing_what_is_not_in_work_is_refused(offset: int) -> None:
    book = PartitionLedger(0, 0)
    book.hand_out(0)
    with pytest.raises(ValueError, match="in work are"):
        book.finish(offset)


def test_finishing_twice_is_refused() -> None:
    book = PartitionLedger(0, 0)
    book.hand_out(0)
    book.hand_out(1)
    book.finish(1)
    with pytest.raises(ValueError, match="in work are"):
        book.finish(1)


def test_a_legitimate_hole_moves_the_position_only_when_all_before_it_is_finished() -> None:
    book = PartitionLedger(0, 0)
    book.hand_out(0)
    assert book.pass_over(1_000_000_000) == 999_999_999
    assert book.position == 0
    assert book.in_work == 1
    assert book.finish(0) == 1_000_000_000
    assert book.in_work == 0


def test_an_offset_in_a_legitimate_hole_cant_be_finished() -> None:
    book = PartitionLedger(0, 0)
    book.hand_out(0)
    book.pass_over(5)
    with pytest.raises(ValueError, match="in work are"):
        book.finish(3)


def test_a_new_generation_closes_the_books() -> None:
    ledger = Ledger()
    ledger.enter(1)
    ledger.open(TP, 10).hand_out(10)
    ledger.enter(2)
    assert ledger.position(TP) is None
    ledger.open(TP, 10).hand_out(10)
    assert ledger.finish(TP, 10, generation=1) is None
    assert ledger.position(TP) == 10
    assert ledger.finish(TP, 10, generation=2) == 11


def test_nothing_may_be_committed_after_a_revocation() -> None:
    ledger = Ledger()
    ledger.enter(3)
    ledger.open(TP, 4)
    ledger.close()
    assert ledger.position(TP) is None
    assert ledger.partitions == ()


def test_opening_twice_keeps_the_books() -> None:
    ledger = Ledger()
    ledger.enter(1)
    ledger.open(TP, 3).hand_out(3)
    assert ledger.open(TP, 99).expected == 4


class Books(RuleBasedStateMachine):
    """Any order of arrivals, drops, holes and finishes, against a model that keeps every offset in a set."""

    def __init__(self) -> None:
        super().__init__()
        self.book = PartitionLedger(0, 0)
        self.handed: set[int] = set()
        self.done: set[int] = set()
        self.never: set[int] = set()

    @rule(ahead=st.integers(0, 4))
    def arrive(self, ahead: int) -> None:
        offset = self.book.expected + ahead
        seen = self.book.look(offset)
        if ahead == 0:
            assert seen is Admission.NEXT
            self.book.hand_out(offset)
            self.handed.add(offset)
        else:
            assert seen == Hole(self.book.expected, offset)

    @rule(length=st.integers(1, 5))
    def hole(self, length: int) -> None:
        first = self.book.expected
        assert self.book.pass_over(first + length) == length
        self.never |= set(range(first, first + length))

    @rule(data=st.data())
    @precondition(lambda self: self.handed - self.done)
    def finish(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.handed - self.done)))
        self.done.add(offset)
        self.book.finish(offset)

    @rule(back=st.integers(1, 5))
    def repeat(self, back: int) -> None:
        if self.book.expected - back >= 0:
            assert self.book.look(self.book.expected - back) is Admission.REPEAT

    @invariant()
    def position_is_the_first_offset_not_accounted_for(self) -> None:
        position = 0
        while position in self.done or position in self.never:
            position += 1
        assert self.book.position == position
        assert self.book.in_work == len(self.handed - self.done)


TestBooks = Books.TestCase


@given(st.lists(st.integers(0, 30), max_size=60))
def test_whatever_arrives_each_offset_is_handed_out_at_most_once(arrivals: list[int]) -> None:
    book, handed = PartitionLedger(0, 0), []
    for offset in arrivals:
        seen = book.look(offset)
        if isinstance(seen, Hole):
            for missing in range(seen.first, seen.end):
                book.hand_out(missing)
                handed.append(missing)
            seen = book.look(offset)
        if seen is Admission.NEXT:
            book.hand_out(offset)
            handed.append(offset)
    assert handed == list(range(len(handed)))
