"""The board's pages on an address of ours: the page itself, a snapshot, the events, and `/livez`. Read-only.

Guarantees: nothing is served that is not in this package or made from alerts; the files are read once, at the start; a
browser that reads too slowly is cut off. Refuses to start on a port that another program has.
"""

import asyncio
from collections.abc import Callable, Collection
from importlib.resources import files
from typing import Final

from aiohttp import web

from streams.board.desk import Desk
from streams.board.frames import number_in
from streams.board.hub import CrowdedError
from streams.board.shield import Handler, names_of, protect
from streams.observe.listening import listen, port_of

__all__ = ["FILES", "BoardServer"]

FILES: Final = {
    "/": ("index.html", "text/html"),
    "/static/board.js": ("board.js", "text/javascript"),
    "/static/board.css": ("board.css", "text/css"),
    "/static/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Every file that is served, by its path: nothing is looked up by a name that a browser says."""
_WRITE_SECONDS: Final = 30.0
"""So long may one write to a browser take."""
_GOODBYE_SECONDS: Final = 2.0
_JSON: Final = "application/json"


class BoardServer:
    """Serves one desk. `live` returns None if all is well, else what is wrong in a few words."""

    def __init__(
        self, desk: Desk, bind: str, port: int, live: Callable[[], str | None], names: Collection[str] = ()
    ) -> None:
        self._desk, self._bind, self._port, self._live = desk, bind, port, live
        self._names = names_of(bind, names)
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, also where 0 was asked for. 0 before it runs."""
        return port_of(self._runner)

    @property
    def address(self) -> str:
        """What to type into a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._bind, self._bind)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}/"

    async def start(self) -> None:
        """Begin to listen. Raises PortTakenError if the port is another program's."""
        application = web.Application()
        for path, (name, kind) in FILES.items():
            application.router.add_get(path, _file(name, kind))
        application.router.add_get("/api/incidents", self._incidents)
        application.router.add_get("/events", self._events)
        application.router.add_get("/livez", self._livez)
        application.on_shutdown.append(self._part)
        protect(application, self._names)
        self._runner = await listen(
            application, self._bind, self._port, "TOCSIN_BOARD_PORT", shutdown_timeout=_GOODBYE_SECONDS
        )

    async def stop(self) -> None:
        """End all connections and close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _part(self, _application: web.Application) -> None:
        self._desk.close()

    async def _livez(self, _request: web.Request) -> web.Response:
        found = self._live()
        return web.Response(text=(found or "ok") + "\n", status=503 if found else 200)

    async def _incidents(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._desk.snapshot(), content_type=_JSON)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        # A browser that comes back says it in the header; the first time the page says which snapshot it has.
        after = number_in(request.headers.get("Last-Event-ID") or request.query.get("after"))
        # X-Accel-Buffering: nginx would keep events back until it has a page full of them.
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        if request.method == "HEAD":
            return response
        transport = request.transport
        if transport is None:
            return response
        try:
            with self._desk.joined(after, transport.abort) as browser:
                await response.prepare(request)
                while (frames := await browser.next()) is not None:
                    await asyncio.wait_for(response.write(frames), _WRITE_SECONDS)
        except CrowdedError:
            raise web.HTTPServiceUnavailable(text="too many browsers are connected\n") from None
        except (ConnectionError, TimeoutError):
            transport.abort()  # it went away, or reads nothing: it comes back and says what it has
        return response


def _file(name: str, kind: str) -> Handler:
    body = files("streams.board").joinpath("static", name).read_bytes()

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return page
