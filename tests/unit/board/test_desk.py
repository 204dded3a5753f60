"""The desk: a snapshot and the events after it are the whole truth, and how fresh it is is never hidden."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from streams.alert.record import encode
from streams.board.desk import Desk
from streams.board.hub import CrowdedError, Hub
from streams.board.incidents import Bounds, Incidents
from tests.unit.board.support import COUNTRIES, alert
from tests.unit.board.test_frames import parsed


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def desk_of(hub: Hub | None = None, incidents: Incidents | None = None) -> tuple[Desk, Clock]:
    clock = Clock()
    made = Desk(COUNTRIES, hours=24, topic="alerts", hub=hub, incidents=incidents, clock=clock)
    return made, clock


def cut() -> None:
    raise AssertionError("nobody reads slowly here")


async def test_a_snapshot_and_the_events_after_it_are_everything() -> None:
    desk, _ = desk_of()
    desk.reached()
    desk.take(encode(alert(1)))
    desk.caught_up()
    snapshot = orjson.loads(desk.snapshot())
    assert [one["id"] for one in snapshot["incidents"]] == [f"{1:016x}"]
    desk.take(encode(alert(2)))
    with desk.joined(int(snapshot["id"]), cut) as browser:
        desk.take(encode(alert(2, 1)))
        desk.take(encode(alert(2, 1)))
        first, rest = parsed(await browser.next() or b""), parsed(await browser.next() or b"")
    assert [one["event"] for one in first] == ["status", "incident"]
    assert [one["event"] for one in rest] == ["incident"], "a repeat is no event"
    numbers = [int(one["id"]) for one in (*first, *rest) if "id" in one]
    assert numbers == [int(snapshot["id"]) + 1, int(snapshot["id"]) + 2]
    told = orjson.loads(rest[0]["data"])
    assert [one["type"] for one in told["incident"]["messages"]] == ["Alert", "Update"]
    assert told["alert"] == f"{2:016x}{1:016x}"


async def test_reading_the_past_is_one_event_at_its_end() -> None:
    desk, _ = desk_of()
    begin = int(orjson.loads(desk.snapshot())["id"])
    with desk.joined(begin, cut) as browser:
        desk.reached()
        for number in range(50):
            desk.take(encode(alert(number)))
        desk.caught_up()
        desk.caught_up()
        first, rest = parsed(await browser.next() or b""), parsed(await browser.next() or b"")
    assert [one["event"] for one in first] == ["status"]
    assert [one["event"] for one in rest] == ["status", "reset", "status"]
    with desk.joined(begin, cut) as browser:
        assert [one["event"] for one in parsed(await browser.next() or b"")] == ["status", "reset"]


async def test_that_nothing_is_heard_is_said_with_its_time() -> None:
    desk, clock = desk_of()
    assert desk.status.state == "connecting"
    desk.lost("no Kafka answers")
    since = desk.status.since
    clock.now += timedelta(minutes=5)
    desk.lost("it still does not")
    assert (desk.status.state, desk.status.since, desk.status.fault) == ("lost", since, "broker")
    assert desk.status.why == "it still does not"
    desk.reached()
    assert (desk.status.state, desk.status.fault, desk.status.complete) == ("reading", "", False)
    desk.caught_up()
    desk.lost("there is no topic alerts", "topic")
    assert (desk.status.state, desk.status.fault, desk.status.complete) == ("lost", "topic", True)


async def test_what_comes_after_an_outage_is_an_event() -> None:
    desk, _ = desk_of()
    desk.caught_up()
    desk.lost("gone")
    with desk.joined(None, cut) as browser:
        await browser.next()
        desk.reached()
        desk.take(encode(alert(1)))
        desk.caught_up()
        events = [one["event"] for one in parsed(await browser.next() or b"")]
    assert events == ["status", "incident", "status"]


async def test_what_is_old_goes_and_is_told() -> None:
    desk, clock = desk_of()
    desk.caught_up()
    desk.take(encode(alert(1, ago=60 * 25)))
    assert desk.status.incidents == 0, "older than what is shown"
    desk.take(encode(alert(1, ago=60)))
    with desk.joined(None, cut) as browser:
        await browser.next()
        clock.now += timedelta(hours=23, minutes=30)
        desk.tick()
        said = await browser.next() or b""
    assert [one["event"] for one in parsed(said)] == ["gone", "status"]
    assert b"\n: " in said, "a comment keeps the connection"
    assert orjson.loads(desk.snapshot())["incidents"] == []


async def test_what_makes_room_is_told() -> None:
    desk, _ = desk_of(incidents=Incidents(Bounds(incidents=1, messages=16, thread=16)))
    desk.caught_up()
    desk.take(encode(alert(1, ago=5)))
    with desk.joined(None, cut) as browser:
        await browser.next()
        desk.take(encode(alert(2)))
        assert [one["event"] for one in parsed(await browser.next() or b"")] == ["gone", "incident"]


def test_the_newest_alert_is_no_later_than_now() -> None:
    desk, clock = desk_of()
    assert desk.status.newest is None
    desk.take(encode(alert(1, ago=-60 * 24 * 400)))
    newest = datetime.fromisoformat(desk.status.newest or "")
    assert newest <= clock.now + timedelta(minutes=5)


def test_a_test_is_no_alert_and_shows_that_the_pipeline_lives() -> None:
    desk, _ = desk_of()
    desk.take(encode(alert(1, status="Test", ago=1)))
    assert desk.status.newest is None
    desk.take(encode(alert(2, ago=9)))
    desk.take(encode(alert(3, status="Exercise", ago=5)))
    newest, tested = map(datetime.fromisoformat, (desk.status.newest or "", desk.status.tested or ""))
    assert (tested - newest).total_seconds() == pytest.approx(240, abs=2)


def test_what_is_no_alert_is_counted() -> None:
    desk, _ = desk_of()
    for value in (b"{}", None, b"\xff"):
        desk.take(value)
    assert (desk.status.strangers, desk.status.incidents) == (3, 0)


async def test_a_slow_browser_is_cut_off_and_nobody_waits_for_it() -> None:
    desk, _ = desk_of(hub=Hub(waiting=4))
    desk.caught_up()
    gone: list[str] = []
    with desk.joined(None, lambda: gone.append("slow")) as slow, desk.joined(None, cut) as quick:
        await quick.next()
        for number in range(20):
            desk.take(encode(alert(number)))
            assert [one["event"] for one in parsed(await quick.next() or b"")] == ["incident"]
        assert gone == ["slow"]
        assert slow.dropped
        assert desk.dropped == 1


def test_there_is_a_most_of_browsers() -> None:
    desk, _ = desk_of(hub=Hub(most=1))
    with desk.joined(None, cut), pytest.raises(CrowdedError), desk.joined(None, cut):
        pass
    with desk.joined(None, cut):
        pass


async def test_the_end_is_told_after_all_else() -> None:
    desk, _ = desk_of()
    desk.caught_up()
    with desk.joined(None, cut) as browser:
        desk.take(encode(alert(1)))
        desk.close()
        await browser.next()
        assert [one["event"] for one in parsed(await browser.next() or b"")] == ["incident"]
        assert await browser.next() is None
