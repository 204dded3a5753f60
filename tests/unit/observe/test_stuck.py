"""A standstill is written down once, thread by thread and task by task, and holds no value of any variable."""

import asyncio
import logging
import threading
import time

import pytest

from streams.observe.stuck import StuckDetector, stacks


async def where_it_waits(secret: str) -> None:
    await asyncio.sleep(60)


async def test_every_thread_and_task_has_a_line() -> None:
    release = threading.Event()

    def blocked(secret: str) -> None:
        release.wait(30)

    thread = threading.Thread(target=blocked, args=("OPEN SESAME",), name="tocsin-model")
    thread.start()
    task = asyncio.create_task(where_it_waits("OPEN SESAME"))
    await asyncio.sleep(0)
    try:
        lines = list(stacks(asyncio.get_running_loop()))
    finally:
        release.set()
        thread.join()
        task.cancel()
    (blocked_line,) = [line for line in lines if line.startswith("thread tocsin-model: ")]
    assert "blocked (observe/test_stuck.py:" in blocked_line
    assert any(line.startswith("task where_it_waits: where_it_waits (observe/test_stuck.py:") for line in lines)
    assert not any("SESAME" in line for line in lines)
    assert all("\n" not in line for line in lines)


async def test_it_speaks_once_in_each_standstill_even_if_the_loop_stands_still(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = 0.0
    detector = StuckDetector(lambda: seconds, after=120, look=0.01)
    with caplog.at_level(logging.ERROR):
        detector.start()
        await asyncio.sleep(0.1)
        assert caplog.records == []
        seconds = 121.0
        time.sleep(0.3)  # noqa: ASYNC251  (the loop stands still, and is seen to)
        said = [record.getMessage() for record in caplog.records]
        assert said[0].startswith("no progress for 121 s")
        assert any("MainThread: " in line and "test_it_speaks_once" in line for line in said)
        await asyncio.sleep(0.1)
        assert len(caplog.records) == len(said)
        seconds = 0.0
        await asyncio.sleep(0.1)
        seconds = 130.0
        await asyncio.sleep(0.1)
        detector.stop()
    assert sum("no progress" in record.getMessage() for record in caplog.records) == 2


def test_stopping_what_never_ran_is_no_fault() -> None:
    StuckDetector(lambda: 0.0, 1.0).stop()
