"""What is remembered, and what is chosen because of it."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import InputError
from streams.feeds.choose import choose
from streams.feeds.entries import Entry
from streams.feeds.faults import DAY
from streams.feeds.record import entry_key, entry_text
from streams.feeds.robots import Kept
from streams.feeds.schedule import FeedState
from streams.feeds.state import Seen, State
from tests.unit.feeds.support import NOW, entry

URL = "https://news.test/feed"
FRESH, OLD = "2026-06-20T23:00:00Z", "2026-06-10T23:00:00Z"


def test_it_is_all_there_after_a_restart(tmp_path: Path) -> None:
    seen = Seen(b"t" * 16, "2026", b"s" * 16, "https://news.test/a", NOW)
    feed = FeedState('"etag"', "Sat", NOW + 5, 2, 900.0, True)
    with State(tmp_path / "new" / "folder") as state:
        assert state.feed(URL) == FeedState()
        assert state.seen(URL) == {}
        assert state.robots("http://x") is None
        state.keep_feed(URL, feed)
        state.keep_seen(URL, [(b"k", seen)], NOW)
        state.keep_robots("http://x", Kept(None, NOW + 5))
    with State(tmp_path / "new" / "folder") as state:
        assert state.feed(URL) == feed
        assert state.seen(URL) == {b"k": seen}
        assert state.seen("https://other.test/") == {}
        assert state.robots("http://x") == Kept(None, NOW + 5)


def test_what_is_gone_is_forgotten_and_what_is_there_is_not(tmp_path: Path) -> None:
    seen = Seen(b"t", None, None, None, NOW)
    with State(None) as state:
        state.keep_seen(URL, [(b"gone", seen), (b"there", seen)], NOW)
        state.keep_seen("https://other.test/", [(b"gone", seen)], NOW)
        state.prune(URL, [b"there"], NOW + 31 * DAY)
        assert set(state.seen(URL)) == {b"there"}
        assert set(state.seen("https://other.test/")) == {b"gone"}
        many = [(number.to_bytes(4, "big"), seen) for number in range(20_500)]
        state.keep_seen(URL, many, NOW + 32 * DAY)
        state.prune(URL, [key for key, _ in many[:10_000]], NOW + 33 * DAY)
        kept = state.seen(URL)
        assert len(kept) == 20_000
        assert {key for key, _ in many[:10_000]} <= set(kept)


def test_two_processes_on_one_state_are_one_too_many(tmp_path: Path) -> None:
    with State(tmp_path), pytest.raises(InputError, match="another `tocsin feed` uses it"):
        State(tmp_path)
    with State(tmp_path):
        pass


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "feeds.sqlite").write_bytes(b"no database " * 500)
    with pytest.raises(InputError, match="no state of feeds"):
        State(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="name another folder"):
        State(tmp_path / "file")
    other = tmp_path / "later"
    other.mkdir()
    base = sqlite3.connect(other / "feeds.sqlite")
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(InputError, match="another version"):
        State(other)


def known(*entries: Entry, updated: bool = True, looked: float = NOW) -> dict[bytes, Seen]:
    return {
        entry_key(one): Seen(entry_text(one), one.updated if updated else "before", b"s", None, looked)
        for one in entries
    }


def test_at_first_contact_only_what_is_recent_and_dated_is_sent() -> None:
    entries = [entry(id="1", published=FRESH), entry(id="2", published=OLD), entry(id="3")]
    choice = choose(entries, {}, NOW, since=24.0)
    assert [job.entry.id for job in choice.jobs] == ["1"]
    assert [job.entry.id for job in choice.passed] == ["2", "3"]
    assert len(choice.present) == 3
    later = choose(entries, {}, NOW, since=None)
    assert [job.entry.id for job in later.jobs] == ["1", "2", "3"]
    assert choose(entries, {}, NOW, since=0.0).jobs == ()


def test_what_is_known_and_the_same_is_not_chosen() -> None:
    one = entry(id="1", title="x", updated=FRESH)
    assert choose([one], known(one), NOW, since=None).jobs == ()
    changed = entry(id="1", title="y", updated=FRESH)
    (job,) = choose([changed], known(one), NOW, since=24.0).jobs
    assert job.before is not None
    assert job.before.sent == b"s"


def test_a_date_of_change_alone_is_looked_at_once_an_hour() -> None:
    one = entry(id="1", title="x", updated=FRESH)
    assert choose([one], known(one, updated=False), NOW + 3_599, since=None).jobs == ()
    assert len(choose([one], known(one, updated=False), NOW + 3_600, since=None).jobs) == 1


NAMES = st.sampled_from(["1", "2", "3", None])
ENTRIES = st.lists(
    st.builds(entry, id=NAMES, link=NAMES, title=NAMES, published=st.sampled_from([None, FRESH, OLD])), max_size=8
)


@settings(deadline=None)
@given(ENTRIES, ENTRIES, st.sampled_from([None, 0.0, 24.0]))
def test_nothing_twice_nothing_lost(before: list[Entry], entries: list[Entry], since: float | None) -> None:
    choice = choose(entries, known(*before), NOW, since=since)
    keys = [job.key for job in (*choice.jobs, *choice.passed)]
    assert len(keys) == len(set(keys))
    assert set(choice.present) == {entry_key(one) for one in entries}
    unknown = {entry_key(one) for one in entries} - {entry_key(one) for one in before}
    assert unknown <= set(keys)
    first = {}
    for one in entries:
        first.setdefault(entry_key(one), one)
    again = known(*first.values())
    assert choose(entries, again, NOW, since=since).jobs == ()
