"""What the tests of feeds share: a site that misbehaves, names that resolve as told, a clock, a crawler of parts."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from streams.feeds.entries import Entry
from streams.feeds.gate import Gate
from streams.feeds.manners import Visitor
from streams.feeds.pace import Pace
from streams.feeds.poll import Limits, Poller
from streams.feeds.state import State
from streams.feeds.web import Bounds, agent, opened

NOW = 1_782_000_000.0
"""2026-06-21T00:00:00Z."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AGENT = agent("desk@example.org") or ""
SMALL = Limits(Bounds(5 * 1024 * 1024, 5.0, 2.0), Bounds(3 * 1024 * 1024, 5.0, 2.0))


class Clock:
    """Epoch seconds that pass only by sleeping."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Names(AbstractResolver):
    """Gives the addresses it was told for a name, one list a question; the last for ever. Others are 127.0.0.1."""

    def __init__(self, **told: list[list[str]]) -> None:
        self.told = {name.replace("_", "."): lists for name, lists in told.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        lists = self.told.get(host, [["127.0.0.1"]])
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for one in addresses
        ]

    async def close(self) -> None:
        pass


class Site:
    """A web server: `pages` by path are a text, or a handler. Everything else is 404. `asked` keeps the requests."""

    def __init__(self) -> None:
        self.pages: dict[str, str | bytes | Handler] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0

    def url(self, path: str, host: str = "news.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """What was asked for, but for robots.txt."""
        return [path for path, _ in self.asked if path != "/robots.txt"]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path_qs, {name.lower(): value for name, value in request.headers.items()}))
        found = self.pages.get(request.path)
        if found is None:
            return web.Response(status=404)
        if isinstance(found, bytes | str):
            body = found.encode() if isinstance(found, str) else found
            kind = "text/html" if body.lstrip()[:9].lower() in (b"<!doctype", b"<html><he") else "application/xml"
            return web.Response(body=body, content_type=kind)
        return await found(request)


def answer(status: int = 200, body: bytes | str = b"", **headers: str) -> Handler:
    """A handler that always answers the same; `_` in a header's name is `-`."""

    async def handle(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return handle


def bomb(size: int) -> Handler:
    """`size` bytes of blanks, as a few of gzip."""
    return answer(body=gzip.compress(b" " * size, 9), Content_Encoding="gzip", Content_Type="application/xml")


def endless(pause: float, piece: bytes = b" ") -> Handler:
    """A body that never ends."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/xml"})
        await response.prepare(request)
        try:
            while True:
                await response.write(piece)
                await asyncio.sleep(pause)
        except (ConnectionError, asyncio.CancelledError):
            return response

    return handle


@asynccontextmanager
async def served() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", site.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


class Inline:
    """Does slow work in a thread."""

    async def run(self, work: Any, *args: Any, **more: Any) -> Any:
        return await asyncio.to_thread(work, *args, **more)


@dataclass
class Kept:
    """An outlet that keeps what it gets. `fault` is raised instead of taking the record of that number (from 0)."""

    values: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    faults: dict[int, BaseException] = field(default_factory=dict)
    refuse: bool = False
    calls: int = 0

    async def put(self, value: bytes) -> bool:
        number, self.calls = self.calls, self.calls + 1
        if number in self.faults:
            raise self.faults[number]
        if self.refuse:
            return False
        self.raw.append(value)
        self.values.append(orjson.loads(value))
        return True

    def titles(self) -> list[str]:
        return [value.get("title", "") for value in self.values]


@dataclass
class Rig:
    """A crawler of real parts against a site of ours."""

    site: Site
    clock: Clock
    state: State
    out: Kept
    visitor: Visitor
    poller: Poller
    gate: Gate


@asynccontextmanager
async def rigged(
    *,
    state: State | None = None,
    names: Names | None = None,
    private: bool = True,
    out: Kept | None = None,
    pages: bool = False,
    limits: Limits = SMALL,
    since: float = 24.0,
    interval: float = 0.0,
    clock: Clock | None = None,
) -> AsyncIterator[Rig]:
    clock, out = clock or Clock(), out or Kept()
    own = State(None) if state is None else None
    memory = state or own
    assert memory is not None
    async with served() as site:
        hosts = ("news.test", "other.test", "127.0.0.1", "inner.test")
        gate = Gate(frozenset((host, site.port) for host in hosts), private)
        async with opened(gate, AGENT, names or Names()) as client:
            visitor = Visitor(client, gate, Pace(interval), memory, clock, clock.sleep)
            poller = Poller(visitor, memory, out, Inline(), Inline(), clock, since=since, pages=pages, limits=limits)
            try:
                yield Rig(site, clock, memory, out, visitor, poller, gate)
            finally:
                if own is not None:
                    own.close()


def item(number: int, **more: str) -> str:
    """An RSS item of a few minutes before NOW."""
    told = {
        "guid": f"id-{number}",
        "title": f"Title {number}",
        "link": f"/story/{number}",
        "pubDate": "Sat, 20 Jun 2026 23:30:00 GMT",
        "description": f"Text of story {number}.",
    } | more
    return "<item>" + "".join(f"<{name}>{text}</{name}>" for name, text in told.items() if text) + "</item>"


def rss(*items: str, channel: str = "") -> str:
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>News Test</title>'
    return f"{head}<language>en</language>{channel}{''.join(items)}</channel></rss>"


def entry(**more: Any) -> Entry:
    """An entry with what is given and nothing else."""
    empty: dict[str, Any] = dict.fromkeys(
        ("id", "link", "title", "summary", "content", "published", "updated", "language", "source")
    )
    return Entry(**(empty | {"authors": (), "tags": ()} | more))


def address(text: str) -> URL:
    return URL(text)
