"""Alerts folded into incidents: the order of arrival and repeats change nothing, and nothing grows without bound."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alert.record import Alert, encode
from streams.board.incidents import Bounds, Incidents, Thread, decode
from tests.unit.board.support import alert

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def message(incident: int, sequence: int, minute: int | None = None, **more: Any) -> Alert:
    sent = NOON + timedelta(minutes=sequence if minute is None else minute)
    return alert(incident, sequence, sent=sent.isoformat(timespec="seconds"), **more)


def folded(alerts: Sequence[Alert], bounds: Bounds | None = None) -> Incidents:
    made = Incidents(bounds)
    for one in alerts:
        made.take(one)
    return made


pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=40)


@given(pairs, st.randoms())
def test_neither_order_nor_repeats_change_anything(chosen: list[tuple[int, int]], chance: object) -> None:
    alerts = [message(*pair) for pair in chosen]
    mixed = [*alerts, *alerts]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert folded(mixed).threads() == folded(alerts).threads()


@given(pairs)
def test_the_newest_message_is_what_an_incident_is(chosen: list[tuple[int, int]]) -> None:
    held = folded([message(*pair) for pair in chosen])
    for thread in held.threads():
        numbers = [one.sequence for one in thread.messages]
        assert numbers == sorted(set(numbers))
        assert thread.newest.sequence == max(at for name, at in chosen if f"{name:016x}" == thread.newest.incident_id)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 500)), max_size=120))
def test_nothing_grows_without_bound(chosen: list[tuple[int, int, int]]) -> None:
    bounds = Bounds(incidents=4, messages=12, thread=5)
    held, shown = Incidents(bounds), set()
    for one in (message(*item) for item in chosen):
        change = held.take(one)
        if change is None:
            continue
        shown.add(one.incident_id)
        shown -= set(change.gone)
        threads = held.threads()
        assert shown == {thread.newest.incident_id for thread in threads}, "whoever follows the changes knows it all"
        assert len(threads) <= 4
        assert sum(len(thread.messages) for thread in threads) <= 12
        assert all(len(thread.messages) <= 5 for thread in threads)
        assert change.thread is None or change.thread == held.get(one.incident_id)


def test_what_was_heard_of_least_recently_goes_first() -> None:
    held = Incidents(Bounds(incidents=2, messages=100, thread=16))
    held.take(message(1, 0, minute=0))
    held.take(message(2, 0, minute=1))
    held.take(message(1, 1, minute=2))
    change = held.take(message(3, 0, minute=3))
    assert change is not None
    assert change.gone == (f"{2:016x}",)
    late = held.take(message(4, 0, minute=-5))
    assert late is not None
    assert (late.thread, late.gone) == (None, (f"{4:016x}",)), "there is no room for one so old"


def test_no_test_pushes_out_what_is_in_earnest() -> None:
    held = Incidents(Bounds(incidents=3, messages=100, thread=16))
    held.take(message(1, 0, minute=0))
    for number in range(2, 50):
        held.take(message(number, 0, minute=number, status="Test"))
    assert held.get(f"{1:016x}") is not None
    assert len(held) == 3


def test_a_long_thread_keeps_its_first_message_and_its_newest() -> None:
    held = folded([message(1, number) for number in range(40)], Bounds(thread=4))
    (thread,) = held.threads()
    assert [one.sequence for one in thread.messages] == [0, 37, 38, 39]
    assert thread.left_out == 36


def test_an_incident_ends_with_its_cancel_and_goes_with_time() -> None:
    held = folded([message(1, 0), message(1, 1, msg_type="Cancel"), message(2, 0, minute=60)])
    assert [thread.ended for thread in held.threads()] == [False, True]
    assert held.prune(NOON) == ()
    assert held.prune(NOON + timedelta(minutes=30)) == (f"{1:016x}",)
    assert len(held) == 1
    assert held.take(message(1, 0)) is None, "a repeat is known after its incident has gone"


@pytest.mark.parametrize(
    "value", [None, b"", b"{}", b"[1]", b"\xff\xfe", b"null", encode(alert(sent="2026-02-31T00:00:00+00:00"))]
)
def test_what_is_no_alert_is_none(value: bytes | None) -> None:
    assert decode(value) is None


def test_an_alert_survives_its_bytes() -> None:
    one = message(1, 0)
    assert decode(encode(one)) == one


@pytest.mark.parametrize("wrong", [{"incidents": 0}, {"thread": 1}, {"messages": 8, "thread": 16}])
def test_bounds_that_can_hold_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="bounds"):
        Bounds(**wrong)


def test_an_incident_without_a_message_is_none() -> None:
    with pytest.raises(ValueError):
        Thread(())
