"""All feeds together: once, for ever, faults, stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.errors import BrokerError
from streams.feeds.crawl import Crawl
from streams.feeds.faults import FeedError
from streams.feeds.gate import Gate
from streams.feeds.manners import Visitor
from streams.feeds.pace import Pace
from streams.feeds.poll import Polled
from streams.feeds.schedule import FeedState, Timing
from streams.feeds.state import State
from tests.unit.cli.support import HOSTILE
from tests.unit.feeds.support import Clock, Kept, Rig, answer, item, rigged, rss

TIMING = Timing(600, 3_600, 14_400)


@asynccontextmanager
async def crawling(out: Kept | None = None, clock: Clock | None = None) -> AsyncIterator[tuple[Rig, list[str]]]:
    async with rigged(out=out, clock=clock) as rig:
        yield rig, []


def crawl_of(rig: Rig, said: list[str], *paths: str) -> Crawl:
    urls = [rig.site.url(path) for path in paths]
    return Crawl(urls, rig.state, rig.poller, said.append, rig.clock, TIMING, rig.clock.sleep, lambda: 0.0)


async def once(rig: Rig, said: list[str], *paths: str) -> Crawl:
    crawl = crawl_of(rig, said, *paths)
    await crawl.once(asyncio.Event())
    return crawl


async def test_once_with_good_and_bad_feeds() -> None:
    async with crawling() as (rig, said):
        rig.site.pages |= {
            "/good": rss(item(1), item(2)),
            "/same": answer(304),
            "/bad": "no feed",
            "/gone": answer(410),
        }
        rig.state.keep_feed(rig.site.url("/same"), FeedState(etag='"x"', met=True))
        crawl = await once(rig, said, "/good", "/same", "/bad", "/gone", "/none")
        tally = crawl.tally
        assert (tally.ok, tally.unchanged, tally.failed, tally.sent) == (1, 1, 3, 2)
        assert str(tally) == "feeds polled: 1 ok, 1 unchanged, 3 failed; 2 articles sent"
        assert len(said) == 3
        assert any("gone for good (410); take it off the list" in line for line in said)
        assert rig.state.feed(rig.site.url("/gone")).due == rig.clock.now + 86_400
        assert rig.state.feed(rig.site.url("/good")).due == rig.clock.now + 600


async def test_a_second_run_leaves_alone_what_failed_and_sends_nothing_twice() -> None:
    async with crawling() as (rig, said):
        rig.site.pages |= {"/good": rss(item(1)), "/bad": answer(503, Retry_After="7200")}
        await once(rig, said, "/good", "/bad")
        rig.clock.now += 3_600
        crawl = await once(rig, said, "/bad")
        assert (crawl.tally.waiting, crawl.tally.failed) == (1, 0)
        assert "1 left alone" in str(crawl.tally)
        rig.clock.now += 3_601
        rig.site.pages["/bad"] = rss(item(9))
        crawl = await once(rig, said, "/good", "/bad")
        assert (crawl.tally.ok, crawl.tally.sent, crawl.tally.waiting) == (2, 1, 0)


async def test_what_we_may_not_ask_is_asked_at_once_when_we_may() -> None:
    async with crawling() as (rig, said):
        rig.site.pages["/feed"] = rss(item(1))
        closed = Visitor(rig.visitor._web, Gate(), Pace(0.0), rig.state, rig.clock, rig.clock.sleep)
        rig.poller._visitor = closed
        crawl = await once(rig, said, "/feed")
        assert crawl.tally.failed == 1
        assert "name that feed on the command line" in said[0]
        rig.poller._visitor = rig.visitor
        crawl = await once(rig, said, "/feed")
        assert (crawl.tally.ok, crawl.tally.sent) == (1, 1)


async def test_hostile_words_stay_words() -> None:
    from streams.observe.logs import escaped

    async with crawling() as (rig, said):
        rig.site.pages["/feed"] = answer(302, Location="http://x.test:99/\x1b[31m".replace("\x1b", "%1B") + "[bold]")
        rig.site.pages["/kind"] = answer(body="x", Content_Type="text/[red]x")
        await once(rig, said, "/feed", "/kind")
        assert len(said) == 2
        assert all("\n" not in line and "\x1b" not in escaped(line) for line in said)
    assert "\x1b" not in escaped(HOSTILE)


class Told:
    """A poller without a network: `/a` works, `/b` fails for three hours."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.polls = clock, {"/a": 0, "/b": 0}
        self.begin = clock.now

    async def poll(self, url: str) -> tuple[FeedState, Polled]:
        self.polls[url] += 1
        if url == "/b" and self.clock.now < self.begin + 3 * 3_600:
            raise FeedError(url, "it answers 500", "it is asked again later")
        return FeedState(met=True), Polled("ok", sent=1)

    async def settle(self) -> None:
        pass


async def test_for_ever_polls_when_due_says_faults_once_and_stops_in_order() -> None:
    clock, said, stop = Clock(), [], asyncio.Event()
    told = Told(clock)

    async def sleep(seconds: float) -> None:
        for _ in range(10):  # what is being polled ends first, and with it this sleep
            await asyncio.sleep(0)
        await clock.sleep(seconds)
        if clock.now >= told.begin + 6 * 3_600:
            stop.set()

    with State(None) as state:
        crawl = Crawl(["/a", "/b"], state, told, said.append, clock, TIMING, sleep, lambda: 0.0)  # type: ignore[arg-type]
        await asyncio.wait_for(crawl.for_ever(stop), 20.0)
    assert 35 <= told.polls["/a"] <= 37, "every ten minutes for six hours"
    assert said == ["/b: it answers 500; it is asked again later", "/b: it works again"]
    assert crawl.tally.failed == 5, "0, 10, 30, 70, 150 minutes: patience doubles"


async def test_a_stop_in_the_middle_of_a_hang_is_prompt() -> None:
    from tests.unit.feeds.support import endless

    async with crawling() as (rig, said):
        rig.site.pages["/hang"] = endless(10.0)
        crawl = crawl_of(rig, said, "/hang")
        for run in (crawl.for_ever, crawl.once):
            stop = asyncio.Event()
            task = asyncio.create_task(run(stop))
            await asyncio.sleep(0.05)
            stop.set()
            await asyncio.wait_for(task, 1.0)
        assert said == []


async def test_a_broker_that_is_away_ends_the_crawl_and_loses_nothing() -> None:
    async with crawling(Kept(faults={1: BrokerError("Kafka is away")})) as (rig, said):
        rig.site.pages |= {"/a": rss(item(1), item(2))}
        with pytest.raises(BrokerError):
            await once(rig, said, "/a")
        crawl = await once(rig, said, "/a")
        assert crawl.tally.sent == 1
        assert rig.out.titles() == ["Title 1", "Title 2"]


async def test_one_hanging_feed_holds_nobody_up() -> None:
    from tests.unit.feeds.support import endless

    async with crawling() as (rig, said):
        rig.site.pages |= {f"/f{n}": rss(item(n)) for n in range(12)} | {"/hang": endless(10.0)}
        urls = [rig.site.url("/hang", "other.test"), *(rig.site.url(f"/f{n}") for n in range(12))]
        crawl = Crawl(urls, rig.state, rig.poller, said.append, rig.clock, TIMING, rig.clock.sleep)
        stop = asyncio.Event()
        task = asyncio.create_task(crawl.once(stop))
        while crawl.tally.ok < 12:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        stop.set()
        await task
        assert crawl.tally.sent == 12
