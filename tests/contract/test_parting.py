"""Clients are parted from in time and without a word, whatever aiokafka's way of closing passes on."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaConnectionError

from streams.errors import BrokerError
from streams.kafka import parting, transport
from streams.kafka.app import Every, make_app
from streams.kafka.clients import _running
from streams.kafka.parting import ours, part
from streams.kafka.transport import LedgerThread
from streams.settings import Settings

HOWS = ["well", "cancelled", "silent", "stubborn", "broken"]


class Closing:
    """A client whose goodbye goes as told, and one connection."""

    def __init__(self, how: str) -> None:
        self.how, self.closed = how, False
        self._client = SimpleNamespace(_conns={1: self}, _sync_task=None)

    async def start(self) -> None: ...

    async def stop(self) -> None:
        if self.how == "cancelled":
            raise asyncio.CancelledError
        if self.how == "broken":
            raise KafkaConnectionError
        while self.how in ("silent", "stubborn"):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if self.how == "silent":
                    raise

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PARTING_SECONDS", 0.1)
    monkeypatch.setattr(parting, "_LAST_SECONDS", 0.05)


@pytest.mark.parametrize("how", HOWS)
async def test_the_thread_ends_with_a_word(how: str) -> None:
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
    consumer.how = "silent"  # the stubborn one may go


@pytest.mark.parametrize("how", HOWS[:2])
async def test_who_uses_a_client_is_not_cancelled_by_its_goodbye(how: str) -> None:
    client = Closing(how)
    async with _running(client, Settings(), "stop"):
        pass
    assert client.closed == (how != "well")


async def test_a_client_that_cant_start_and_fails_to_part_is_a_broker_error() -> None:
    client: Any = Closing("cancelled")

    async def start() -> None:
        raise KafkaConnectionError

    client.start = start
    with pytest.raises(BrokerError):
        async with _running(client, Settings(), "stop"):
            raise AssertionError("it never started")


async def test_our_own_cancellation_goes_through_and_ends_the_goodbye() -> None:
    client = Closing("silent")
    task = asyncio.create_task(part(client.stop(), client, 60))
    await asyncio.sleep(0.01)
    task.cancel()
    begin = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begin < 5
    assert client.closed


async def test_a_cancellation_that_nobody_meant_for_us_is_an_error_of_the_connection() -> None:
    async def passed_on() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ConnectionError):
        await ours(passed_on())
    task = asyncio.create_task(ours(asyncio.sleep(60)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_step_that_a_client_cancelled_stops_the_worker_instead_of_ending_its_timer() -> None:
    faults: list[BaseException] = []

    async def step() -> None:
        raise asyncio.CancelledError

    async def fatal(error: BaseException) -> None:
        faults.append(error)

    app: Any = SimpleNamespace(fatal=fatal)
    every = Every(app, 0.01, step)
    async with every:
        await asyncio.sleep(0.1)
    (fault,) = faults
    assert isinstance(fault, ConnectionError)


async def test_an_agent_that_a_client_cancelled_stops_the_worker_instead_of_dying_with_a_record(
    tmp_path: Path,
) -> None:
    """Found by the random faults: the stop then waited for the record's ack for ever."""
    faults: list[BaseException] = []

    async def receive(_: object) -> None:
        raise asyncio.CancelledError

    async def fatal(error: BaseException) -> None:
        faults.append(error)

    app: Any = make_app("test-parting", Settings(data_dir=tmp_path))
    app.intake, app.fatal = SimpleNamespace(receive=receive), fatal
    await app.hand_over(SimpleNamespace())
    (fault,) = faults
    assert isinstance(fault, ConnectionError)


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
