"""One poll of one feed: fetch, read, choose, fetch pages, send, remember.

Guarantees: an entry is remembered only after its record was taken (the broker's ack), and the feed's validators only
after all its entries: a death at any point repeats what was in work and loses nothing. An entry that changed is sent
again under the address that it was first sent with. Refuses to fetch more than 50 pages a poll, or pages for more
than five minutes of it.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from yarl import URL

from streams.feeds import entries, reading, record
from streams.feeds.aside import Helper
from streams.feeds.choose import Job, choose
from streams.feeds.entries import Feed
from streams.feeds.faults import DAY, FeedError
from streams.feeds.gate import web_url
from streams.feeds.manners import Visitor
from streams.feeds.pace import retry_after
from streams.feeds.schedule import FeedState
from streams.feeds.state import Seen, State
from streams.feeds.web import Bounds

__all__ = ["Limits", "Outlet", "Polled", "Poller"]

_FEED_ACCEPT: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
_PAGE_ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9"
_PAGES: Final = ("text/html", "application/xhtml+xml")
_MOST_PAGES: Final = 50
_PAGES_SECONDS: Final = 300.0
"""Seconds of a poll after which no more pages are fetched in it: a slow site must not make its news late."""
_PATIENCE: Final = 90.0
"""Seconds that a page's host may keep us waiting; then the entry's own words must do."""
_WALL: Final = re.compile(r"(?:^|[./_-])(?:consent|log-?in|sign-?in|captcha|subscribe)(?:[./_-]|$)", re.IGNORECASE)
"""In an address that a page redirects to: what it shows is no article."""


class Outlet(Protocol):
    """Where records go."""

    async def put(self, value: bytes) -> bool:
        """Return True when it has been taken for good, False if it is refused for good. Raises for anything else."""


@dataclass(frozen=True, slots=True)
class Polled:
    """How a poll ended that worked. `sent` holds the `updates`; `refused`: too large for the topic.

    `remarks`: what is odd about the feed, in words.
    """

    outcome: Literal["ok", "unchanged"]
    sent: int = 0
    updates: int = 0
    refused: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Of requests for feeds and for pages."""

    feed: Bounds = field(default_factory=lambda: Bounds(5 * 1024 * 1024, 60.0, 10.0))
    page: Bounds = field(default_factory=lambda: Bounds(3 * 1024 * 1024, 30.0, 10.0))


class Poller:
    """Polls. `since`: hours of a feed's past at first contact; `pages`: whether articles are fetched."""

    def __init__(
        self,
        visitor: Visitor,
        state: State,
        outlet: Outlet,
        reader: Helper,
        extractor: Helper,
        clock: Callable[[], float],
        *,
        since: float = 24.0,
        pages: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self._visitor, self._state, self._outlet = visitor, state, outlet
        self._reader, self._extractor = reader, extractor
        self._clock, self._since, self._pages = clock, since, pages
        self._limits = limits or Limits()
        self._delivering: set[asyncio.Task[bool]] = set()

    async def poll(self, url: str) -> tuple[FeedState, Polled]:
        """Poll `url` once; the feed's state afterwards (its `due` is the caller's), not kept yet. Raises FeedError."""
        state = self._state.feed(url)
        headers = {"Accept": _FEED_ACCEPT}
        if state.etag:
            headers["If-None-Match"] = state.etag
        if state.modified:
            headers["If-Modified-Since"] = state.modified
        reply = await self._visitor.fetch(web_url(url), self._limits.feed, headers)
        if reply.status == 304:
            return state, Polled("unchanged")
        if reply.status != 200:
            raise _status_error(url, reply.status, reply.headers.get("retry-after"), self._clock())
        kind = reply.headers.get("content-type", "")
        try:
            # WHY not the address that it redirected to: ids and links must stay while mirrors change.
            feed = await self._reader.run(entries.read, reply.body, kind, url)
        except TimeoutError:
            raise FeedError(url, "it takes too long to read", "its publisher must mend it") from None
        done = await self._send(url, feed, None if state.met else self._since)
        etag, modified = reply.headers.get("etag"), reply.headers.get("last-modified")
        return replace(state, etag=etag, modified=modified, hint=feed.hint, met=True), done

    async def settle(self) -> None:
        """Wait for what was being sent when the poll was cancelled."""
        if self._delivering:
            await asyncio.gather(*self._delivering, return_exceptions=True)

    async def _send(self, url: str, feed: Feed, since: float | None) -> Polled:
        known, now = self._state.seen(url), self._clock()
        choice = await asyncio.to_thread(choose, feed.entries, known, now, since=since)
        sent = updates = refused = pages = 0
        for job in choice.jobs:
            link = record.link_of(job.entry, url)
            page = None
            if self._pages and link and pages < _MOST_PAGES and self._clock() - now < _PAGES_SECONDS:
                pages += 1
                page = await self._page(link)
            again = job.before is not None and job.before.sent is not None
            address = (job.before.url if job.before is not None and again else None) or (page and page[1]) or link
            value = record.make(job.entry, feed, url, address, page and page[0], self._moment())
            told = None if value is None else record.text_of(value)
            if value is None or (job.before is not None and told == job.before.sent):
                self._keep(url, job, job.before.sent if job.before else None, address)
                continue
            taken = await self._deliver(url, job, value, told, address)
            sent, updates, refused = sent + taken, updates + (taken and again), refused + (not taken)
        now = self._clock()
        self._state.keep_seen(url, ((job.key, _seen(job, None, None, now)) for job in choice.passed), now)
        self._state.prune(url, choice.present, now)
        return Polled("ok", sent, updates, refused, _remarks(feed))

    async def _deliver(self, url: str, job: Job, value: bytes, told: bytes | None, address: str | None) -> bool:
        async def deliver() -> bool:
            taken = await self._outlet.put(value)
            # ORDER: remembered only now, when it is on the topic.
            self._keep(url, job, told, address)
            return taken

        # WHY a shield: a stop between the broker's ack and our note of it would send the article twice.
        task = asyncio.create_task(deliver())
        self._delivering.add(task)
        task.add_done_callback(self._delivering.discard)
        return await asyncio.shield(task)

    def _keep(self, url: str, job: Job, told: bytes | None, address: str | None) -> None:
        now = self._clock()
        self._state.keep_seen(url, [(job.key, _seen(job, told, address, now))], now)

    async def _page(self, link: str) -> tuple[str, str] | None:
        """The text of the page at `link` and its address; None where it can't or must not be had."""
        try:
            reply = await self._visitor.fetch(
                web_url(link), self._limits.page, {"Accept": _PAGE_ACCEPT}, patience=_PATIENCE
            )
        except FeedError:
            return None
        if reply.status != 200 or reply.kind not in _PAGES or _is_wall(reply.url, link):
            return None
        kind = reply.headers.get("content-type", "")
        try:
            text = await self._extractor.run(reading.page_text, reply.body, kind)
        except TimeoutError:
            return None
        return None if text is None else (text, str(reply.url))

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _is_wall(url: URL, link: str) -> bool:
    """Whether a redirect ended at a front page or a barrier: what it shows is not the article that was linked."""
    if str(url) == link:
        return False
    front = url.path in ("", "/") and not url.query_string
    return front or _WALL.search(f"{url.host}{url.path}") is not None


def _seen(job: Job, told: bytes | None, address: str | None, now: float) -> Seen:
    return Seen(job.text, job.entry.updated, told, address, now)


def _remarks(feed: Feed) -> tuple[str, ...]:
    broken = ("its XML is broken and was read as far as it goes",) if feed.broken else ()
    return broken + ((f"{feed.left} entries beyond the first {len(feed.entries)} are not read",) if feed.left else ())


def _status_error(url: str, status: int, retry: str | None, now: float) -> FeedError:
    """What a status other than 200 and 304 means for whoever keeps the list."""
    wait = retry_after(retry, now)
    if status == 410:
        return FeedError(url, "it is gone for good (410)", "take it off the list", wait=DAY)
    if status in (404, 400):
        return FeedError(url, f"it answers {status}", "look for its new address on the site", wait=wait)
    if status in (401, 402, 403, 451):
        return FeedError(
            url, f"it answers {status}: we may not read it", "ask its publisher, or leave it out", wait=wait
        )
    if status in (429, 503):
        return FeedError(url, f"it answers {status}: too busy", "nothing: it is asked again when it said", wait=wait)
    return FeedError(url, f"it answers {status}", "it is asked again later", wait=wait)
