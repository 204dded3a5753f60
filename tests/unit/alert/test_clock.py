"""The clock of stage 2: the lowest of the latest ticks."""

from hypothesis import given
from hypothesis import strategies as st

from streams.alert.clock import Clock, decode, encode
from streams.assess.record import Tick
from tests.unit.alert.builders import HOUR, NOW


def tick(partition: int, time: int, topic: str = "articles") -> Tick:
    return Tick("1", "tick", topic, partition, time)


def after(*ticks: Tick, clock: Clock | None = None) -> Clock:
    clock = clock or Clock()
    for one in ticks:
        clock = clock.after(one)
    return clock


def test_it_stands_until_a_partition_has_come_round() -> None:
    assert Clock().now is None
    assert after(tick(0, NOW)).now is None
    assert after(tick(0, NOW), tick(1, NOW - 5_000)).now is None
    assert after(tick(0, NOW), tick(1, NOW - 5_000), tick(0, NOW + 60_000)).now == NOW - 5_000


def test_the_slowest_partition_holds_the_clock() -> None:
    clock = after(tick(0, NOW), tick(1, NOW - 5_000), tick(0, NOW + 60_000))
    assert clock.now == NOW - 5_000
    assert clock.after(tick(1, NOW + 30_000)).now == NOW + 30_000


def test_partitions_of_two_topics_are_two() -> None:
    assert after(tick(0, NOW), tick(0, NOW - 1, topic="wire"), tick(0, NOW + 1)).now == NOW - 1


def test_a_repeated_or_late_tick_changes_nothing() -> None:
    """A tick is taken again after a crash before its ack: that is no second round."""
    clock = after(tick(0, NOW))
    assert clock.after(tick(0, NOW)) == clock
    assert clock.after(tick(0, NOW - 1_000)) == clock
    going = clock.after(tick(0, NOW + 1))
    assert going.now == NOW + 1
    assert going.after(tick(0, NOW)) == going


def test_a_silent_partition_is_forgotten_after_an_hour_and_counts_again_when_it_speaks() -> None:
    clock = after(tick(0, NOW - 1), tick(0, NOW), tick(1, NOW + HOUR - 1))
    assert clock.now == NOW
    assert clock.after(tick(1, NOW + HOUR)).now == NOW + HOUR
    assert clock.after(tick(1, NOW + HOUR)).after(tick(0, NOW + HOUR - 7)).now == NOW + HOUR - 7


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, HOUR // 2)), min_size=1, max_size=40))
def test_it_is_the_lowest_of_the_latest_and_rises_once_all_have_spoken(ticks: list[tuple[int, int]]) -> None:
    latest, before = dict.fromkeys(range(4), NOW), NOW
    clock = after(tick(0, NOW - 1), *(tick(partition, NOW) for partition in latest))
    for partition, later in ticks:
        latest[partition] = max(latest[partition], NOW + later)
        clock = clock.after(tick(partition, NOW + later))
        assert clock.now == min(latest.values())
        assert clock.now >= before
        before = clock.now


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, HOUR)), max_size=20))
def test_the_table_value_comes_back_as_it_was(ticks: list[tuple[int, int]]) -> None:
    clock = after(*(tick(partition, NOW + later) for partition, later in ticks))
    assert decode(encode(clock)) == clock
