"""What is polled when: the interval, what a feed says of itself, and patience with one that fails.

Guarantees: pure, the clock and the dice are arguments; a feed is never polled more often than `Timing.least`, nor,
while it works, less often than `Timing.most`; each failure doubles the wait up to `Timing.patience`. Refuses nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["FeedState", "Timing", "failed", "next_due", "ready", "succeeded"]

_SPREAD: Final = 0.1
"""Share of an interval that is left to chance, so that feeds which began together do not stay together."""
_DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: `least` and `most` between polls of a feed that works, `patience` at most with one that fails."""

    least: float = 600.0
    most: float = 3_600.0
    patience: float = 14_400.0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed between polls.

    `etag`, `modified`: of the last body whose every entry was dealt with. `due`: epoch seconds. `failures`: in a row.
    `hint`: seconds between polls that the feed itself names. `met`: whether a body was ever read whole.
    """

    etag: str | None = None
    modified: str | None = None
    due: float = 0.0
    failures: int = 0
    hint: float | None = None
    met: bool = False


def succeeded(state: FeedState, now: float, timing: Timing, chance: float) -> FeedState:
    """`state` after a poll that worked. `chance` is from 0 to 1."""
    wanted = timing.least if state.hint is None else state.hint
    wait = min(max(wanted, timing.least), max(timing.most, timing.least))
    return replace(state, due=now + wait * (1 + _SPREAD * chance), failures=0)


def failed(state: FeedState, now: float, timing: Timing, chance: float, asked: float | None = None) -> FeedState:
    """`state` after a poll that did not work. `asked`: seconds that the other side wants us to wait."""
    doubled: float = timing.least * 2.0 ** min(state.failures, _DOUBLINGS)
    wait = min(doubled * (1 + chance / 2), max(timing.patience, timing.least))
    return replace(state, due=now + max(wait, asked or 0.0), failures=state.failures + 1)


def ready(states: Mapping[str, FeedState], busy: Iterable[str], now: float) -> list[str]:
    """The feeds to poll now, longest due first; those in `busy` are being polled."""
    taken = set(busy)
    due = [(state.due, name) for name, state in states.items() if state.due <= now and name not in taken]
    return [name for _, name in sorted(due)]


def next_due(states: Mapping[str, FeedState], busy: Iterable[str], now: float) -> float | None:
    """Seconds until a feed that is not in `busy` is due; None if there is none."""
    taken = set(busy)
    waits = [state.due - now for name, state in states.items() if name not in taken]
    return max(0.0, min(waits)) if waits else None
