"""Every crawler's record lands in the right fields: the shipped samples, and records of the tools that have none."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.ingest.article import Article, Moment, Rejected
from streams.ingest.decode import read

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)
SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "fixtures" / "crawler_samples.jsonl").read_text("utf-8").splitlines()
]
CANONICAL = "https://example.com/world/2026/11/20/embassy-evacuation"
TITLE = "Embassy orders evacuation as shelling intensifies"


def one(record: object) -> Article:
    decoded = read(json.dumps(record).encode(), received=RECEIVED)
    assert decoded.rejected == ()
    (article,) = decoded.articles
    return article


def sample(tool: str, case: str) -> dict[str, Any]:
    (found,) = [line["record"] for line in SAMPLES if (line["tool"], line["case"]) == (tool, case)]
    return dict(found)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_samples_are_all_covered_below() -> None:
    assert len(SAMPLES) == 11


def test_news_please() -> None:
    article = one(sample("news-please", "get_serializable_dict"))
    assert article.source_format == "news-please"
    assert article.title == TITLE
    assert article.summary == "Staff told to leave & borders close"
    assert article.body is not None
    assert article.body.startswith("KYIV (Reuters) - The embassy")
    assert article.body.endswith("throughout the night.")
    assert article.body.count("\n") == 2
    assert article.published == Moment(at("2026-11-20T23:30:00+00:00"), "second", zone_known=False)
    assert article.updated is None
    assert article.crawled is None
    assert article.canonical_url == CANONICAL
    assert article.url == CANONICAL + "?utm_source=rss#top"
    assert article.image_url == CANONICAL + "?utm_source=rss#top"
    assert (article.domain, article.language, article.authors) == ("example.com", "en", ("Jane Doe",))
    assert dict(article.aliases)["body"] == "maintext"
    assert article.repairs == ("boilerplate", "null_string")
    assert article.dropped == ()


def test_news_please_of_an_empty_page_has_no_text() -> None:
    decoded = read(json.dumps(sample("news-please", "empty page")).encode(), received=RECEIVED)
    assert [rejected.reason for rejected in decoded.rejected] == ["no_text"]


def test_newspaper4k_takes_a_date_from_the_address_as_a_day() -> None:
    article = one(sample("newspaper4k", "dated url"))
    assert article.source_format == "newspaper4k"
    assert article.published == Moment(at("2026-11-20T00:00:00+00:00"), "day", zone_known=False)
    assert article.publisher == "Example Times"
    assert article.tags == ("evacuation", "embassy")
    assert article.summary == "Staff told to leave & borders close"
    assert article.body is not None
    assert "move to shelters <immediately> & to avoid main roads" in article.body
    assert dict(article.aliases)["language"] == "meta_lang"
    assert article.image_url is None


def test_newspaper4k_keeps_an_offset_and_believes_the_canonical_link() -> None:
    article = one(sample("newspaper4k", "undated url"))
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert article.url == "https://example.com/a/story-1"
    assert article.canonical_url == CANONICAL
    assert article.id == one(sample("news-please", "get_serializable_dict")).id


def test_trafilatura() -> None:
    article = one(sample("trafilatura", "with_metadata"))
    assert article.source_format == "trafilatura"
    assert article.url == CANONICAL
    assert dict(article.aliases)["url"] == "source"
    assert (article.publisher, article.domain) == ("Example Times", "example.com")
    assert article.body is not None
    assert article.body.startswith("KYIV (Reuters)")
    assert "title_repeated" in article.repairs
    assert article.published == Moment(at("2026-11-20T00:00:00+00:00"), "day", zone_known=False)
    assert article.crawled == Moment(at("2026-11-22T00:00:00+00:00"), "day", zone_known=False)
    assert article.summary == "Staff told to leave & borders close"
    assert article.tags == ("evacuation", "embassy")
    assert article.authors == ("Jane Doe",)
    assert article.language is None


def test_trafilatura_without_metadata_has_only_a_body() -> None:
    article = one(sample("trafilatura", "without metadata"))
    assert article.source_format == "trafilatura"
    assert article.title is None
    assert article.body is not None
    assert article.body.startswith(TITLE + "\nKYIV")
    assert article.url is None


def test_feedparser_entry_with_html() -> None:
    article = one(sample("feedparser", "entry 0"))
    assert article.source_format == "feedparser"
    assert (article.title, article.summary, article.body) == ("Troops & tanks move", "Hi there", "Full x text")
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert (article.tags, article.authors) == (("war",), ("Jane",))
    assert article.canonical_url == "https://e.com/1"
    assert article.repairs == ("html",)


@pytest.mark.parametrize(
    ("case", "published"),
    [
        ("entry 1", None),
        ("entry 2", Moment(at("2026-02-27T12:38:00+00:00"), "minute", zone_known=False)),
        ("entry 3", Moment(at("2026-11-20T17:00:00+00:00"), "second", zone_known=True)),
    ],
)
def test_feedparser_dates(case: str, published: Moment | None) -> None:
    assert one(sample("feedparser", case)).published == published


def test_feedparser_falls_back_to_the_parsed_date() -> None:
    entry = {"title": "T", "published": "??", "published_parsed": [2026, 11, 20, 18, 0, 0, 4, 324, 0]}
    article = one(entry)
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert dict(article.aliases)["published"] == "published_parsed"


def test_a_whole_feed_lends_its_title_and_language() -> None:
    feed = {
        "feed": {"title": "Example Times", "language": "en-us"},
        "entries": [{"title": "A", "link": "http://e.com/a", "title_detail": {}}, {"title": "B", "title_detail": {}}],
    }
    decoded = read(json.dumps(feed).encode(), received=RECEIVED)
    assert [(a.title, a.publisher, a.language) for a in decoded.articles] == [
        ("A", "Example Times", "en"),
        ("B", "Example Times", "en"),
    ]


def test_json_ld_sample() -> None:
    article = one(sample("extruct", "json-ld"))
    assert article.source_format == "json-ld"
    assert article.title == TITLE
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert article.updated == Moment(at("2026-11-20T19:30:00+00:00"), "second", zone_known=True)
    assert (article.publisher, article.authors, article.language) == ("Example Times", ("Jane Doe",), "en")


def test_json_ld_graph_with_lists_and_strings() -> None:
    record = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "name": "Example Times"},
            {
                "@type": ["NewsArticle", "Article"],
                "headline": "Border closed",
                "mainEntityOfPage": {"@type": "WebPage", "@id": "https://example.com/a"},
                "author": "Jane Doe",
                "publisher": [{"@type": "Organization", "name": "Example Times"}],
                "keywords": "border, war",
                "articleSection": ["World"],
                "image": [{"url": "https://example.com/i.jpg"}],
                "articleBody": "The border was closed.",
            },
        ],
    }
    article = one(record)
    assert (article.title, article.body, article.publisher) == (
        "Border closed",
        "The border was closed.",
        "Example Times",
    )
    assert article.url == "https://example.com/a"
    assert article.tags == ("border", "war", "World")
    assert article.image_url == "https://example.com/i.jpg"
    assert article.authors == ("Jane Doe",)


def test_json_ld_live_blog_gives_its_posts() -> None:
    record = {
        "@type": "LiveBlogPosting",
        "headline": "Live",
        "liveBlogUpdate": [{"headline": "18:00", "articleBody": "Sirens sound."}, {"articleBody": "All clear."}],
    }
    assert one(record).body == "18:00\nSirens sound.\nAll clear."


NEWSAPI = {
    "source": {"id": None, "name": "Example Times"},
    "author": None,
    "title": "Embassy tells staff to leave - Example Times",
    "description": "Staff were told to leave.",
    "url": "https://www.example.com/a?utm_medium=x",
    "urlToImage": "https://example.com/i.jpg",
    "publishedAt": "2026-11-20T18:00:00Z",
    "content": "The embassy told its staff to leave the country on Fri… [+1234 chars]",
}


def test_newsapi() -> None:
    article = one(NEWSAPI)
    assert article.source_format == "newsapi"
    assert article.title == "Embassy tells staff to leave"
    assert article.body == "The embassy told its staff to leave the country on Fri"
    assert {"publisher_tail", "truncated"} <= set(article.repairs)
    assert (article.publisher, article.domain) == ("Example Times", "example.com")
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert article.image_url == "https://example.com/i.jpg"


def test_newsapi_takedown_has_no_text() -> None:
    removed = {**NEWSAPI, "title": "[Removed]", "description": "[Removed]", "content": "[Removed]"}
    decoded = read(json.dumps(removed).encode(), received=RECEIVED)
    assert [rejected.reason for rejected in decoded.rejected] == ["no_text"]


def test_newsapi_page_is_divided() -> None:
    page = {"status": "ok", "totalResults": 3, "articles": [NEWSAPI, {**NEWSAPI, "title": None, "description": None,
                                                                  "content": None}, NEWSAPI]}  # fmt: skip
    decoded = read(json.dumps(page).encode(), received=RECEIVED)
    assert len(decoded.articles) == 2
    assert [rejected.reason for rejected in decoded.rejected] == ["no_text"]


def test_another_tail_than_the_publisher_stays() -> None:
    assert (
        one({**NEWSAPI, "title": "Troops at the border - what we know"}).title == "Troops at the border - what we know"
    )


def test_gdelt() -> None:
    article = one(
        {
            "url": "https://example.es/a",
            "url_mobile": "",
            "title": 'Serrano , sobrio : " don \' t " ( ayer ) .',
            "seendate": "20230918T031500Z",
            "socialimage": "https://example.es/i.jpg",
            "domain": "example.es",
            "language": "Spanish",
            "sourcecountry": "Spain",
        }
    )
    assert article.source_format == "gdelt"
    assert article.title == 'Serrano, sobrio: " don\'t " (ayer).'
    assert article.published is None
    assert article.crawled == Moment(at("2023-09-18T03:15:00+00:00"), "second", zone_known=True)
    assert (article.language, article.domain) == ("es", "example.es")
    assert article.image_url == "https://example.es/i.jpg"


def test_ninjs_3() -> None:
    article = one(
        {
            "uri": "urn:newsml:example.com:20261120:1",
            "pubStatus": "usable",
            "language": "en-GB",
            "contentCreated": "2026-11-20T18:00:00+00:00",
            "versionCreated": "2026-11-20T19:00:00+00:00",
            "headlines": [{"role": "short", "value": "Out"}, {"role": "main", "value": "Embassy empties"}],
            "bodies": [
                {"role": "main", "contentType": "text/html", "value": "<p>The embassy &amp; its staff left.</p>"},
                {"role": "main", "contentType": "text/plain", "value": "The embassy and its staff left."},
            ],
            "infoSources": [{"name": "Wire", "role": "distributor"}, {"name": "Example Agency", "role": "originator"}],
            "subjects": [{"name": "war"}],
            "people": [{"name": "Jane Doe"}],
        }
    )
    assert article.source_format == "ninjs"
    assert (article.title, article.body) == ("Embassy empties", "The embassy and its staff left.")
    assert article.publisher == "Example Agency"
    assert article.tags == ("war",)
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert article.updated == Moment(at("2026-11-20T19:00:00+00:00"), "second", zone_known=True)
    assert article.url is None
    assert not article.retracted


def test_ninjs_1_and_a_cancellation() -> None:
    article = one(
        {
            "uri": "http://example.com/story/1",
            "pubstatus": "canceled",
            "headline": "Embassy empties",
            "body_xhtml": "<p>The staff left.</p>",
            "byline": "By Jane Doe",
            "versioncreated": "2026-11-20T19:00:00Z",
        }
    )
    assert article.source_format == "ninjs"
    assert article.retracted
    assert article.body == "The staff left."
    assert article.authors == ("Jane Doe",)
    assert article.canonical_url == "https://example.com/story/1"


PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>Embassy empties | Example Times</title>
<meta property="og:site_name" content="Example Times"><meta name="description" content="Staff left.">
<meta property="article:published_time" content="2026-11-20T18:00:00Z"><script>var p = "<p>no</p>";</script></head>
<body><nav>Home World</nav><header>Example Times</header><article><p>The embassy told its staff to leave &amp; closed
its doors on Friday after a night of shelling near the border, officials said.</p><aside>Read this too</aside>
<p>Two crossings will close at midnight, and buses will run until then from the central station, they added.</p>
</article><footer>Copyright</footer></body></html>"""


@pytest.mark.parametrize("encoded", [False, True])
def test_scrapy_cluster_page(encoded: bool) -> None:
    body = base64.b64encode(PAGE.encode()).decode() if encoded else PAGE
    article = one(
        {
            "appid": "news",
            "crawlid": "1",
            "url": "https://example.com/a",
            "response_url": "https://example.com/a",
            "status_code": 200,
            "timestamp": "2026-11-20T20:00:00.123456",
            "body": body,
        }
    )
    assert article.source_format == "scrapy"
    assert article.title == "Embassy empties"
    assert article.body is not None
    assert article.body.split("\n")[0].endswith("leave & closed its doors on Friday after a night of shelling near the "
                                                "border, officials said.")  # fmt: skip
    assert len(article.body.split("\n")) == 2
    assert (article.publisher, article.language, article.summary) == ("Example Times", "en", "Staff left.")
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert article.crawled == Moment(at("2026-11-20T20:00:00+00:00"), "second", zone_known=False)
    assert ("base64" in article.repairs) == encoded


def test_a_failed_request_has_no_text() -> None:
    decoded = read(
        json.dumps({"url": "https://e.com/a", "crawlid": "1", "status_code": 503, "body": PAGE}).encode(),
        received=RECEIVED,
    )
    assert [rejected.reason for rejected in decoded.rejected] == ["no_text"]


def test_fundus() -> None:
    article = one(
        {
            "title": "Embassy empties",
            "body": {
                "summary": ["Staff left."],
                "sections": [{"headline": ["Night"], "paragraphs": ["Shells fell.", "Buses ran."]}],
            },
            "publishing_date": "2026-11-20 23:30:00+05:30",
            "topics": ["war"],
            "lang": "en",
            "free_access": True,
            "authors": ["Jane Doe"],
        }
    )
    assert article.source_format == "fundus"
    assert article.body == "Staff left.\nNight\nShells fell.\nBuses ran."
    assert article.published == Moment(at("2026-11-20T18:00:00+00:00"), "second", zone_known=True)
    assert (article.tags, article.language) == (("war",), "en")


def test_plain_records_say_what_was_dropped() -> None:
    article = one(
        {
            "title": "A",
            "text": "Some text.",
            "published_at": "2027-01-01T00:00:00Z",
            "language": "klingon",
            "url": "javascript:alert(1)",
            "crawled_at": "2026-11-20T20:00:00Z",
        }
    )
    assert article.source_format == "plain"
    assert article.dropped == ("url: no web address", "language: unknown", "published: future")
    assert article.published is None
    assert article.crawled is not None


def test_wrappers_and_clouds() -> None:
    inner = {"title": "A", "text": "Some text."}
    wrapped: list[object] = [
        {"article": inner},
        {"payload": {"data": inner}},
        {"specversion": "1.0", "type": "x", "source": "/s", "id": "1", "data": inner},
        {"_index": "news", "_id": "1", "_source": inner},
        {"record": json.dumps(inner)},
        {"items": [inner]},
        [{"item": inner}],
    ]
    for value in wrapped:
        article = one(value)
        assert (article.title, article.body) == ("A", "Some text.")
        assert "envelope" in article.repairs


def test_more_articles_than_allowed_are_named_in_one_rejection() -> None:
    decoded = read(json.dumps([{"title": f"T {n}"} for n in range(600)]).encode(), received=RECEIVED)
    assert len(decoded.articles) == 500
    assert decoded.rejected == (Rejected("oversized", "600 articles in one record, more than 500"),)
