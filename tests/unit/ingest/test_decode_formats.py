"""Producers without a sample: records written for the tests, field by field."""

import base64
import json

import pytest

from streams.ingest.article import Moment, Rejected
from streams.ingest.decode import read
from tests.unit.ingest.samples import RECEIVED, at, one

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
