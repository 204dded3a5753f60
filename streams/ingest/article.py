"""The article as every later room sees it: whatever crawler it came from, one record, cleaned and bounded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = ["Article", "Field", "Limits", "Moment", "Precision", "Reason", "Rejected"]

Field = Literal["title", "summary", "body"]
Precision = Literal["second", "minute", "hour", "day"]
Reason = Literal[
    "empty",
    "undecodable",
    "not_an_object",
    "too_deep",
    "oversized",
    "no_text",
    "bad_status",
    "model_failure",
    "unpublishable",
]
"""Why a record is in the dead-letter topic. Closed: a metric label and a header carry it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as a crawler stated it.

    `at` is aware and in UTC. Where the crawler gave no zone, `zone_known` is false and `at` takes the stated
    clock time as UTC, so it may be wrong by up to 14 hours. `precision` says how much was stated.
    """

    at: datetime
    precision: Precision
    zone_known: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Size caps of the decoder. Bytes for the raw record, code points for text fields."""

    record_bytes: int = 1_048_576
    depth: int = 100
    title: int = 1_000
    summary: int = 5_000
    body: int = 200_000
    short_text: int = 300
    """Names, URLs are cut at 2,048; this caps publisher, authors and tags."""
    articles: int = 500
    """Most articles that one record (a list, a NewsAPI page) may hold."""


@dataclass(frozen=True, slots=True)
class Article:
    """One news article, normalised.

    Text fields are plain text in NFC without control, bidi or zero-width characters (but for joiners that a
    script needs), stripped, never empty: absent is None. Paragraphs of `body` are divided by one newline.
    At least one of `title`, `summary` and `body` is present.

    `id` is 32 hex digits of the sha256 of the canonical URL, else of the normalised title and body.
    `content_hash` is 32 hex digits of the sha256 of title, summary and body: it tells a repeat from a correction.
    `simhash` is 16 hex digits, the 64-bit simhash of the body's (else title's and summary's) word shingles.
    `aliases` says which source field each canonical field was read from; `repairs` what was mended
    (closed names, see `streams.ingest.text`); `dropped` what could not be used, as `field: why`.
    """

    id: str
    url: str | None
    canonical_url: str | None
    title: str | None
    summary: str | None
    body: str | None
    published: Moment | None
    updated: Moment | None
    crawled: Moment | None
    language: str | None
    publisher: str | None
    domain: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    image_url: str | None
    source_format: str
    content_hash: str
    simhash: str
    retracted: bool
    aliases: tuple[tuple[str, str], ...]
    repairs: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record, or one article of a record that holds several, that can't become an Article.

    `detail` is one bounded sentence for a person; it never holds the record's text.
    """

    reason: Reason
    detail: str
