"""`/metrics`, `/livez` and `/readyz` on the loopback address. Read-only, nothing of any article, no other page.

`/livez` fails when there is work and no progress, so that an orchestrator restarts a consumer that died silently; it
says nothing of Kafka. `/readyz` answers 200 when the model is warm, partitions are assigned and tables are recovered.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from mode import Service
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from streams.observe.listening import listen, port_of

__all__ = ["HealthServer"]

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class HealthServer(Service):
    """Serves the three pages, `/metrics` from `registry`. `live` and `ready` return None if all is well, else what is
    wrong in a few words.
    """

    mundane_level = "debug"

    def __init__(
        self,
        bind: str,
        port: int,
        registry: CollectorRegistry,
        live: Callable[[], str | None],
        ready: Callable[[], str | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._bind, self._port, self._registry = bind, port, registry
        self._live, self._ready = live, ready
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, also where 0 was asked for. 0 before it runs."""
        return port_of(self._runner)

    async def on_start(self) -> None:
        """Begin to listen. Raises PortTakenError if the port is another program's."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics_page)
        application.router.add_get("/livez", self._page(self._live))
        application.router.add_get("/readyz", self._page(self._ready))
        self._runner = await listen(
            application, self._bind, self._port, "TOCSIN_ASSESS_PORT, TOCSIN_ALERT_PORT or TOCSIN_CANARY_PORT"
        )

    async def on_stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _metrics_page(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = encode(self._registry)
        return web.Response(body=body, headers={"Content-Type": content_type, **_HEADERS})

    def _page(self, problem: Callable[[], str | None]) -> Any:
        async def page(_request: web.Request) -> web.Response:
            found = problem()
            return web.Response(text=(found or "ok") + "\n", status=503 if found else 200, headers=_HEADERS)

        return page
