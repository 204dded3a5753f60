"""How far stage 2 has come: what comes again passes by, and nothing else does."""

from hypothesis import given
from hypothesis import strategies as st

from streams.alert.clock import Clock
from streams.alert.progress import Progress, decode, encode
from streams.assess.record import Tick
from tests.unit.alert.builders import HOUR, NOW

RECORDS = st.lists(st.tuples(st.integers(1, 3), st.integers(-HOUR, HOUR)), min_size=1, max_size=30)
"""Steps from offset to offset (markers of transactions lie between), and Kafka timestamps around now."""


def told(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    offset, found = 0, []
    for step, later in steps:
        found.append((offset, NOW + later))
        offset += step
    return found


@given(RECORDS)
def test_a_record_is_new_once(steps: list[tuple[int, int]]) -> None:
    progress, done = Progress(), []
    for record in told([(1, later) for _, later in steps]):
        assert not progress.covers(*record)
        progress = progress.after(*record)
        done.append(record)
        assert all(progress.covers(*one) for one in done), "whatever order its producers' clocks have"


@given(RECORDS)
def test_what_a_jump_passed_over_is_new_whenever_it_comes(steps: list[tuple[int, int]]) -> None:
    """A group can be set forward past trouble, and back later."""
    progress, done = Progress(), set()
    for record in told(steps):
        progress = progress.after(*record)
        done.add(record[0])
    for offset in range(progress.offset + 1):
        assert offset in done or not progress.covers(offset, progress.newest)


def test_on_a_topic_made_anew_only_the_clock_goes_on() -> None:
    clock = Clock((("articles", 0, NOW, 3),), 3)
    assert Progress().after(7, NOW, clock).of_another_log() == Progress(clock=clock)


@given(RECORDS, RECORDS)
def test_the_records_of_a_topic_made_anew_are_new(old: list[tuple[int, int]], new: list[tuple[int, int]]) -> None:
    progress = Progress()
    for record in told(old):
        progress = progress.after(*record)
    for offset, timestamp in told(new):
        record = offset, timestamp + 3 * HOUR
        assert not progress.covers(*record)
        progress = progress.after(*record)


@given(RECORDS, st.lists(st.tuples(st.integers(0, 3), st.integers(0, HOUR)), max_size=20))
def test_the_table_value_comes_back_as_it_was(steps: list[tuple[int, int]], ticks: list[tuple[int, int]]) -> None:
    clock = Clock()
    for partition, later in ticks:
        clock = clock.after(Tick("1", "tick", "articles", partition, NOW + later))
    progress = Progress()
    for record in told(steps):
        progress = progress.after(*record, clock)
    assert decode(encode(progress)) == progress
    assert progress.after(7, NOW).clock == clock
