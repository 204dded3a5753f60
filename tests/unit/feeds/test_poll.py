"""One poll of one feed, from a site that misbehaves to the records."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from streams.errors import BrokerError
from streams.feeds.faults import FeedError
from streams.feeds.poll import Polled, Poller
from streams.feeds.state import State
from streams.ingest.decode import decode
from tests.unit.feeds.support import Inline, Kept, Rig, answer, bomb, endless, item, rigged, rss

PARAGRAPH = "Officials said on Saturday that all embassy staff were to leave the capital within a day, by road or air. "
PAGE = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>Page</title></head><body><nav>Home World Sport</nav>
<article><h1>Title 1</h1>{"".join(f"<p>{PARAGRAPH}Paragraph {n}.</p>" for n in range(6))}</article>
<footer>Copyright</footer></body></html>"""


async def poll(rig: Rig, path: str = "/feed") -> Polled:
    """As the crawl does: what the poll found is kept."""
    url = rig.site.url(path)
    state, done = await rig.poller.poll(url)
    rig.state.keep_feed(url, state)
    return done


async def test_conditional_requests() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = answer(
            body=rss(item(1)), ETag='W/"a1"', Last_Modified="Sat, 20 Jun 2026 23:00:00 GMT"
        )
        assert (await poll(rig)).sent == 1
        rig.site.pages["/feed"] = answer(304)
        assert await poll(rig) == Polled("unchanged")
        headers = rig.site.asked[-1][1]
        assert headers["if-none-match"] == 'W/"a1"'
        assert headers["if-modified-since"] == "Sat, 20 Jun 2026 23:00:00 GMT"


async def test_odd_validators_are_not_kept() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = answer(body=rss(item(1)), ETag='"é"', Last_Modified="x" * 3_000)
        await poll(rig)
        await poll(rig)
        assert not {"if-none-match", "if-modified-since"} & set(rig.site.asked[-1][1])


async def test_the_full_text_is_fetched_where_it_may_be() -> None:
    async with rigged(pages=True) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": PAGE}
        assert (await poll(rig)).sent == 1
        (record,) = rig.out.values
        assert record["provenance"]["content_from"] == "page"
        assert record["text"].count(PARAGRAPH.strip()) == 6
        assert "Sport" not in record["text"]
        (article,) = decode(rig.out.raw[0], received=rig.poller._moment()).articles
        assert article.title == "Title 1"
        assert (article.body or "").startswith(PARAGRAPH.strip())
        assert article.summary == "Text of story 1."


@pytest.mark.parametrize(
    "page",
    [
        answer(404), answer(500), answer(429, Retry_After="9999"), answer(body=PAGE, Content_Type="application/pdf"),
        answer(body=PAGE, Content_Type="text/plain"), bomb(20_000_000), answer(302, Location="http://169.254.169.254/"),
        answer(302, Location="/"), answer(302, Location="/consent/wall"), "<!DOCTYPE html><p>Subscribe now",
        answer(302, Location="/story/1"),
    ],
)  # fmt: skip
async def test_a_page_that_can_t_be_had_leaves_the_entry_s_own_words(page: Any) -> None:
    async with rigged(pages=True) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": page, "/": PAGE, "/consent/wall": PAGE}
        assert (await poll(rig)).sent == 1
        (record,) = rig.out.values
        assert record["provenance"]["content_from"] == "feed"
        assert record["summary"] == "Text of story 1."
        assert record["url"] == rig.site.url("/story/1")


async def test_robots_hold_for_pages_and_no_pages_means_none() -> None:
    async with rigged(pages=True) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": PAGE, "/robots.txt": "User-agent: *\nDisallow: /story"}
        await poll(rig)
        assert rig.site.paths() == ["/feed"]
    async with rigged(pages=False) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": PAGE}
        await poll(rig)
        assert rig.site.paths() == ["/feed"]
        assert rig.out.values[0]["provenance"]["content_from"] == "feed"


async def test_links_to_inner_addresses_are_not_asked() -> None:
    async with rigged(pages=True, private=True) as rig:
        links = [
            "http://169.254.169.254/latest",
            "http://2852039166/",
            "http://[::ffff:a9fe:a9fe]/",
            "file:///etc/passwd",
        ]
        items = [item(n, link=link, guid=f"tag:{n}") for n, link in enumerate(links)]
        rig.site.pages["/feed"] = rss(*items)
        assert (await poll(rig)).sent == 4
        assert all(value["provenance"]["content_from"] == "feed" for value in rig.out.values)
        assert rig.site.paths() == ["/feed"]


async def test_the_address_where_a_page_is_found_is_the_article_s_and_stays_so() -> None:
    async with rigged(pages=True) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": answer(302, Location="/real/1"), "/real/1": PAGE}
        await poll(rig)
        rig.site.pages |= {"/feed": rss(item(1, title="Corrected")), "/story/1": answer(500)}
        assert await poll(rig) == Polled("ok", sent=1, updates=1)
        assert [value["url"] for value in rig.out.values] == [rig.site.url("/real/1")] * 2
        first, second = (decode(value, received=rig.poller._moment()).articles[0] for value in rig.out.raw)
        assert first.id == second.id
        assert first.content_hash != second.content_hash


async def test_an_updated_entry_is_sent_again_once_and_only_if_it_says_something_else() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = rss(item(1), item(2))
        assert await poll(rig) == Polled("ok", sent=2)
        assert await poll(rig) == Polled("ok")
        rig.site.pages["/feed"] = rss(item(1, description="Corrected: nobody was hurt."), item(2))
        assert await poll(rig) == Polled("ok", sent=1, updates=1)
        assert await poll(rig) == Polled("ok")
        rig.site.pages["/feed"] = rss(item(1, description="<![CDATA[<b>Corrected:</b> nobody was hurt.]]>"), item(2))
        assert await poll(rig) == Polled("ok"), "other markup, the same words"
        assert {value["provenance"]["entry_id"] for value in rig.out.values} == {
            rig.site.url("/id-1"), rig.site.url("/id-2"),
        }  # fmt: skip


async def test_first_contact_sends_the_last_hours_and_remembers_the_rest() -> None:
    old = item(2, pubDate="Wed, 10 Jun 2026 10:00:00 GMT")
    async with rigged(since=24.0) as rig:
        rig.site.pages["/feed"] = rss(item(1), old, item(3, pubDate=""))
        assert (await poll(rig)).sent == 1
        rig.site.pages["/feed"] = rss(item(4, pubDate=""), item(1), old, item(3, pubDate=""))
        assert (await poll(rig)).sent == 1
        assert rig.out.titles() == ["Title 1", "Title 4"]
        assert "published_at" not in rig.out.values[1], "undated stays undated"


async def test_a_restart_repeats_nothing(tmp_path: Path) -> None:
    async with rigged() as rig:
        url = rig.site.url("/feed")
        rig.site.pages["/feed"] = answer(body=rss(item(1), item(2)), ETag='"a"')
        for run, sent in enumerate((2, 0, 0, 1)):
            if run == 2:
                rig.site.pages["/feed"] = rss(item(1), item(2))
            if run == 3:
                rig.site.pages["/feed"] = rss(item(3), item(1), item(2))
            with State(tmp_path) as state:
                poller = Poller(rig.visitor, state, rig.out, Inline(), Inline(), rig.clock, pages=False)
                found, done = await poller.poll(url)
                state.keep_feed(url, found)
            assert done.sent == sent
        assert rig.site.asked[-3][1]["if-none-match"] == '"a"'
        assert rig.out.titles() == ["Title 1", "Title 2", "Title 3"]


async def test_a_death_between_sending_and_the_ack_repeats_and_loses_nothing() -> None:
    out = Kept(faults={1: BrokerError("gone")})
    async with rigged(out=out) as rig:
        rig.site.pages["/feed"] = answer(body=rss(item(1), item(2), item(3)), ETag='"a"')
        with pytest.raises(BrokerError):
            await poll(rig)
        assert rig.state.feed(rig.site.url("/feed")).etag is None, "or a 304 would hide what was not sent"
        assert (await poll(rig)).sent == 2
        assert sorted(out.titles()) == ["Title 1", "Title 2", "Title 3"]
        assert "if-none-match" not in rig.site.asked[-1][1]


async def test_a_stop_waits_for_the_ack_that_is_under_way() -> None:
    began, go = asyncio.Event(), asyncio.Event()

    class Slow(Kept):
        async def put(self, value: bytes) -> bool:
            began.set()
            await go.wait()
            return await super().put(value)

    async with rigged(out=Slow()) as rig:
        rig.site.pages["/feed"] = rss(item(1), item(2))
        task = asyncio.create_task(poll(rig))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        await rig.poller.settle()
        assert rig.out.titles() == ["Title 1"]
        assert len(rig.state.seen(rig.site.url("/feed"))) == 1
        await poll(rig)
        assert rig.out.titles() == ["Title 1", "Title 2"]


async def test_what_the_topic_refuses_for_good_is_not_tried_again() -> None:
    async with rigged(out=Kept(refuse=True)) as rig:
        rig.site.pages["/feed"] = rss(item(1))
        assert await poll(rig) == Polled("ok", refused=1)
        assert await poll(rig) == Polled("ok")
        assert rig.out.calls == 1


async def test_entries_without_id_link_or_date() -> None:
    bare = [item(n, guid="", link="", pubDate="") for n in (1, 2)]
    async with rigged() as rig:
        rig.site.pages["/feed"] = rss()
        await poll(rig)
        rig.site.pages["/feed"] = rss(*bare, "<item/>", "<item><guid>empty</guid></item>")
        assert (await poll(rig)).sent == 2
        assert (await poll(rig)).sent == 0
        assert all("url" not in value for value in rig.out.values)


async def test_ten_thousand_entries() -> None:
    items = [f"<item><title>Title {n}</title></item>" for n in range(10_000)]
    async with rigged() as rig:
        rig.site.pages["/feed"] = rss(items[0])
        assert (await poll(rig)).sent == 0
        rig.site.pages["/feed"] = rss(*items)
        assert (await poll(rig)).sent == 9_999
        assert len(set(rig.out.titles())) == 9_999
        assert (await poll(rig)).sent == 0


async def test_no_more_than_fifty_pages_are_fetched_in_a_poll() -> None:
    async with rigged(pages=True) as rig:
        rig.site.pages["/feed"] = rss(*(item(n) for n in range(60)))
        assert (await poll(rig)).sent == 60
        assert len(rig.site.paths()) == 51


async def test_a_slow_site_does_not_make_its_news_late_for_ever() -> None:
    async with rigged(pages=True, interval=20.0) as rig:
        rig.site.pages["/feed"] = rss(*(item(n) for n in range(40)))
        assert (await poll(rig)).sent == 40
        assert len(rig.site.paths()) < 20, "five minutes of pages, then the entries' own words"


async def test_a_parser_that_is_too_slow_costs_that_feed_or_that_page_only() -> None:
    class Never:
        async def run(self, work: Any, *args: Any, **more: Any) -> Any:
            raise TimeoutError

    async with rigged(pages=True) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": PAGE}
        args = (rig.visitor, rig.state, rig.out)
        slow_feed = Poller(*args, Never(), Never(), rig.clock)
        with pytest.raises(FeedError, match="too long to read"):
            await slow_feed.poll(rig.site.url("/feed"))
        rig.poller._extractor = Never()
        assert (await poll(rig)).sent == 1
        assert rig.out.values[0]["provenance"]["content_from"] == "feed"


async def test_a_page_that_drips_is_left_alone() -> None:
    from streams.feeds.poll import Limits
    from streams.feeds.web import Bounds

    limits = Limits(Bounds(1_000_000, 2.0, 1.0), Bounds(1_000_000, 0.2, 0.2))
    async with rigged(pages=True, limits=limits) as rig:
        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": endless(0.02)}
        assert (await poll(rig)).sent == 1


async def test_broken_and_cut_off_feeds_are_read_as_far_as_they_go_and_said() -> None:
    async with rigged() as rig:
        rig.site.pages["/feed"] = rss(item(1), item(2))[:-60]
        done = await poll(rig)
        assert done.sent >= 1
        assert "broken" in done.remarks[0]


async def test_the_encoding_of_a_page_is_its_own() -> None:
    async with rigged(pages=True) as rig:
        page = PAGE.replace("utf-8", "windows-1252").replace("Officials", "Élysée officials")

        async def handle(_: web.Request) -> web.Response:
            return web.Response(body=page.encode("windows-1252"), headers={"Content-Type": "text/html"})

        rig.site.pages |= {"/feed": rss(item(1)), "/story/1": handle}
        await poll(rig)
        assert "Élysée officials" in rig.out.values[0]["text"]
