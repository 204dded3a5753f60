"""A whole board: the pages stand whatever the source does, and a fault of our own is not hidden."""

import asyncio
import os
import signal
from typing import Any

import orjson
import pytest

from streams.board.desk import Desk
from streams.board.run import serve
from streams.settings import Settings
from tests.unit.board.support import COUNTRIES, Memory, alert, serving
from tests.unit.board.test_server import get


class Away:
    """A source whose broker never answers."""

    async def follow(self, desk: Desk, _beat: Any) -> None:
        desk.lost("no Kafka answers at 127.0.0.1:9092")
        await asyncio.Event().wait()


async def test_without_a_broker_the_page_is_served_and_says_so() -> None:
    async with serving(Away()) as board:
        assert (await get(board, "/"))[0] == 200
        told = orjson.loads((await get(board, "/api/incidents"))[2])["status"]
    assert (told["state"], told["fault"], told["complete"]) == ("lost", "broker", False)
    assert told["why"] == "no Kafka answers at 127.0.0.1:9092"


async def test_it_ends_at_sigterm_and_says_where_it_is() -> None:
    told: list[str] = []

    def began(address: str) -> None:
        told.append(address)
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

    source = Memory([alert()])
    await asyncio.wait_for(serve(Settings(board_port=0), source.follow, COUNTRIES, began), 10)
    assert told[0].startswith("http://127.0.0.1:")


async def test_a_fault_of_the_source_ends_it_with_that_fault() -> None:
    async def broken(_desk: Desk, _beat: Any) -> None:
        raise RuntimeError("a fault of our own")

    with pytest.raises(RuntimeError, match="a fault of our own"):
        await asyncio.wait_for(serve(Settings(board_port=0), broken, COUNTRIES, lambda _address: None), 10)
