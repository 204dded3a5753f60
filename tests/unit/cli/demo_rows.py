"""The rows of the bundled demo, and what tests of them share."""

import base64
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

TOOLS = {
    "news-please",
    "newspaper4k",
    "trafilatura",
    "feedparser",
    "newsapi",
    "gdelt",
    "json-ld",
    "ninjs",
    "scrapy",
    "fundus",
    "plain",
}
MOST_COMMON = ("news-please", "newspaper4k", "trafilatura", "feedparser", "newsapi")
PLACEHOLDERS = {
    "{{published:ISO_Z}}",
    "{{published:ISO_NAIVE}}",
    "{{published:RFC822}}",
    "{{published:DATE}}",
    "{{published:COMPACT}}",
    "{{published:ISO_OFFSET}}",
    "{{published:ARRAY}}",
}
ARRAY = "{{published:ARRAY}}"
STALE_MINUTES = 72 * 60
"""An article older than this by a date with a known zone gives no alert."""

# The keys by which a reader would know the crawler; a record may hold more.
MARKS: dict[str, set[str]] = {
    "news-please": {"date_publish", "maintext", "source_domain", "title_rss", "filename", "localpath"},
    "newspaper4k": {
        "publish_date",
        "meta_site_name",
        "canonical_link",
        "text",
        "meta_lang",
        "read_more_link",
    },
    "trafilatura": {"source-hostname", "raw_text", "fingerprint", "date", "source", "pagetype"},
    "feedparser": {"title_detail", "links", "link", "guidislink", "summary"},
    "newsapi": {"source", "publishedAt", "content", "urlToImage", "description"},
    "gdelt": {"seendate", "domain", "sourcecountry", "language", "socialimage"},
    "json-ld": {"@context", "@type", "headline", "datePublished"},
    "ninjs": {"uri", "pubStatus", "headlines", "bodies", "versionCreated"},
    "scrapy": {"url", "timestamp"},
    "fundus": {"title", "plaintext", "publishing_date", "free_access"},
    "plain": set(),
}

Row = dict[str, Any]


def load() -> list[Row]:
    text = files("streams.cli").joinpath("demo_articles.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


ROWS = load()
BY_NAME = {row["name"]: row for row in ROWS}
SOUND = [row for row in ROWS if not row["name"].startswith("bad-")]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def raw(row: Row) -> bytes:
    return base64.b64decode(row["value_b64"], validate=True)


def all_text(row: Row) -> str:
    if "value_b64" in row:
        return raw(row).decode("latin-1")
    return "\n".join(strings(row["value"]))


def body(row: Row) -> str:
    value = row["value"]
    for key in ("maintext", "text", "articleBody"):
        if key in value:
            return str(value[key])
    return str(value["bodies"][0]["value"])


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}
