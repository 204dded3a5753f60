"""The clock of stage 2: the lowest of the latest ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alert.clock import MOST, Clock
from streams.alert.progress import Progress, encode
from streams.assess.record import Tick
from tests.unit.alert.builders import HOUR, NOW

MINUTE = 60_000


def tick(partition: int, time: int, topic: str = "articles") -> Tick:
    return Tick("1", "tick", topic, partition, time)


def after(*ticks: Tick, clock: Clock | None = None) -> Clock:
    clock = clock or Clock()
    for one in ticks:
        clock = clock.after(one)
    return clock


def now(*ticks: Tick) -> int | None:
    """What the clock shows when the last of `ticks` is taken."""
    return after(*ticks).at(ticks[-1])


def test_it_stands_until_a_partition_has_come_round() -> None:
    assert now(tick(0, NOW)) is None
    assert now(tick(0, NOW), tick(1, NOW - 5_000)) is None
    assert now(tick(0, NOW), tick(1, NOW - 5_000), tick(0, NOW + 60_000)) == NOW - 5_000


def test_the_slowest_partition_holds_the_clock() -> None:
    begun = tick(0, NOW), tick(1, NOW - 5_000), tick(0, NOW + 60_000)
    assert now(*begun) == NOW - 5_000
    assert now(*begun, tick(1, NOW + 30_000)) == NOW + 30_000


def test_partitions_of_two_topics_are_two() -> None:
    assert now(tick(0, NOW), tick(0, NOW - 1, topic="wire"), tick(0, NOW + 1)) == NOW - 1


def test_a_repeated_or_late_tick_changes_nothing() -> None:
    """A tick is taken again after a crash before its ack: that is no second turn."""
    clock = after(tick(0, NOW))
    assert clock.after(tick(0, NOW)) == clock
    assert clock.after(tick(0, NOW - 1_000)) == clock
    going = clock.after(tick(0, NOW + 1))
    assert going.at(tick(0, NOW + 1)) == NOW + 1
    assert going.after(tick(0, NOW)) == going


def test_a_tick_that_comes_again_says_no_more_than_it_said() -> None:
    """After a death the last records come again, among them ticks from before others."""
    clock = after(*(tick(0, NOW + minute * MINUTE) for minute in range(10)))
    assert clock.at(tick(0, NOW + 3 * MINUTE)) == NOW + 3 * MINUTE


def test_after_a_stop_of_days_the_first_tick_alone_moves_nothing() -> None:
    before = tick(0, NOW), tick(1, NOW), tick(0, NOW + MINUTE), tick(1, NOW + MINUTE)
    days = 72 * HOUR
    assert now(*before, tick(1, NOW + days)) == NOW + MINUTE
    assert now(*before, tick(1, NOW + days), tick(1, NOW + days + MINUTE)) == NOW + MINUTE
    assert now(*before, tick(1, NOW + days), tick(0, NOW + 2 * MINUTE)) == NOW + 2 * MINUTE


def test_a_machine_whose_clock_is_days_ahead_ends_nothing_while_others_tick() -> None:
    days = 72 * HOUR
    clock = after(tick(0, NOW), tick(1, NOW))
    for minute in range(1, 200):
        for one in (tick(0, NOW + minute * MINUTE + days), tick(1, NOW + minute * MINUTE)):
            clock = clock.after(one)
            time = clock.at(one)
            assert time is not None
            assert time <= NOW + minute * MINUTE
    healed = tick(0, NOW + 200 * MINUTE)
    assert clock.after(healed).at(healed) == NOW + 199 * MINUTE
    assert len(clock.after(healed).latest) == 2


def test_a_partition_that_is_silent_for_sixty_turns_is_forgotten_and_counts_again_when_it_speaks() -> None:
    clock = after(tick(0, NOW - 1), tick(0, NOW), *(tick(1, NOW + minute * MINUTE) for minute in range(61)))
    assert clock.at(tick(1, NOW + 60 * MINUTE)) == NOW
    last = tick(1, NOW + 61 * MINUTE)
    clock = clock.after(last)
    assert clock.at(last) == last.time
    assert [number for _, number, *_ in clock.latest] == [1]
    late = tick(0, NOW + 50 * MINUTE)
    assert clock.after(late).at(last) == late.time


def test_quick_ticks_forget_nobody_within_an_hour() -> None:
    clock = after(tick(0, NOW - 1), tick(0, NOW), *(tick(1, NOW + second * 1000) for second in range(3_600)))
    assert clock.at(tick(1, NOW + 3_600_000)) == NOW


def test_a_partition_whose_time_stands_is_not_silent() -> None:
    """A crawler fills in old articles: that partition ticks, and its newest article stays the same."""
    clock = after(tick(0, NOW), tick(1, NOW), tick(1, NOW + 1))
    for minute in range(1, 200):
        for one in (tick(0, NOW), tick(1, NOW + minute * MINUTE)):
            clock = clock.after(one)
            assert clock.at(one) == NOW


def test_a_partition_too_many_is_refused() -> None:
    """A clock is one record of the table: it may not grow for ever, whatever stands on the topic."""
    clock = Clock(tuple(("articles", number, NOW, 1) for number in range(MOST)), 1)
    assert len(clock.after(tick(1, NOW + 1)).latest) == MOST
    with pytest.raises(ValueError, match="more than 3000"):
        clock.after(tick(MOST, NOW))
    assert len(encode(Progress(clock=clock))) < 1_000_000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, HOUR // 2)), min_size=1, max_size=40))
def test_it_is_the_lowest_of_the_latest_and_rises_once_all_have_spoken(ticks: list[tuple[int, int]]) -> None:
    latest = dict.fromkeys(range(4), NOW)
    clock = after(tick(0, NOW - 1), *(tick(partition, NOW) for partition in latest))
    for partition, later in ticks:
        one = tick(partition, NOW + later)
        latest[partition] = max(latest[partition], one.time)
        clock = clock.after(one)
        assert clock.at(one) == min(one.time, *latest.values())
