"""Fetching with manners, from a server that has none."""

import time
import tracemalloc
from email.utils import formatdate

import pytest
from aiohttp import web

from streams.feeds.faults import DAY, FeedError
from streams.feeds.poll import Limits
from streams.feeds.web import Bounds, agent
from tests.unit.feeds.support import (
    AGENT,
    NOW,
    Names,
    Rig,
    answer,
    bomb,
    endless,
    rigged,
    rss,
)

QUICK = Limits(Bounds(64 * 1024, 0.3, 0.2), Bounds(64 * 1024, 0.3, 0.2))


async def fault(rig: Rig, path: str = "/feed", host: str = "news.test") -> FeedError:
    with pytest.raises(FeedError) as caught:
        await rig.poller.poll(rig.site.url(path, host))
    return caught.value


async def test_who_we_are_is_in_every_request() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = rss()
        await rig.poller.poll(rig.site.url("/feed"))
        assert [path for path, _ in rig.site.asked] == ["/robots.txt", "/feed"]
        for _, headers in rig.site.asked:
            assert headers["user-agent"] == AGENT
            assert "(+desk@example.org)" in AGENT
            assert "cookie" not in headers


@pytest.mark.parametrize(
    "contact",
    ["", "nobody", "a@b", "x@y.z\r\nEvil: 1", "https://", "ftp://x.test", "a b@c.de", "https://x.test/)(", "é@x.de"],
)
def test_what_is_no_contact(contact: str) -> None:
    assert agent(contact) is None


@pytest.mark.parametrize("contact", ["desk@example.org", "a.b+c@news.example.co.uk", "https://example.org/bot?x=1"])
def test_what_is(contact: str) -> None:
    assert (agent(contact) or "").endswith(f"(+{contact})")


async def test_a_body_that_drips_and_one_that_hangs_end_in_time() -> None:
    async with rigged(limits=QUICK) as rig:
        rig.site.pages |= {"/drip": endless(0.02), "/hang": endless(60.0)}
        for path in ("/drip", "/hang"):
            begin = time.monotonic()
            assert "within" in str(await fault(rig, path))
            assert time.monotonic() - begin < 2.0


async def test_a_body_of_fifty_megabytes_is_cut_off() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = endless(0.0, b" " * 262_144)
        tracemalloc.start()
        try:
            assert "larger than 5 MiB" in str(await fault(rig))
            assert tracemalloc.get_traced_memory()[1] < 30_000_000
        finally:
            tracemalloc.stop()


async def test_a_bomb_is_counted_as_it_unpacks() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = bomb(200_000_000)
        tracemalloc.start()
        try:
            assert "larger than 5 MiB" in str(await fault(rig))
            assert tracemalloc.get_traced_memory()[1] < 30_000_000
        finally:
            tracemalloc.stop()


async def test_damaged_compression_is_one_fault() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = answer(body=b"\x1f\x8b\x08 no gzip at all", Content_Encoding="gzip")
        assert "no answer" in str(await fault(rig))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/feed": answer(status, Location="/moved"), "/moved": rss()}
        _, done = await rig.poller.poll(rig.site.url("/feed"))
        assert done.outcome == "ok"
        assert rig.site.paths() == ["/feed", "/moved"]


async def test_a_redirect_to_another_site_asks_its_robots_too() -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/feed": answer(302, Location=rig.site.url("/feed2", "other.test")), "/feed2": rss()}
        await rig.poller.poll(rig.site.url("/feed"))
        assert [path for path, _ in rig.site.asked] == ["/robots.txt", "/feed", "/robots.txt", "/feed2"]
    async with rigged() as rig:
        rig.site.pages["/robots.txt"] = "User-agent: *\nDisallow: /feed2"
        rig.site.pages["/feed"] = answer(302, Location=rig.site.url("/feed2", "other.test"))
        assert "forbids" in str(await fault(rig))


async def test_circles_and_long_ways_end() -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/a": answer(302, Location="/b"), "/b": answer(302, Location="/a")}
        assert "circle" in str(await fault(rig, "/a"))
        rig.site.pages |= {f"/h{step}": answer(302, Location=f"/h{step + 1}") for step in range(20)}
        assert "more than 5 times" in str(await fault(rig, "/h0"))
        assert rig.site.paths().count("/h6") == 0


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://2130706433/",
        "http://0251.0376.0251.0376/", "file:///etc/passwd", "//169.254.169.254/", "http://news.test:22/",
        "http://u:p@news.test/", "http://[", "gopher://news.test/", "http://inside.test/",
    ],
)  # fmt: skip
async def test_redirects_to_what_is_not_for_us_are_not_followed(target: str) -> None:
    names = Names(inside_test=[["169.254.169.254"]])
    async with rigged(names=names) as rig:
        rig.site.pages["/feed"] = answer(302, Location=target)
        await fault(rig)
        assert rig.site.paths() == ["/feed"]


async def test_without_allow_private_not_even_robots_is_asked_for() -> None:
    async with rigged(private=False) as rig:
        rig.site.pages["/feed"] = rss()
        assert "its name resolves to an address that is not public" in str(await fault(rig))
        assert "its address is not public" in str(await fault(rig, host="127.0.0.1"))
        assert rig.site.asked == []


async def test_robots_are_asked_once_a_day_and_obeyed() -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/robots.txt": "User-agent: tocsin\nDisallow: /closed\nCrawl-delay: 5", "/feed": rss()}
        await rig.poller.poll(rig.site.url("/feed"))
        error = await fault(rig, "/closed")
        assert "forbids" in str(error)
        assert error.wait == DAY
        await rig.poller.poll(rig.site.url("/feed"))
        assert [path for path, _ in rig.site.asked] == ["/robots.txt", "/feed", "/feed"]
        assert rig.clock.slept == [5.0], "the delay that it asks for is kept"
        rig.clock.now += DAY
        await rig.poller.poll(rig.site.url("/feed"))
        assert [path for path, _ in rig.site.asked][3:] == ["/robots.txt", "/feed"]


async def test_robots_of_another_crawler_are_not_for_us() -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/robots.txt": "User-agent: otherbot\nDisallow: /", "/feed": rss()}
        assert (await rig.poller.poll(rig.site.url("/feed")))[1].outcome == "ok"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_robots_that_can_t_be_had_mean_waiting(status: int) -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/robots.txt": answer(status), "/feed": rss()}
        error = await fault(rig)
        assert "can't be had" in str(error)
        assert error.wait == 600.0
        rig.site.pages["/robots.txt"] = answer(404)
        await fault(rig)
        rig.clock.now += 601
        assert (await rig.poller.poll(rig.site.url("/feed")))[1].outcome == "ok"
        assert rig.site.paths() == ["/feed"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_no_robots_mean_that_all_is_allowed(status: int) -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/robots.txt": answer(status), "/feed": rss()}
        assert (await rig.poller.poll(rig.site.url("/feed")))[1].outcome == "ok"


async def test_huge_robots_and_robots_of_rubbish_are_no_fault() -> None:
    for robots in ("User-agent: *\nDisallow: /x\n" + "# " + "x" * 100_000, b"\xff\xfe\x00" * 1000, "<html><head>"):
        async with rigged() as rig:
            rig.site.pages |= {"/robots.txt": robots, "/feed": rss()}
            assert (await rig.poller.poll(rig.site.url("/feed")))[1].outcome == "ok"


async def test_a_busy_host_is_left_alone_for_as_long_as_it_says() -> None:
    async with rigged() as rig:
        rig.site.pages |= {"/feed": answer(429, Retry_After="3600"), "/other": rss()}
        assert (await fault(rig)).wait == 3_600.0
        error = await fault(rig, "/other")
        assert "asked to be left alone" in str(error)
        assert error.wait == 3_600.0
        rig.clock.now += 3_600
        assert (await rig.poller.poll(rig.site.url("/other")))[1].outcome == "ok"
        assert rig.site.paths() == ["/feed", "/other"]


async def test_a_date_to_come_back_at_is_kept_too() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = answer(503, Retry_After=formatdate(NOW + 90, usegmt=True))
        assert (await fault(rig)).wait == 90.0
        rig.site.pages["/feed"] = rss()
        await rig.poller.poll(rig.site.url("/feed"))
        assert rig.clock.slept == [90.0]


async def test_one_host_is_asked_by_one_at_a_time_and_with_an_interval() -> None:
    import asyncio

    now = top = 0

    async def slow(_: web.Request) -> web.Response:
        nonlocal now, top
        now += 1
        top = max(top, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response(body=rss().encode(), content_type="application/xml")

    async with rigged(interval=2.0) as rig:
        rig.site.pages |= {f"/f{number}": slow for number in range(5)}
        await asyncio.gather(*(rig.poller.poll(rig.site.url(f"/f{number}")) for number in range(5)))
        assert top == 1
        assert sum(rig.clock.slept) == pytest.approx(10.0), "six requests with robots.txt"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "new address"),
        (410, "gone"),
        (403, "may not"),
        (401, "may not"),
        (500, "later"),
        (429, "busy"),
        (418, "418"),
    ],
)
async def test_each_status_says_what_to_do(status: int, words: str) -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = answer(status)
        error = await fault(rig)
        assert words in str(error)
        assert rig.site.url("/feed") in str(error)


async def test_a_picture_is_no_feed() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = answer(body=b"\x89PNG", Content_Type="image/png")
        assert "image/png" in str(await fault(rig))


async def test_nobody_there_and_no_such_name() -> None:
    class Nowhere(Names):
        async def resolve(self, host: str, port: int = 0, family: object = None) -> list[object]:  # type: ignore[override]
            raise OSError("no such name")

    async with rigged(names=Nowhere()) as rig:  # type: ignore[abstract]
        assert "can't be had: its name can't be resolved" in str(await fault(rig))
