"""The pages over HTTP: headers on everything, no name but ours, events that resume, and browsers that read nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from streams.alert.record import encode
from streams.board.desk import Desk
from streams.board.hub import Hub
from streams.board.run import Running
from streams.board.server import FILES, BoardServer
from streams.board.shield import HEADERS
from streams.errors import PortTakenError
from tests.unit.board.support import COUNTRIES, Memory, alert, hostile, serving
from tests.unit.board.test_frames import parsed
from tests.unit.board.test_view import texts

PATHS = [*FILES, "/api/incidents", "/livez", "/nothing", "/static/../server.py", "/static/%2e%2e/server.py"]


async def get(board: Running, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, str]:
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, board.server.address.rstrip("/") + path, headers=headers) as answer,
    ):
        return answer.status, answer.headers, await answer.text()


@asynccontextmanager
async def listening(board: Running | BoardServer, path: str = "/events", **headers: str) -> AsyncIterator["Listener"]:
    server = board if isinstance(board, BoardServer) else board.server
    async with (
        aiohttp.ClientSession() as client,
        client.get(server.address.rstrip("/") + path, headers=headers) as answer,
    ):
        assert answer.status == 200
        yield Listener(answer)


class Listener:
    """A browser's side of the events."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.raw = b""
        self._left = b""

    async def next(self) -> dict[str, str]:
        """The next event that is no status."""
        while True:
            while b"\n\n" not in self._left:
                found = await asyncio.wait_for(self.answer.content.readany(), 5)
                assert found, "the connection ended"
                self.raw += found
                self._left += found
            block, _, self._left = self._left.partition(b"\n\n")
            for event in parsed(block + b"\n\n"):
                if event["event"] != "status":
                    return event


def cut_off(connection: socket.socket) -> bool:
    """Whether the connection breaks off in the middle, after what is on its way."""
    last = b""
    try:
        while found := connection.recv(1_000_000):
            last = (last + found)[-5:]
    except ConnectionError:
        return True
    return last != b"0\r\n\r\n"


@pytest.mark.parametrize("path", PATHS)
async def test_the_headers_are_on_every_answer(path: str) -> None:
    async with serving(Memory()) as board:
        for method in ("GET", "HEAD", "POST", "DELETE"):
            status, headers, body = await get(board, path, method)
            assert {name: headers[name] for name in HEADERS} == HEADERS
            if method in ("POST", "DELETE"):
                assert status in (404, 405), method
            if method == "HEAD":
                assert body == ""


async def test_the_policy_lets_nothing_in_but_our_own_files() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert {policy[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert policy["require-trusted-types-for"] == "'script'"
    async with serving(Memory()) as board:
        for path, (_, kind) in FILES.items():
            status, headers, body = await get(board, path)
            assert (status, headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
            assert "//" not in body.replace("http://www.w3.org/", "").replace("// ", ""), "no address of anybody"
            assert not [
                word for word in ("innerHTML", "outerHTML", "document.write", "eval(", "insertAdj") if word in body
            ]
            assert not [word for word in (" style=", "onclick=", "onload=", "<style") if word in body]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "user@127.0.0.1", "127.0.0.1:x", "[::1"],
)
@pytest.mark.parametrize("path", ["/", "/api/incidents", "/events", "/static/board.js", "/nothing"])
async def test_no_page_of_another_name_is_answered(host: str, path: str) -> None:
    async with serving(Memory([alert()])) as board:
        status, headers, body = await get(board, path, Host=host)
        assert status == 421
        assert "Chad" not in body
        assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:6068", "127.0.0.1", "127.0.0.1:1", "[::1]:6068", "news.internal"]
)
async def test_our_own_names_are_answered(host: str) -> None:
    async with serving(Memory(), names=("News.internal",)) as board:
        assert (await get(board, "/livez", Host=host))[0] == 200


async def test_two_names_are_none() -> None:
    async with serving(Memory()) as board:
        reader, writer = await asyncio.open_connection("127.0.0.1", board.server.port)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.split(b" ", 2)[1] in (b"400", b"421")


async def test_the_snapshot_holds_hostile_text_as_text() -> None:
    async with serving(Memory(hostile())) as board:
        status, headers, body = await get(board, "/api/incidents")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        shown = orjson.loads(body)
        assert len(shown["incidents"]) == len(hostile())
        assert all(text.isprintable() for text in texts(shown))
        assert {
            one["href"].split(":")[0] for item in shown["incidents"] for one in [item["messages"][0]["link"]] if one
        } == {"https"}


async def test_an_alert_comes_at_once() -> None:
    source = Memory()
    async with serving(source) as board, listening(board) as browser:
        assert browser.answer.headers["Content-Type"].startswith("text/event-stream")
        assert browser.answer.headers["X-Accel-Buffering"] == "no"
        source.push(alert(1))
        event = await browser.next()
        assert event["event"] == "incident"
        assert browser.raw.startswith(b"retry: ")


async def test_who_comes_back_misses_nothing() -> None:
    source = Memory()
    async with serving(source) as board:
        async with listening(board) as browser:
            source.push(alert(1))
            heard = (await browser.next())["id"]
        source.push(alert(2), alert(3), alert(3, 1))
        async with listening(board, "/events?after=1", **{"Last-Event-ID": heard}) as browser:
            source.push(alert(4))
            found = [await browser.next() for _ in range(4)]
        assert [int(one["id"]) for one in found] == [int(heard) + number for number in (1, 2, 3, 4)]
        assert {one["event"] for one in found} == {"incident"}


@pytest.mark.parametrize("heard", ["1", "999999999999999999"])
async def test_who_was_away_too_long_is_told_to_begin_anew(heard: str) -> None:
    async with serving(Memory([alert(1)])) as board, listening(board, **{"Last-Event-ID": heard}) as browser:
        event = await browser.next()
        assert event["event"] == "reset"
        async with listening(board, **{"Last-Event-ID": event["id"]}) as again:
            assert again.answer.status == 200


async def test_a_number_that_is_none_begins_now() -> None:
    source = Memory([alert(1)])
    async with serving(source) as board, listening(board, **{"Last-Event-ID": "'; --"}) as browser:
        source.push(alert(2))
        assert (await browser.next())["event"] == "incident"


async def test_a_restart_is_a_reset() -> None:
    source = Memory([alert(1)])
    async with serving(source) as board, listening(board) as browser:
        source.push(alert(2))
        heard = (await browser.next())["id"]
    async with serving(source) as board, listening(board, **{"Last-Event-ID": heard}) as browser:
        event = await browser.next()
        assert event["event"] == "reset"
        assert int(event["id"]) > int(heard)


async def test_a_comment_and_the_state_come_without_being_asked() -> None:
    async with serving(Memory(), tick=0.02) as board, listening(board) as browser:
        while b": still here\n\n" not in browser.raw:
            browser.raw += await asyncio.wait_for(browser.answer.content.readany(), 5)


async def test_a_browser_that_reads_nothing_stalls_nobody() -> None:
    desk = Desk(COUNTRIES, hours=24, topic="alerts", hub=Hub(waiting=8))
    server = BoardServer(desk, "127.0.0.1", 0, lambda: None)
    await server.start()
    desk.caught_up()
    large = alert(1).evidence * 24  # the system's buffers hold megabytes
    try:
        async with listening(server) as quick:
            with socket.create_connection(("127.0.0.1", server.port)) as slow:
                slow.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                last = 0
                for number in range(2_000):
                    desk.take(encode(alert(number % 4, number, evidence=large)))
                    event = await quick.next()
                    assert not last or int(event["id"]) == last + 1, "the other browser misses nothing"
                    last = int(event["id"])
                    if desk.dropped:
                        break
                assert desk.dropped == 1
                slow.settimeout(5)
                assert await asyncio.to_thread(cut_off, slow)
    finally:
        await server.stop()


async def test_the_head_of_the_events_is_no_stream() -> None:
    async with serving(Memory()) as board:
        status, headers, body = await get(board, "/events", "HEAD")
        assert (status, headers["Content-Type"], body) == (200, "text/event-stream", "")


async def test_it_lives_while_the_source_gets_on() -> None:
    class Stuck:
        async def follow(self, desk: Desk, beat: Any) -> None:
            beat()
            desk.caught_up()
            await asyncio.Event().wait()

    async with serving(Memory()) as board:
        assert await get(board, "/livez") == (200, (await get(board, "/livez"))[1], "ok\n")
    async with serving(Stuck(), stuck_after=0.05) as board:
        await asyncio.sleep(0.1)
        status, _, body = await get(board, "/livez")
        assert (status, body) == (503, "the reading of alerts is stuck\n")


async def test_a_taken_port_is_said() -> None:
    async with serving(Memory()) as board:
        with pytest.raises(PortTakenError, match="TOCSIN_BOARD_PORT"):
            async with serving(Memory(), port=board.server.port):
                pass
