"""What Faust 0.15.3 does with a record whose work failed or is not finished: the reason for our own ledger.

Each test states the RIGHT behaviour and is expected to fail. The day one passes, Faust was mended there, and our
transport should be looked at again. Every case has a process of its own: Faust leaves tasks behind when it errs.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOST = pytest.mark.xfail(strict=True, raises=AssertionError, reason="Faust 0.15.3 loses it")


@pytest.fixture(scope="module")
def happened() -> dict[str, dict[str, Any]]:
    """What each case did, all run side by side."""
    command = [sys.executable, "-m", "tests.contract.test_faust_itself"]
    started = {
        name: subprocess.Popen(
            [*command, name], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for name in CASES
    }  # fmt: skip
    found = {}
    for name, process in started.items():
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        if process.returncode:
            raise RuntimeError(f"{name} did not run: {err[-2000:]}")
        found[name] = json.loads(out)
    return found


def _lost(case: dict[str, Any]) -> list[int]:
    """Offsets committed over that no agent finished."""
    return [offset for offset in range(case["first"], case["committed"]) if offset not in case["seen"]]


def test_without_a_fault_every_record_is_seen_and_committed(happened: dict[str, dict[str, Any]]) -> None:
    assert happened["healthy"]["seen"] == list(range(8))
    assert happened["healthy"]["committed"] == 8


def test_the_faults_are_really_met(happened: dict[str, dict[str, Any]]) -> None:
    assert happened["raises"]["met"] == [3]
    assert happened["raises_noack"]["met"] == [3]
    assert happened["raises_in_batch"]["met"] == [4, 5, 6, 7]
    assert happened["in_flight"]["seen"] == [32, 33]
    assert happened["in_flight_fresh"]["seen"] == [1, 2]


@LOST
def test_a_record_whose_agent_raised_is_not_committed(happened: dict[str, dict[str, Any]]) -> None:
    assert _lost(happened["raises"]) == []


@LOST
def test_a_record_that_was_never_acked_is_not_committed(happened: dict[str, dict[str, Any]]) -> None:
    assert _lost(happened["raises_noack"]) == []


@LOST
@pytest.mark.parametrize("case", ["in_flight", "in_flight_fresh"])
def test_a_commit_stops_before_the_one_record_in_flight(happened: dict[str, dict[str, Any]], case: str) -> None:
    assert _lost(happened[case]) == []


@LOST
def test_a_batch_whose_agent_raised_is_not_committed(happened: dict[str, dict[str, Any]]) -> None:
    assert _lost(happened["raises_in_batch"]) == []


@LOST
def test_records_after_an_undecodable_one_are_taken(happened: dict[str, dict[str, Any]]) -> None:
    assert set(happened["undecodable"]["seen"]) >= set(range(20)) - {6}


# What follows runs in the processes.


class _BoomError(Exception):
    pass


async def _run(agent: Callable[[Any], Awaitable[None]], name: str, **case: Any) -> dict[str, Any]:
    import faust

    from tests.contract.faust_harness import Bench

    app = faust.App("itself", broker="kafka://localhost", store="memory://", web_enabled=False)
    start, offsets = case.get("start", {}), case.get("offsets", range(8))
    bench = Bench(app, "t", start=start)
    if case.get("typed"):
        await bench.run_on(app.topic("t", value_type=_article()), agent, name)
    else:
        await bench.run(agent, name)
    await bench.feed(offsets, case.get("value", lambda _: b"v"))
    seen, quiet, known = case["seen"], 0, -1
    for _ in range(60):
        await asyncio.sleep(0.1)
        quiet = quiet + 1 if len(seen) == known else 0
        known = len(seen)
        if quiet >= case.get("quiet", 10):
            break
    committed = (await bench.commit()).get(0, 0)
    first = start.get(0, offsets[0])
    return {"seen": sorted(seen), "met": case.get("met", []), "first": first, "committed": committed}


def _article() -> Any:
    import faust

    class Article(faust.Record):  # type: ignore[misc]  # Faust has no types
        number: int

    return Article


async def _healthy() -> dict[str, Any]:
    seen: list[int] = []

    async def healthy(stream: Any) -> None:
        async for event in stream.events():
            seen.append(event.message.offset)

    return await _run(healthy, "healthy", seen=seen)


async def _raises() -> dict[str, Any]:
    seen: list[int] = []
    met: list[int] = []

    async def raises(stream: Any) -> None:
        async for event in stream.events():
            if event.message.offset == 3 and not met:
                met.append(3)
                raise _BoomError
            seen.append(event.message.offset)

    return await _run(raises, "raises", seen=seen, met=met)


async def _raises_noack() -> dict[str, Any]:
    seen: list[int] = []
    met: list[int] = []

    async def raises_noack(stream: Any) -> None:
        async for event in stream.noack().events():
            if event.message.offset == 3 and not met:
                met.append(3)
                raise _BoomError
            seen.append(event.message.offset)
            event.ack()

    return await _run(raises_noack, "raises_noack", seen=seen, met=met)


async def _held(start: dict[int, int], offsets: range) -> dict[str, Any]:
    """The first record stays in work; the two after it are acked."""
    seen: list[int] = []
    held: list[Any] = []

    async def in_flight(stream: Any) -> None:
        async for event in stream.noack().events():
            if event.message.offset == offsets[0]:
                held.append(event)
            else:
                event.ack()
                seen.append(event.message.offset)

    return await _run(in_flight, "in_flight", seen=seen, start=start, offsets=offsets)


async def _raises_in_batch() -> dict[str, Any]:
    seen: list[int] = []
    met: list[int] = []

    async def raises_in_batch(stream: Any) -> None:
        async for events in stream.take_events(4, within=0.2):
            offsets = [event.message.offset for event in events]
            if 4 in offsets and not met:
                met.extend(offsets)
                raise _BoomError
            seen.extend(offsets)

    return await _run(raises_in_batch, "raises_in_batch", seen=seen, met=met, offsets=range(40), quiet=25)


async def _undecodable() -> dict[str, Any]:
    seen: list[int] = []

    async def undecodable(stream: Any) -> None:
        async for events in stream.take_events(4, within=0.2):
            seen.extend(event.message.offset for event in events)

    def value(offset: int) -> bytes:
        return b"{bad" if offset == 6 else b'{"number": 1}'

    return await _run(
        undecodable, "undecodable", seen=seen, offsets=range(20), typed=True, value=value, quiet=25
    )  # fmt: skip


CASES: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
    "healthy": _healthy,
    "raises": _raises,
    "raises_noack": _raises_noack,
    "in_flight": lambda: _held({0: 31}, range(31, 34)),
    "in_flight_fresh": lambda: _held({}, range(3)),
    "raises_in_batch": _raises_in_batch,
    "undecodable": _undecodable,
}


async def _main(name: str) -> None:
    logging.basicConfig(level=logging.CRITICAL)
    print(json.dumps(await CASES[name]()), flush=True)
    os._exit(0)  # Faust's tasks are still there


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
