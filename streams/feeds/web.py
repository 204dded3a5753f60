"""One request to the web: GET, bounded in time and size, without cookies, proxies, credentials or redirects.

Guarantees: a body is counted while it comes in and after it is unpacked, so neither an endless one nor a bomb is ever
held; every fault is one FeedError. Refuses to follow a redirect: whoever asked must look at the new address first.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from streams.feeds.faults import DAY, FeedError
from streams.feeds.gate import Gate, GuardedResolver, NotPublicError

__all__ = ["CRAWLER", "Bounds", "Reply", "Web", "agent", "opened"]

CRAWLER: Final = f"tocsin-feed/{version('tocsin')}"
"""Who we are, in records and headers."""
_AT_ONCE: Final = 16
_LONGEST_HEADER: Final = 2_048
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}", re.ASCII)
_PAGE: Final = re.compile(r"https?://[!-'*-~]{3,200}", re.ASCII)
_BINARY: Final = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip", "multipart/")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one request: `most` bytes of the unpacked body, `total` and `connect` seconds."""

    most: int
    total: float
    connect: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Header names are in lower case; `body` is empty unless the status is 200."""

    status: int
    url: URL
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type without parameters, in lower case; empty where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def agent(contact: str) -> str | None:
    """Our User-Agent with a mail address or web page for complaints; None if `contact` is neither."""
    if not (_MAIL.fullmatch(contact) or _PAGE.fullmatch(contact)):
        return None
    return f"Tocsin/{version('tocsin')} (+{contact})"


class Web:
    """Asks one address at a time as it is told. Made by `opened`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: URL, bounds: Bounds, headers: Mapping[str, str]) -> Reply:
        """The answer of `url`, whatever its status. Raises FeedError for no answer, too long a one, or a binary."""
        where = str(url)
        timeout = aiohttp.ClientTimeout(total=bounds.total, connect=bounds.connect, sock_connect=bounds.connect)
        try:
            async with self._session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as answer:
                said = {name.lower(): value for name, value in answer.headers.items() if _is_word(value)}
                reply = Reply(answer.status, url, said, b"")
                if reply.status != 200:
                    return reply
                if reply.kind.startswith(_BINARY):
                    fix = "look whether the address is right"
                    raise FeedError(where, f"it is no text but {reply.kind[:40]}", fix, wait=DAY)
                return Reply(200, url, said, await _body(answer, bounds.most, where))
        except TimeoutError as error:
            what = f"no whole answer within {bounds.total:g} s"
            raise FeedError(where, what, "it is asked again later") from error
        except (FeedError, MemoryError):
            raise
        except Exception as error:
            # WHY all: what a hostile server can make a client raise (RuntimeError among it) must cost one feed only.
            raise _fault(where, error) from error


def _is_word(value: str) -> bool:
    """Whether a header's value can be kept and sent back: others are as good as not said."""
    return len(value) <= _LONGEST_HEADER and value.isascii() and value.isprintable()


async def _body(answer: aiohttp.ClientResponse, most: int, where: str) -> bytes:
    found = bytearray()
    async for piece in answer.content.iter_any():
        found += piece
        if len(found) > most:
            raise FeedError(where, f"it is larger than {most / 1_048_576:g} MiB", "no feed or page needs so much")
    return bytes(found)


def _fault(where: str, error: Exception) -> FeedError:
    causes = [error, error.__cause__, getattr(error, "os_error", None)]
    if any(isinstance(cause, NotPublicError) for cause in causes):
        what = "its name resolves to an address that is not public"
        return FeedError(where, what, "--allow-private reads feeds of your own network", ours=True)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FeedError(where, "its name can't be resolved", "look for a typing mistake, and at this machine's DNS")
    if isinstance(error, aiohttp.ClientSSLError):
        return FeedError(where, f"no trusted TLS ({type(error).__name__})", "its certificate is for its owner to mend")
    return FeedError(where, f"no answer ({type(error).__name__})", "it is asked again later")


@asynccontextmanager
async def opened(gate: Gate, user_agent: str, resolver: AbstractResolver | None = None) -> AsyncIterator[Web]:
    """A Web whose every connection goes through `gate`. `resolver` stands in for the system's in tests."""
    guarded = GuardedResolver(gate, resolver)
    # WHY no cache: what was judged is what is connected to, each time. WHY no proxy of the environment: it would
    # resolve names itself, behind the gate.
    connector = aiohttp.TCPConnector(resolver=guarded, use_dns_cache=False, limit=_AT_ONCE, limit_per_host=1)
    headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate", "Accept-Language": "en, *;q=0.5"}
    session = aiohttp.ClientSession(
        connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )
    try:
        async with session:
            yield Web(session)
    finally:
        await guarded.close()
        await asyncio.sleep(0)  # lets TLS connections say goodbye
