"""What a site's robots.txt lets us fetch (RFC 9309), asked once a day.

Guarantees: an answer of the 4xx kind means that all is allowed, one that can't be had (5xx, 429, no answer) that we
wait; at most 500 KiB are read; what was read is kept a day, also over a restart. Refuses to guess: while robots.txt
can't be had, nothing of that site is fetched.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol
from weakref import WeakValueDictionary

from protego import Protego
from yarl import URL

from streams.feeds.faults import DAY, FeedError
from streams.feeds.web import Reply

__all__ = ["AGENT", "Kept", "RobotRules", "Robots", "Shelf"]

AGENT: Final = "Tocsin"
"""The name by which a robots.txt speaks of us."""
_MOST: Final = 500 * 1024
_AGAIN: Final = 600.0
"""Seconds until a robots.txt that could not be had is asked for again."""
_REMEMBERED: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What a site's robots.txt said. `text` None: it could not be had; `why`, `fix`. `until`: epoch seconds."""

    text: str | None
    until: float
    why: str = ""
    fix: str = ""


class Shelf(Protocol):
    """Where robots.txt are kept over a restart."""

    def robots(self, origin: str) -> Kept | None:
        """What is kept of `origin`."""

    def keep_robots(self, origin: str, kept: Kept) -> None:
        """Keep it."""


class RobotRules:
    """One site's rules, ready to be asked."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._rules = None if kept.text is None else Protego.parse(kept.text)

    def allows(self, url: URL) -> bool:
        """Whether `url` may be fetched."""
        return self._rules is not None and self._rules.can_fetch(str(url), AGENT)

    @property
    def delay(self) -> float | None:
        """Seconds between requests that the site asks for."""
        return None if self._rules is None else self._rules.crawl_delay(AGENT)


Fetch = Callable[[URL], Awaitable[Reply]]


class Robots:
    """The rules of all sites that were asked for. `fetch` follows redirects and raises FeedError."""

    def __init__(self, fetch: Fetch, shelf: Shelf, clock: Callable[[], float]) -> None:
        self._fetch, self._shelf, self._clock = fetch, shelf, clock
        self._rules: OrderedDict[str, RobotRules] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def rules(self, url: URL) -> RobotRules:
        """The rules of the site of `url`. Raises FeedError for one that we may not ask."""
        origin = str(url.origin())
        lock = self._asking.setdefault(origin, asyncio.Lock())
        async with lock:
            found = self._rules.get(origin)
            if found is None or found.kept.until <= self._clock():
                kept = self._shelf.robots(origin)
                if kept is None or kept.until <= self._clock():
                    kept = await self._ask(url)
                    self._shelf.keep_robots(origin, kept)
                found = self._rules[origin] = RobotRules(kept)
            self._rules.move_to_end(origin)
            if len(self._rules) > _REMEMBERED:
                self._rules.popitem(last=False)
            return found

    async def _ask(self, url: URL) -> Kept:
        try:
            reply = await self._fetch(url.origin() / "robots.txt")
        except FeedError as error:
            if error.ours:
                raise
            return Kept(None, self._clock() + max(_AGAIN, error.wait or 0.0), error.what, error.fix)
        now = self._clock()
        if reply.status == 200:
            return Kept(reply.body[:_MOST].decode("utf-8", "replace"), now + DAY)
        if 300 <= reply.status < 500 and reply.status != 429:
            return Kept("", now + DAY)
        return Kept(None, now + _AGAIN, f"it answers {reply.status}", "it is asked again later")
