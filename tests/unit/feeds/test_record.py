"""From an entry to a record, and what the project's own decoder makes of that."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cli.preferred import article_schema
from streams.feeds.entries import Entry, Feed, read
from streams.feeds.record import entry_key, entry_text, is_recent, link_of, make, published, text_of
from streams.feeds.web import CRAWLER
from streams.ingest.article import Article
from streams.ingest.decode import decode
from tests.unit.cli.support import HOSTILE
from tests.unit.feeds.support import entry, item, rss

URL = "https://news.test/feed"
NOW = datetime(2026, 6, 21, tzinfo=UTC)
FEED = Feed("News Test", "en-gb", None, False, 0, ())
PAGE = "Gunmen took the airport on Saturday. " * 20
WORDS = st.none() | st.text(max_size=200)


def made(one: Entry, page: str | None = None, url: str | None = "https://news.test/a", feed: Feed = FEED) -> Any:
    value = make(one, feed, URL, url, page, NOW)
    assert value is not None
    return orjson.loads(value)


def decoded(value: bytes) -> Article:
    found = decode(value, received=NOW)
    assert found.rejected == ()
    (article,) = found.articles
    return article


def test_our_own_decoder_reads_all_of_it() -> None:
    body = rss(
        item(
            7, title="Embassy &lt;b&gt;orders&lt;/b&gt; staff to leave", pubDate="Sun, 21 Jun 2026 04:30:00 +0530",
            description="&lt;p&gt;Staff are to leave at once.&lt;/p&gt;", category="World",
        )
    )  # fmt: skip
    feed = read(body.encode(), "text/xml", URL)
    (one,) = feed.entries
    value = make(one, feed, URL, link_of(one, URL), "First paragraph of it.\nSecond paragraph. " + PAGE, NOW)
    assert value is not None
    article = decoded(value)
    assert article.title == "Embassy orders staff to leave"
    assert article.summary == "Staff are to leave at once."
    assert (article.body or "").startswith("First paragraph of it.\nSecond")
    assert article.url == "https://news.test/story/7"
    assert (article.publisher, article.domain, article.language) == ("News Test", "news.test", "en")
    assert article.published is not None
    assert article.published.at == datetime(2026, 6, 20, 23, 0, tzinfo=UTC)
    assert (article.published.zone_known, article.published.precision) == (True, "second")
    assert article.updated is None
    assert article.crawled is not None
    assert article.crawled.at == NOW
    assert article.tags == ("World",)
    assert article.source_format == "plain"
    assert article.dropped == ()
    assert orjson.loads(value)["provenance"] == {
        "crawler": CRAWLER,
        "feed_url": URL,
        "feed_title": "News Test",
        "entry_id": "https://news.test/id-7",
        "fetched_at": "2026-06-21T00:00:00+00:00",
        "content_from": "page",
    }
    assert orjson.loads(value)["published_at"].endswith("+0530"), "the zone stays"


def test_it_is_the_preferred_form_but_for_its_provenance() -> None:
    record = made(entry(title="A title", summary="s", link="/a", published="2026-06-20", authors=("Ann",)), PAGE)
    del record["provenance"]
    jsonschema.validate(record, article_schema())


def test_what_has_no_date_gets_none() -> None:
    for words in (None, "yesterday", "", "2 hours ago", "0000-00-00"):
        record = made(entry(title="x", published=words))
        assert "published_at" not in record
        assert decoded(orjson.dumps(record)).published is None


def test_a_date_of_change_is_all_that_some_have() -> None:
    record = made(entry(title="x", updated="2026-06-20T12:00:00+09:00"))
    assert record["published_at"] == "2026-06-20T12:00:00+09:00"
    assert "updated_at" not in record
    record = made(entry(title="x", published="2026-06-19T12:00:00Z", updated="2026-06-20T12:00:00Z"))
    assert (record["published_at"], record["updated_at"]) == ("2026-06-19T12:00:00Z", "2026-06-20T12:00:00Z")


def test_a_clock_time_without_a_zone_stays_one() -> None:
    article = decoded(orjson.dumps(made(entry(title="x", published="2026-06-20 12:00:00"))))
    assert article.published is not None
    assert not article.published.zone_known


def test_the_page_wins_only_if_it_says_more() -> None:
    full = "What the feed has in full. " * 30
    assert made(entry(title="x", content=full), "We value your privacy.")["text"] == full.strip()
    assert made(entry(title="x", content=full), "We value your privacy.")["provenance"]["content_from"] == "feed"
    assert made(entry(title="x", content="short"), PAGE)["provenance"]["content_from"] == "page"
    assert "text" not in made(entry(title="x", summary="A standfirst."), "too short")


def test_a_long_description_is_the_article() -> None:
    record = made(entry(title="x", summary="Long words. " * 300))
    assert "summary" not in record
    assert len(record["text"]) > 3_000


def test_no_text_no_record() -> None:
    assert make(entry(id="x", link="https://news.test/x"), FEED, URL, None, None, NOW) is None
    assert make(entry(title="<p></p>", summary=" \u200b "), FEED, URL, None, None, NOW) is None


def test_hostile_words_are_inert() -> None:
    one = entry(
        id=HOSTILE, title=f"{HOSTILE} <script>alert(1)</script>", summary=HOSTILE * 3, source=HOSTILE,
        authors=(HOSTILE,), tags=(HOSTILE,), published=HOSTILE, language=HOSTILE,
    )  # fmt: skip
    value = make(one, Feed(HOSTILE, HOSTILE, None, False, 0, ()), URL, None, HOSTILE * 20, NOW)
    assert value is not None
    text = value.decode()
    assert not any(letter in text for letter in "\x1b\x07\u202e\r\n")
    assert "\\u001b" not in text
    assert "alert(1)" not in text


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("/a?b=c", "https://news.test/a?b=c"), ("https://x.test/é", "https://x.test/é"), (None, None),
        ("javascript:alert(1)", None), ("http://u:p@x.test/a", "http://x.test/a"), ("http://[", None),
        ("mailto:a@b.c", None),
    ],
)  # fmt: skip
def test_links(link: str | None, found: str | None) -> None:
    assert link_of(entry(link=link), URL) == found


def test_keys_and_changes() -> None:
    first = entry(id="1", link="/a", title="x")
    assert entry_key(first) == entry_key(entry(id="1", link="/b", title="y"))
    assert entry_key(entry(link="/a")) != entry_key(entry(link="/b"))
    assert entry_key(entry(title="a")) != entry_key(entry(title="b"))
    assert entry_key(entry(title="/a")) != entry_key(entry(link="/a"))
    assert entry_text(first) == entry_text(entry(id="2", title="<b>x</b>"))
    assert entry_text(first) != entry_text(entry(title="y"))


@pytest.mark.parametrize(
    ("words", "recent"),
    [
        ("2026-06-20T23:00:00Z", True), ("2026-06-20T01:00:00Z", True), ("2026-06-19T23:00:00Z", False),
        ("2026-06-19 12:00:00", True), ("2026-06-18 12:00:00", False), ("2026-06-19", True), ("2026-06-17", False),
        (None, False), ("nonsense", False), ("2030-01-01T00:00:00Z", False),
    ],
)  # fmt: skip
def test_what_is_recent(words: str | None, recent: bool) -> None:
    assert is_recent(entry(published=words), NOW, 24.0) == recent


@settings(deadline=None)
@given(st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 20)), st.integers(-12 * 60, 14 * 60))
def test_a_moment_survives_the_way(at: datetime, minutes: int) -> None:
    stated = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    one = entry(title="x", published=stated.strftime("%a, %d %b %Y %H:%M:%S %z"))
    article = decoded(orjson.dumps(made(one)))
    assert article.published is not None
    assert article.published.at == stated
    moment = published(one, NOW)
    assert moment is not None
    assert moment.at == stated


@settings(deadline=None)
@given(st.builds(entry, id=WORDS, link=WORDS, title=WORDS, summary=WORDS, content=WORDS, published=WORDS,
                 updated=WORDS, language=WORDS, source=WORDS), WORDS)  # fmt: skip
def test_any_entry_gives_a_record_that_is_read_or_none(one: Entry, page: str | None) -> None:
    link = link_of(one, URL)
    value = make(one, Feed(one.source, one.language, None, False, 0, ()), URL, link, page, NOW)
    assert entry_key(one) == entry_key(one)
    assert len(entry_text(one)) == 16
    if value is not None:
        assert len(value) < 1_048_576
        assert len(text_of(value)) == 16
        assert len(decode(value, received=NOW).articles) == 1
