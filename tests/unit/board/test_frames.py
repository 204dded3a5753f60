"""Server-sent events as the standard writes them, and resuming without a gap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.frames import KEEP_ALIVE, RETRY, Journal, frame, number_in


def parsed(stream: bytes) -> list[dict[str, str]]:
    """The events of a stream, by the algorithm of WHATWG HTML 9.2.6."""
    found, event = [], dict[str, str]()
    for line in stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            if "data" in event:
                found.append(event)
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            event[name] = f"{event[name]}\n{value}" if name == "data" and name in event else value
    return found


@given(st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "ignore")))
def test_no_data_ends_an_event_early(data: str) -> None:
    made = parsed(frame("incident", data.encode(), 7) + KEEP_ALIVE + frame("status", b"{}"))
    assert [one["event"] for one in made] == ["incident", "status"]
    assert made[0]["id"] == "7"
    assert "id" not in made[1]
    assert made[0]["data"].split("\n") == data.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def test_the_browser_is_told_when_to_come_back() -> None:
    assert parsed(RETRY + b"data: x\n\n") == [{"data": "x"}]
    assert RETRY.startswith(b"retry: ")


@given(st.integers(1, 8), st.integers(0, 30), st.data())
def test_who_comes_back_misses_nothing_or_begins_anew(most: int, events: int, data: st.DataObject) -> None:
    journal = Journal(1_000, most)
    made = {1_000 + number: journal.append("incident", b"%d" % number) for number in range(1, events + 1)}
    heard = data.draw(st.integers(990, 1_000 + events + 5))
    missed = journal.since(heard)
    if missed is None:
        assert not max(1_000, 1_000 + events - most) <= heard <= 1_000 + events
    else:
        assert missed == [made[number] for number in range(heard + 1, 1_000 + events + 1)]


def test_after_a_reset_nothing_older_is_resumed() -> None:
    journal = Journal(0, 10)
    journal.append("incident", b"a")
    told = journal.reset()
    assert parsed(told) == [{"id": "2", "event": "reset", "data": "{}"}]
    assert journal.since(1) is None
    assert journal.since(2) == []
    journal.append("incident", b"b")
    assert len(journal.since(2) or ()) == 1
    assert parsed(journal.anew())[0]["id"] == "3"


def test_another_run_is_another_journal() -> None:
    first = Journal(1_000_000)
    for _ in range(5):
        first.append("incident", b"x")
    later = Journal(2_000_000)
    assert later.last > first.last, "numbers grow over a restart"
    assert later.since(first.last) is None
    assert first.since(later.last) is None


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", "٣", "1e3", "9" * 30, "12\n", " 12", "0x10"])
def test_a_number_that_is_none_is_no_number(text: str | None) -> None:
    assert number_in(text) is None


def test_a_number_is_one() -> None:
    assert number_in("1795000000000001") == 1_795_000_000_000_001
