"""What stands before every page: who may ask, how, and what a browser may do with the answer.

Guarantees: the headers are on every answer that a handler or this module gives, errors included; a page of another
name that was pointed at our address (DNS rebinding) gets nothing; nothing but GET and HEAD is done. Refuses all else.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

__all__ = ["HEADERS", "Handler", "names_of", "protect"]

HEADERS: Final = {
    "Content-Security-Policy": "; ".join((
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "tocsin",
}  # fmt: skip
_METHODS: Final = ("GET", "HEAD")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def names_of(bind: str, more: Collection[str] = ()) -> frozenset[str]:
    """The names under which the board may be asked for: the loopback's, the address that it is bound to, and `more`."""
    return _LOOPBACK | {name.strip("[]").lower() for name in (bind, *more)}


def protect(application: web.Application, names: Collection[str]) -> None:
    """Put the guard before, and the headers on, everything that `application` answers."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _host(request) not in names:
            raise web.HTTPMisdirectedRequest(text="this board is not known by that name\n")
        if request.method not in _METHODS:
            raise web.HTTPMethodNotAllowed(request.method, _METHODS, text="only GET and HEAD\n")
        return await handler(request)

    async def sign(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(HEADERS)

    application.middlewares.append(guard)
    application.on_response_prepare.append(sign)


def _host(request: web.Request) -> str | None:
    """The name asked for, without a port; None unless exactly one is named."""
    said = request.headers.getall("Host", [])
    if len(said) != 1:
        return None
    try:
        parts = urlsplit(f"//{said[0]}")
        parts.port  # noqa: B018  (raises for what is no port)
    except ValueError:
        return None
    return None if parts.netloc != said[0] or "@" in parts.netloc else parts.hostname
