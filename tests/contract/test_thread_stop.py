"""The consumer's thread ends with a word, even where aiokafka's way of closing passes a cancellation on."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher

from streams.kafka import transport
from streams.kafka.transport import LedgerThread


class Closing:
    """A client's consumer whose `stop` fails as told."""

    def __init__(self, how: str) -> None:
        self.how, self.closed = how, False
        self._client = SimpleNamespace(close=self._close)

    async def stop(self) -> None:
        if self.how == "cancelled":
            raise asyncio.CancelledError
        if self.how == "silent":
            await asyncio.sleep(60)

    async def _close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("how", ["well", "cancelled", "silent"])
async def test_the_thread_ends_with_a_word(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PARTING_SECONDS", 0.1)
    thread: Any = LedgerThread.__new__(LedgerThread)
    consumer = Closing(how)
    ended = []

    async def nothing(*_: Any) -> None: ...

    thread._consumer = consumer
    thread._method_queue = SimpleNamespace(stop=nothing, flush=nothing)
    thread._default_stop_children = thread._default_stop_futures = thread._default_stop_exit_stacks = nothing
    thread.set_shutdown = lambda: ended.append(True)
    await asyncio.wait_for(thread._shutdown_thread(), 5)
    assert ended == [True]
    assert consumer.closed == (how != "well")


@pytest.mark.xfail(
    strict=True, raises=asyncio.CancelledError, reason="aiokafka 0.14: what is cancelled is awaited bare"
)
async def test_aiokafkas_fetcher_closes_while_a_request_waits_to_try_again() -> None:
    async def request() -> None:
        try:
            raise ConnectionError
        except ConnectionError:
            await asyncio.sleep(60)

    fetcher: Any = Fetcher.__new__(Fetcher)
    fetcher._fetch_task = asyncio.create_task(asyncio.sleep(60))
    fetcher._pending_tasks = {asyncio.create_task(request())}
    fetcher._fetch_waiters = set()
    await asyncio.sleep(0.01)
    await fetcher.close()
