"""Which entries of a feed are to be sent: the new ones, and those that changed. Pure.

Guarantees: an entry that was dealt with and says the same is not chosen again; of a feed that is met for the first
time only dated entries of the last hours are. Refuses to choose one entry twice, however often the feed repeats it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from streams.feeds.entries import Entry
from streams.feeds.record import entry_key, entry_text, is_recent
from streams.feeds.state import Seen

__all__ = ["Choice", "Job", "choose"]

_AGAIN: Final = 3_600.0
"""Seconds before an entry is looked at again whose date of change moved while its words in the feed stayed."""


@dataclass(frozen=True, slots=True)
class Job:
    """One entry to be sent. `before`: what is known of it, None if it is new."""

    key: bytes
    text: bytes
    entry: Entry
    before: Seen | None


@dataclass(frozen=True, slots=True)
class Choice:
    """`jobs`: to be sent, in the feed's order. `passed`: too old, to be remembered only. `present`: all keys."""

    jobs: tuple[Job, ...]
    passed: tuple[Job, ...]
    present: tuple[bytes, ...]


def choose(entries: Sequence[Entry], known: Mapping[bytes, Seen], now: float, *, since: float | None) -> Choice:
    """What is to be done with `entries`. `since`: hours, at a first contact; None later."""
    jobs: list[Job] = []
    passed: list[Job] = []
    present: dict[bytes, None] = {}
    moment = datetime.fromtimestamp(now, UTC)
    for entry in entries:
        key = entry_key(entry)
        if key in present:
            continue
        present[key] = None
        before = known.get(key)
        job = Job(key, entry_text(entry), entry, before)
        if before is None:
            old = since is not None and not is_recent(entry, moment, since)
            (passed if old else jobs).append(job)
        elif job.text != before.text or (entry.updated != before.updated and now - before.looked >= _AGAIN):
            jobs.append(job)
    return Choice(tuple(jobs), tuple(passed), tuple(present))
