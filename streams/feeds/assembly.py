"""The crawler put together from its parts, from the gate to the stop at a signal.

Guarantees: the first SIGINT or SIGTERM stops in order (what was sent is remembered, nothing is half done), a second
one at once; connections and child processes are gone when it returns. Refuses nothing of its own.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver
from yarl import URL

from streams.feeds.aside import Aside
from streams.feeds.crawl import Crawl, Tally
from streams.feeds.gate import Gate
from streams.feeds.manners import Visitor
from streams.feeds.outlines import Listed
from streams.feeds.pace import Pace
from streams.feeds.poll import Outlet, Poller
from streams.feeds.reading import quiet
from streams.feeds.schedule import Timing
from streams.feeds.state import State
from streams.feeds.web import opened

__all__ = ["Options", "crawled"]

_READING = 20.0
"""Seconds for one parser of hostile text; honest pages and feeds of the largest size take less than five."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chose. `since`: hours; `host_seconds`: between requests to one host."""

    user_agent: str
    since: float = 24.0
    once: bool = False
    pages: bool = True
    private: bool = False
    host_seconds: float = 2.0
    timing: Timing = field(default_factory=Timing)


async def crawled(
    feeds: Listed,
    state: State,
    options: Options,
    outlet: AbstractAsyncContextManager[Outlet],
    say: Callable[[str], None],
    resolver: AbstractResolver | None = None,
) -> Tally:
    """Crawl until done or told to stop; what was polled and sent. `resolver` stands in for the system's in tests."""
    quiet()
    gate = Gate.of(map(URL, feeds.typed), private=options.private)
    reader, extractor = Aside(_READING), Aside(_READING)  # two, so that pages never make feeds wait
    try:
        async with outlet as out, opened(gate, options.user_agent, resolver) as web:
            visitor = Visitor(web, gate, Pace(options.host_seconds), state, time.time)
            poller = Poller(visitor, state, out, reader, extractor, time.time, since=options.since, pages=options.pages)
            crawl = Crawl(feeds.feeds, state, poller, say, time.time, options.timing)
            with _stopping() as stop:
                try:
                    await (crawl.once(stop) if options.once else crawl.for_ever(stop))
                except BaseException:
                    say(str(crawl.tally))
                    raise
            return crawl.tally
    finally:
        reader.close()
        extractor.close()


@contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set, the first time."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def ask() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, ask)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
