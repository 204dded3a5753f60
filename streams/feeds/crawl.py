"""All feeds, once or for ever: who is polled when, who failed and why, and an orderly end.

Guarantees: a feed that fails costs no other feed anything and is said in one line, the same fault of a feed once
until it works again; the state of a feed is kept after each poll; after a stop nothing is half sent. Refuses to go on
after any fault that is not a feed's own: a broker that is away, a full disk.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from streams.feeds.faults import FeedError
from streams.feeds.poll import Polled, Poller
from streams.feeds.schedule import FeedState, Timing, failed, next_due, ready, succeeded
from streams.feeds.state import State

__all__ = ["Crawl", "Tally"]

_AT_ONCE: Final = 8
"""Feeds polled at the same time: each may hold a body of 5 MiB and what is made of it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Polls by how they ended, and what was sent. `waiting`: feeds that asked to be left alone, or failed just now."""

    ok: int = 0
    unchanged: int = 0
    failed: int = 0
    waiting: int = 0
    sent: int = 0
    updates: int = 0
    refused: int = 0

    def __str__(self) -> str:
        told = f"{self.sent} articles sent" + (f" ({self.updates} of them changed ones)" if self.updates else "")
        ends = f"{self.ok} ok, {self.unchanged} unchanged, {self.failed} failed"
        more = f", {self.waiting} left alone for now" if self.waiting else ""
        return f"feeds polled: {ends}{more}; {told}" + (f", {self.refused} too large" if self.refused else "")


class Crawl:
    """Polls `feeds`. `say` gets one sentence about each fault; clock, sleep and dice are for tests."""

    def __init__(
        self,
        feeds: Sequence[str],
        state: State,
        poller: Poller,
        say: Callable[[str], None],
        clock: Callable[[], float],
        timing: Timing,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._state, self._poller, self._say = state, poller, say
        self._clock, self._timing, self._sleep, self._chance = clock, timing, sleep, chance
        self._feeds: dict[str, FeedState] = {url: state.feed(url) for url in feeds}
        self._running: dict[asyncio.Task[None], str] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._said: dict[str, str] = {}
        self._remarked: dict[str, tuple[str, ...]] = {}
        self.tally = Tally()

    async def once(self, stop: asyncio.Event) -> None:
        """Poll every feed once; those that failed lately are left alone until they are due again."""
        now = self._clock()
        waiting = {url for url, state in self._feeds.items() if state.failures and state.due > now}
        self._count(waiting=len(waiting))
        self._start([url for url in self._feeds if url not in waiting])
        await self._guarded(stop, for_ever=False)

    async def for_ever(self, stop: asyncio.Event) -> None:
        """Poll each feed when it is due, until `stop` is set."""
        await self._guarded(stop, for_ever=True)

    async def _guarded(self, stop: asyncio.Event, *, for_ever: bool) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            await self._run(stopped, for_ever=for_ever)
        finally:
            stopped.cancel()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, stopped, return_exceptions=True)
            self._running.clear()
            await self._poller.settle()

    async def _run(self, stopped: "asyncio.Task[bool]", *, for_ever: bool) -> None:
        while not stopped.done() and (for_ever or self._running):
            waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {stopped, *self._running}
            sleeper: asyncio.Task[None] | None = None
            if for_ever:
                self._start(ready(self._feeds, self._running.values(), self._clock()))
                waiting |= set(self._running)
                wait = next_due(self._feeds, self._running.values(), self._clock())
                if wait is not None:
                    sleeper = asyncio.create_task(self._nap(wait))
                    waiting.add(sleeper)
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if sleeper is not None:
                    sleeper.cancel()
            for task in [one for one in self._running if one.done()]:
                del self._running[task]
                task.result()  # a fault that is no feed's own ends the crawl

    async def _nap(self, seconds: float) -> None:
        await self._sleep(seconds)

    def _start(self, feeds: Sequence[str]) -> None:
        for url in feeds:
            self._running[asyncio.create_task(self._poll(url))] = url

    async def _poll(self, url: str) -> None:
        async with self._places:
            try:
                state, done = await self._poller.poll(url)
            except FeedError as error:
                before, now, chance = self._feeds[url], self._clock(), self._chance()
                # WHY: who may not be asked has done nothing; with another option of ours it is asked at once.
                ours = replace(before, due=now + self._timing.least, failures=0)
                kept = ours if error.ours else failed(before, now, self._timing, chance, error.wait)
                self._failed(url, error)
            else:
                kept = succeeded(state, self._clock(), self._timing, self._chance())
                self._worked(url, done)
        self._feeds[url] = kept
        self._state.keep_feed(url, kept)

    def _failed(self, url: str, error: FeedError) -> None:
        self._count(failed=1)
        if self._said.get(url) != error.what:
            self._say(str(error) if str(error).startswith(url[:300]) else f"{url}: {error}")
        self._said[url] = error.what

    def _worked(self, url: str, done: Polled) -> None:
        if self._said.pop(url, None) is not None:
            self._say(f"{url}: it works again")
        self._count(**{done.outcome: 1}, sent=done.sent, updates=done.updates, refused=done.refused)
        if done.remarks != self._remarked.get(url, ()):
            for remark in done.remarks:
                self._say(f"{url}: {remark}")
            self._remarked[url] = done.remarks
        if done.refused:
            self._say(
                f"{url}: {done.refused} records are larger than TOCSIN_REQUEST_BYTES or the topic allow: not sent"
            )

    def _count(self, **more: int) -> None:
        self.tally = replace(self.tally, **{name: getattr(self.tally, name) + one for name, one in more.items()})
