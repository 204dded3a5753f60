"""The pure clockwork: when a host and a feed may be asked next."""

from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.feeds.faults import DAY
from streams.feeds.pace import Pace, retry_after
from streams.feeds.schedule import FeedState, Timing, failed, next_due, ready, succeeded
from tests.unit.feeds.support import NOW

CHANCE = st.floats(0, 1)
TIMING = Timing(600, 3_600, 14_400)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None), ("120", 120.0), (" 7 ", 7.0), ("0", 0.0), ("999999999999999999999", DAY), ("90000", DAY),
        (formatdate(NOW + 300, usegmt=True), 300.0), (formatdate(NOW - 300, usegmt=True), 0.0),
        (formatdate(NOW + 30 * DAY, usegmt=True), DAY), ("soon", None), ("-5", None), ("1.5", None), ("", None),
        ("٣", None), ("Fri, 99 Foo 2026 00:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(said: str | None, seconds: float | None) -> None:
    assert retry_after(said, NOW) == seconds


@settings(deadline=None)
@given(st.text(max_size=100))
def test_retry_after_is_bounded_whatever_is_said(said: str) -> None:
    found = retry_after(said, NOW)
    assert found is None or 0 <= found <= DAY


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=60), st.floats(0.1, 10))
def test_no_host_is_asked_twice_within_its_interval(asked: list[tuple[str, float]], interval: float) -> None:
    pace, now = Pace(interval), NOW
    last: dict[str, float] = {}
    for host, later in asked:
        now += later
        now += pace.wait(host, now)
        assert now - last.get(host, 0.0) >= interval - 1e-3
        pace.asked(host, now)
        last[host] = now


def test_a_host_that_asks_for_more_gets_it_within_bounds() -> None:
    pace = Pace(2.0)
    pace.delay("slow", 10.0)
    pace.delay("greedy", 86_400.0)
    pace.delay("odd", -3.0)
    for host in ("slow", "greedy", "odd"):
        pace.asked(host, NOW)
    assert [pace.wait(host, NOW) for host in ("slow", "greedy", "odd", "new")] == [10.0, 60.0, 2.0, 0.0]
    pace.hold("slow", NOW, 10 * DAY)
    assert pace.wait("slow", NOW) == DAY
    pace.asked("slow", NOW)
    assert pace.wait("slow", NOW) == DAY, "a request that was under way does not end the hold"


def test_hosts_are_not_remembered_for_ever() -> None:
    pace = Pace(1.0)
    for number in range(5_000):
        pace.asked(f"h{number}", NOW + number)
    assert len(pace._free) <= 2_001


@settings(deadline=None)
@given(CHANCE, st.none() | st.floats(0, 1e9), st.integers(0, 50))
def test_a_feed_that_works_is_polled_within_its_bounds(chance: float, hint: float | None, failures: int) -> None:
    state = succeeded(FeedState(hint=hint, failures=failures), NOW, TIMING, chance)
    wait = state.due - NOW
    assert 600 <= wait <= 3_600 * 1.1
    assert state.failures == 0
    if hint is not None and 600 <= hint <= 3_600:
        assert hint - 1e-3 <= wait <= hint * 1.1 + 1e-3


@settings(deadline=None)
@given(CHANCE, st.integers(0, 10_000), st.none() | st.floats(0, DAY))
def test_patience_with_one_that_fails_grows_and_ends(chance: float, failures: int, asked: float | None) -> None:
    state = failed(FeedState(failures=failures), NOW, TIMING, chance, asked)
    wait = state.due - NOW
    assert 600 - 1e-3 <= wait <= max(14_400, asked or 0) + 1e-3
    assert wait >= (asked or 0) - 1e-3
    assert state.failures == failures + 1
    assert failed(state, NOW, TIMING, chance).due >= state.due - 1e-3 or (asked or 0) > 600


def test_the_doubling() -> None:
    state, waits = FeedState(etag="kept"), []
    for _ in range(7):
        state = failed(state, NOW, TIMING, 0.0)
        waits.append(state.due - NOW)
    assert waits == [600, 1_200, 2_400, 4_800, 9_600, 14_400, 14_400]
    assert state.etag == "kept"


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=3), st.floats(NOW - 1_000, NOW + 1_000)), st.data())
def test_what_is_ready_and_when_the_next_is(due: dict[str, float], data: st.DataObject) -> None:
    states = {name: FeedState(due=at) for name, at in due.items()}
    busy = data.draw(st.sets(st.sampled_from(sorted(due)))) if due else set()
    found = ready(states, busy, NOW)
    assert set(found) == {name for name, at in due.items() if at <= NOW and name not in busy}
    assert [due[name] for name in found] == sorted(due[name] for name in found)
    wait = next_due(states, busy, NOW)
    assert (wait is None) == (set(due) == busy)
    assert wait is None or (wait == 0.0) == bool(found)
