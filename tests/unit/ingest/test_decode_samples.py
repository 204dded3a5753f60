"""Every record of the crawler samples gives the right fields; so do their relatives."""

import json

import pytest

from streams.ingest.article import Moment
from streams.ingest.decode import read
from tests.unit.ingest.samples import CANONICAL, RECEIVED, SAMPLES, TITLE, at, one, sample


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
