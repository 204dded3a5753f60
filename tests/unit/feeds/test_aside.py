"""The child process: its answers, its faults, its end."""

import asyncio
import os
import time

import pytest

from streams.feeds.aside import Aside
from streams.feeds.entries import read
from streams.feeds.faults import DAY, FeedError
from tests.unit.feeds.support import item, rss

_URL = "https://news.test/feed"


async def test_work_faults_slowness_and_death() -> None:
    aside = Aside(20.0)
    try:
        feed = await aside.run(read, rss(item(1)).encode(), "text/xml", _URL)
        assert feed.entries[0].title == "Title 1"
        child = await aside.run(os.getpid)
        assert child != os.getpid()
        with pytest.raises(FeedError, match="web page") as caught:
            await aside.run(read, b"<html>", "text/html", _URL)
        assert caught.value.what == "this is a web page, no feed"
        with pytest.raises(ZeroDivisionError):
            await aside.run(divmod, 1, 0)
        assert await aside.run(os.getpid) == child, "faults of work cost no process"
        with pytest.raises(TimeoutError):
            await aside.run(os._exit, 3)
        aside._seconds = 0.1
        aside._pipe()
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            await aside.run(time.sleep, 60)
        assert time.monotonic() - begin < 5.0
        aside._seconds = 20.0
        with pytest.raises(TimeoutError):
            await aside.run(bytes, 4 * 1024**3)
        assert await aside.run(len, "abc") == 3, "another has taken its place"
        task = asyncio.create_task(aside.run(time.sleep, 60))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        begin = time.monotonic()
        aside.close()
        assert time.monotonic() - begin < 5.0


def test_a_fault_survives_the_way_from_the_child() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(FeedError("https://x.test/", "what", "fix", wait=2 * DAY)))
    assert str(error) == "https://x.test/: what; fix"
    assert (error.what, error.wait) == ("what", DAY)
