"""Visiting a site as a good guest: robots.txt first, one connection a host, an interval between two, no haste.

Guarantees: every hop of a redirect passes the gate, the robots.txt of its own site and the pace of its own host; at
most five hops; a host that answers 429 or 503 is left alone for as long as it asks (at most a day), by all that we
fetch. Refuses what robots.txt forbids, a redirect in a circle, and to wait longer for a page than `patience`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from weakref import WeakValueDictionary

from yarl import URL

from streams.feeds.faults import DAY, FeedError
from streams.feeds.gate import Gate, web_url
from streams.feeds.pace import Pace, retry_after
from streams.feeds.robots import Robots, Shelf
from streams.feeds.web import Bounds, Reply, Web

__all__ = ["Visitor"]

_HOPS: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({429, 503})
_BUSY_SECONDS: Final = 60.0
"""What a host that is busy gets when it does not say for how long."""
_ROBOTS: Final = Bounds(512 * 1024, 20.0, 10.0)


class Visitor:
    """Fetches with manners. `clock` gives epoch seconds."""

    def __init__(
        self,
        web: Web,
        gate: Gate,
        pace: Pace,
        shelf: Shelf,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._web, self._gate, self._pace, self._clock, self._sleep = web, gate, pace, clock, sleep
        self._robots = Robots(self._robots_txt, shelf, clock)
        self._hosts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def fetch(
        self, url: URL, bounds: Bounds, headers: Mapping[str, str], *, patience: float = float("inf")
    ) -> Reply:
        """The answer at the end of all redirects: 200, 304, or another status that is the caller's to judge.

        `patience`: the longest wait (seconds) for the host's turn. Raises FeedError.
        """
        return await self._follow(url, bounds, headers, patience, robots=True)

    async def _robots_txt(self, url: URL) -> Reply:
        return await self._follow(url, _ROBOTS, {}, float("inf"), robots=False)

    async def _follow(
        self, first: URL, bounds: Bounds, headers: Mapping[str, str], patience: float, *, robots: bool
    ) -> Reply:
        url, passed = first, {first}
        for _ in range(_HOPS + 1):
            self._gate.check(url)
            if robots:
                await self._permitted(url)
            reply = await self._ask(url, bounds, headers, patience)
            where = reply.headers.get("location")
            if reply.status not in _MOVED or not where:
                return reply
            try:
                url = web_url(str(url.join(URL(where))))
            except (ValueError, UnicodeError):
                fix = "open it in a browser to see where it has gone"
                raise FeedError(str(first), "it redirects to what is no address", fix) from None
            if url in passed:
                raise FeedError(str(first), "it redirects in a circle", "open it in a browser to see where it has gone")
            passed.add(url)
        raise FeedError(str(first), f"it redirects more than {_HOPS} times", "give the address where it ends")

    async def _permitted(self, url: URL) -> None:
        rules = await self._robots.rules(url)
        self._pace.delay(url.raw_host or "", rules.delay)
        kept = rules.kept
        if kept.text is None:
            what = f"the robots.txt of its site can't be had: {kept.why}"
            raise FeedError(str(url), what, kept.fix, wait=kept.until - self._clock())
        if not rules.allows(url):
            fix = "leave it out, or ask its publisher for permission"
            raise FeedError(str(url), "the robots.txt of its site forbids it", fix, wait=DAY)

    async def _ask(self, url: URL, bounds: Bounds, headers: Mapping[str, str], patience: float) -> Reply:
        host = url.raw_host or ""
        lock = self._hosts.setdefault(host, asyncio.Lock())
        async with lock:
            wait = self._pace.wait(host, self._clock())
            # WHY: a host that asked for an hour is no reason to hold a place for an hour; a few seconds are.
            if wait > min(patience, 2 * _BUSY_SECONDS):
                raise FeedError(
                    str(url), "its host asked to be left alone", "it is asked again when it said", wait=wait
                )
            if wait:
                await self._sleep(wait)
            self._pace.asked(host, self._clock())
            reply = await self._web.get(url, bounds, headers)
            if reply.status in _BUSY:
                now = self._clock()
                said = retry_after(reply.headers.get("retry-after"), now)
                seconds = _BUSY_SECONDS if said is None else said
                self._pace.hold(host, now, seconds)
            return reply
