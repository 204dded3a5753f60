"""The clock of stage 2: the lowest of the latest ticks."""

from hypothesis import given
from hypothesis import strategies as st

from streams.alert.clock import TickClock
from streams.assess.record import Tick
from tests.unit.alert.builders import HOUR, NOW


def tick(partition: int, time: int, topic: str = "articles") -> Tick:
    return Tick("1", "tick", topic, partition, time)


def test_it_stands_until_a_partition_has_come_round() -> None:
    clock = TickClock()
    assert clock.tick(tick(0, NOW)) is None
    assert clock.tick(tick(1, NOW - 5_000)) is None
    assert clock.tick(tick(0, NOW + 60_000)) == NOW - 5_000


def test_the_slowest_partition_holds_the_clock() -> None:
    clock = TickClock()
    clock.tick(tick(0, NOW))
    clock.tick(tick(1, NOW - 5_000))
    assert clock.tick(tick(0, NOW + 60_000)) == NOW - 5_000
    assert clock.tick(tick(1, NOW + 30_000)) == NOW + 30_000


def test_partitions_of_two_topics_are_two() -> None:
    clock = TickClock()
    clock.tick(tick(0, NOW))
    clock.tick(tick(0, NOW - 1, topic="wire"))
    assert clock.tick(tick(0, NOW)) == NOW - 1


def test_a_repeated_or_late_tick_moves_nothing_back() -> None:
    clock = TickClock()
    clock.tick(tick(0, NOW))
    assert clock.tick(tick(0, NOW - 1_000)) == NOW
    assert clock.tick(tick(0, NOW)) == NOW


def test_a_silent_partition_is_forgotten_after_an_hour_and_counts_again_when_it_speaks() -> None:
    clock = TickClock()
    clock.tick(tick(0, NOW))
    clock.tick(tick(0, NOW))
    assert clock.tick(tick(1, NOW + HOUR - 1)) == NOW
    assert clock.tick(tick(1, NOW + HOUR)) == NOW + HOUR
    assert clock.tick(tick(0, NOW + HOUR - 7)) == NOW + HOUR - 7


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, HOUR // 2)), min_size=1, max_size=40))
def test_it_is_the_lowest_of_the_latest_and_rises_once_all_have_spoken(ticks: list[tuple[int, int]]) -> None:
    clock, latest, before = TickClock(), dict.fromkeys(range(4), NOW), NOW
    for partition in latest:
        clock.tick(tick(partition, NOW))
    for partition, after in ticks:
        latest[partition] = max(latest[partition], NOW + after)
        now = clock.tick(tick(partition, NOW + after))
        assert now == min(latest.values())
        assert now >= before
        before = now
