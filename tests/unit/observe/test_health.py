"""The three pages: what they answer, and what happens when the port is another program's."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from streams.errors import PortTakenError
from streams.observe.health import HealthServer
from streams.observe.metrics import Metrics, build

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


class Room:
    """A server on a free port, whose health the test decides."""

    def __init__(self) -> None:
        self.metrics: Metrics = build()
        self.dead: str | None = None
        self.unready: str | None = None
        self.server = HealthServer("127.0.0.1", 0, self.metrics.registry, lambda: self.dead, lambda: self.unready)

    async def get(self, path: str, accept: str = "*/*", method: str = "GET") -> tuple[int, str, str]:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, url, headers={"Accept": accept}) as response,
        ):
            self.headers = response.headers
            return response.status, response.headers["Content-Type"], await response.text()


@asynccontextmanager
async def serving() -> AsyncIterator[Room]:
    room = Room()
    await room.server.on_start()
    try:
        yield room
    finally:
        await room.server.on_stop()


async def test_openmetrics_where_it_is_asked_for() -> None:
    async with serving() as room:
        room.metrics.alerts_by_country.labels(country="UA").inc(3)
        status, kind, body = await room.get("/metrics", OPEN_METRICS)
    assert status == 200
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")
    families = {family.name: family for family in open_metrics(body)}
    assert {
        s.labels["country"]: s.value for s in families["tocsin_alerts_by_country"].samples if "_total" in s.name
    } == {"UA": 3}


@pytest.mark.parametrize("accept", ["*/*", "text/html", "text/plain; version=0.0.4", ""])
async def test_plain_text_otherwise(accept: str) -> None:
    async with serving() as room:
        status, kind, body = await room.get("/metrics", accept)
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert "# EOF" not in body
    names = {family.name for family in plain_text(body)}
    assert "tocsin_articles_processed" in names
    assert "process_resident_memory_bytes" in names


async def test_alive_and_ready() -> None:
    async with serving() as room:
        for path in ("/livez", "/readyz"):
            status, kind, body = await room.get(path)
            assert (status, body) == (200, "ok\n")
            assert kind.startswith("text/plain")
            assert room.headers["Cache-Control"] == "no-store"
            assert room.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.requirement(13)
async def test_stuck_is_not_alive_and_says_why() -> None:
    async with serving() as room:
        room.dead = "no progress for 130 s with records waiting"
        status, _, body = await room.get("/livez")
        assert (status, body) == (503, "no progress for 130 s with records waiting\n")
        assert (await room.get("/readyz"))[0] == 200
        room.dead = None
        assert (await room.get("/livez"))[0] == 200


async def test_not_ready_is_alive_all_the_same() -> None:
    async with serving() as room:
        room.unready = "the model is not loaded"
        assert (await room.get("/readyz"))[::2] == (503, "the model is not loaded\n")
        assert (await room.get("/livez"))[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics/", "/config", "/../etc/passwd"])
@pytest.mark.requirement(18)
async def test_there_is_no_other_page(path: str) -> None:
    async with serving() as room:
        assert (await room.get(path))[0] == 404


async def test_pages_are_read_only() -> None:
    async with serving() as room:
        for path in ("/metrics", "/livez", "/readyz"):
            for method in ("POST", "PUT", "DELETE"):
                assert (await room.get(path, method=method))[0] == 405


async def test_a_taken_port_is_an_error_that_names_it_and_the_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = HealthServer("127.0.0.1", port, build().registry, lambda: None, lambda: None)
        with pytest.raises(PortTakenError, match=rf"127\.0\.0\.1:{port} .*TOCSIN_ASSESS_PORT") as caught:
            await server.on_start()
        assert caught.value.exit_code == 7
        assert server.port == 0
        await server.on_stop()


async def test_the_port_is_free_again_after_the_stop() -> None:
    async with serving() as room:
        port = room.server.port
        assert port > 0
    assert room.server.port == 0
    again = HealthServer("127.0.0.1", port, build().registry, lambda: None, lambda: None)
    await again.on_start()
    assert again.port == port
    await again.on_stop()
