"""What is remembered over a restart: one SQLite file in a folder of ours.

Guarantees: an entry is in it only when its article has the broker's ack (or was not to be sent), and a feed's
validators only when all of its entries are; at most 20,000 entries a feed are kept, those gone from the feed for 30
days are not. Refuses a file that is no such state, and one that another process uses.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from streams.errors import InputError
from streams.feeds.faults import DAY
from streams.feeds.robots import Kept
from streams.feeds.schedule import FeedState

__all__ = ["Seen", "State"]

_FILE: Final = "feeds.sqlite"
_VERSION: Final = 1
_MOST_ENTRIES: Final = 20_000
"""Twice what one body may hold (streams.feeds.entries), so that what is in the feed now is never forgotten."""
_GONE: Final = 30 * DAY
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS feeds (
    url TEXT PRIMARY KEY, etag TEXT, modified TEXT, due REAL NOT NULL, failures INTEGER NOT NULL, hint REAL,
    met INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    feed TEXT NOT NULL, entry BLOB NOT NULL, text BLOB NOT NULL, updated TEXT, sent BLOB, url TEXT,
    looked REAL NOT NULL, last REAL NOT NULL, PRIMARY KEY (feed, entry)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS robots (
    origin TEXT PRIMARY KEY, text TEXT, until REAL NOT NULL, why TEXT NOT NULL, fix TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an entry.

    `text`: its words (`record.entry_text`); `updated`: its date of change as written; `sent`: what its last record told
    (`record.text_of`), None if none was sent; `url`: the address in that record; `looked`: epoch seconds.
    """

    text: bytes
    updated: str | None
    sent: bytes | None
    url: str | None
    looked: float


class State:
    """Feeds, entries and robots.txt. `folder` None: in memory only. A context manager."""

    def __init__(self, folder: Path | None) -> None:
        """Raises InputError if `folder` can't be used."""
        self._name = "memory" if folder is None else str(folder / _FILE)
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(":memory:" if folder is None else self._name, timeout=1.0)
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{self._name} can't be used ({error}): name another folder with --state") from error
        try:
            self._open()
        except BaseException:
            self._base.close()
            raise

    def _open(self) -> None:
        try:
            # WHY exclusive: two processes on one state would each send what is new.
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            # Safe against our own death; a machine that loses power may send a few articles again.
            self._base.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise InputError(f"{self._name} is of another version of tocsin: name another folder with --state")
            with self._base:
                self._base.executescript(_TABLES)
                self._base.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.OperationalError as error:
            why = "another `tocsin feed` uses it" if "locked" in str(error) else str(error)
            raise InputError(f"{self._name} can't be used ({why}): name another folder with --state") from error
        except sqlite3.Error as error:
            raise InputError(f"{self._name} is no state of feeds ({error}): name another folder") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def feed(self, url: str) -> FeedState:
        """What is known of a feed."""
        rows = self._ask("SELECT etag, modified, due, failures, hint, met FROM feeds WHERE url = ?", (url,))
        if not rows:
            return FeedState()
        etag, modified, due, failures, hint, met = rows[0]
        return FeedState(etag, modified, due, failures, hint, bool(met))

    def keep_feed(self, url: str, state: FeedState) -> None:
        """Remember it."""
        row = (url, state.etag, state.modified, state.due, state.failures, state.hint, int(state.met))
        self._do("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?)", [row])

    def seen(self, url: str) -> dict[bytes, Seen]:
        """The entries of a feed that were dealt with, by `record.entry_key`."""
        rows = self._ask("SELECT entry, text, updated, sent, url, looked FROM seen WHERE feed = ?", (url,))
        return {row[0]: Seen(*row[1:]) for row in rows}

    def keep_seen(self, url: str, entries: Iterable[tuple[bytes, Seen]], now: float) -> None:
        """Remember entries: from now on they are not sent unless they change."""
        rows = [(url, key, one.text, one.updated, one.sent, one.url, one.looked, now) for key, one in entries]
        self._do("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def prune(self, url: str, present: Iterable[bytes], now: float) -> None:
        """Note which entries are in the feed now, and forget what is long gone, or more than is kept."""
        self._do("UPDATE seen SET last = ? WHERE feed = ? AND entry = ?", [(now, url, key) for key in present])
        self._do("DELETE FROM seen WHERE feed = ? AND last < ?", [(url, now - _GONE)])
        beyond = "SELECT entry FROM seen WHERE feed = ? ORDER BY last DESC, looked DESC LIMIT -1 OFFSET ?"
        gone = [(url, row[0]) for row in self._ask(beyond, (url, _MOST_ENTRIES))]
        self._do("DELETE FROM seen WHERE feed = ? AND entry = ?", gone)

    def robots(self, origin: str) -> Kept | None:
        """What is kept of a site's robots.txt."""
        rows = self._ask("SELECT text, until, why, fix FROM robots WHERE origin = ?", (origin,))
        return Kept(*rows[0]) if rows else None

    def keep_robots(self, origin: str, kept: Kept) -> None:
        """Keep it until it is a day old."""
        row = (origin, kept.text, kept.until, kept.why, kept.fix)
        self._do("INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?, ?)", [row])
        self._do("DELETE FROM robots WHERE until < ?", [(kept.until - 2 * DAY,)])

    def _ask(self, question: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._base.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise InputError(f"{self._name} can't be read ({error}): name another folder with --state") from error

    def _do(self, order: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            with self._base:
                self._base.executemany(order, rows)
        except sqlite3.Error as error:
            raise InputError(f"{self._name} can't be written ({error}): is the disk full?") from error
