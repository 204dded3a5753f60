"""From an entry to the record of an article, in the form that `tocsin schema article` prefers, with where it came from.

Guarantees: pure; texts are plain and within the preferred bounds; dates are the feed's own words where our decoder
reads them, so that zone and precision stay, and an entry without a date has none. The words of `provenance` are
inert. Refuses (None) an entry in which our own decoder would find no text.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin

import orjson

from streams.feeds.entries import Entry, Feed
from streams.feeds.web import CRAWLER
from streams.ingest import dates
from streams.ingest.article import Moment
from streams.ingest.decode import decode
from streams.ingest.display import display
from streams.ingest.identity import plain_url
from streams.ingest.text import clean

__all__ = ["entry_key", "entry_text", "is_recent", "link_of", "make", "published", "text_of"]

_TITLE: Final = 1_000
_SUMMARY: Final = 5_000
_BODY: Final = 60_000
_STANDFIRST: Final = 1_200
"""Characters above which a description is taken for the article itself."""
_LEAST_PAGE: Final = 200
_ZONE_SLACK: Final = timedelta(hours=14)


def entry_key(entry: Entry) -> bytes:
    """16 bytes by which an entry is known again: its id, else its link, else its words."""
    name = entry.id or entry.link
    parts = ("id", name) if name else ("text", entry.title or "", entry.summary or "", entry.content or "")
    return _digest(*parts)


def entry_text(entry: Entry) -> bytes:
    """16 bytes that change when the words of an entry do."""
    return _digest(*(_plain(text, _BODY) or "" for text in (entry.title, entry.summary, entry.content)))


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()[:16]


def link_of(entry: Entry, feed_url: str) -> str | None:
    """The address of the article, absolute and without credentials; None if it has none on the web."""
    if not entry.link:
        return None
    try:
        return plain_url(urljoin(feed_url, entry.link))
    except ValueError:
        return None


def published(entry: Entry, now: datetime) -> Moment | None:
    """When the entry was published as far as it says so: RSS 1.0 and many Atom feeds only have a date of change."""
    first = dates.parse(entry.published, received=now) if entry.published else None
    return first or (dates.parse(entry.updated, received=now) if entry.updated else None)


def is_recent(entry: Entry, now: datetime, hours: float) -> bool:
    """Whether the entry is surely dated, and not surely older than `hours`."""
    moment = published(entry, now)
    if moment is None:
        return False
    latest = moment.at + (timedelta(0) if moment.zone_known else _ZONE_SLACK)
    return latest + (timedelta(days=1) if moment.precision == "day" else timedelta(0)) >= now - timedelta(hours=hours)


def text_of(value: bytes) -> bytes:
    """16 bytes that change when what a record tells does: not with the time of fetching, nor with where it was read."""
    found = orjson.loads(value)
    return _digest(*(str(found.get(name) or "") for name in ("title", "summary", "text")))


def make(entry: Entry, feed: Feed, feed_url: str, url: str | None, page: str | None, now: datetime) -> bytes | None:
    """The record of `entry` at `url`, fetched at `now`; `page` is its page's text, None where that was not had."""
    title = _plain(entry.title, _TITLE, paragraphs=False)
    summary, content = _plain(entry.summary, _BODY), _plain(entry.content, _BODY)
    if content is None and summary and len(summary) > _STANDFIRST:
        summary, content = None, summary
    body = _plain(page, _BODY)
    # WHY: consent walls and stubs are pages, too. What the feed has in full is never given up for less.
    from_page = body is not None and len(body) >= max(_LEAST_PAGE, len(content or summary or ""))
    text = body if from_page else content
    if not (title or summary or text):
        return None
    if summary and (summary == text or len(summary) > _SUMMARY):
        summary = None if text else summary[:_SUMMARY]
    record: dict[str, Any] = {
        "title": title,
        "summary": summary,
        "text": text,
        "url": url,
        "published_at": _date(entry.published, now) or _date(entry.updated, now),
        "updated_at": _date(entry.updated, now) if entry.published else None,
        "crawled_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "language": _word(entry.language or feed.language, 35),
        "publisher": _word(entry.source or feed.title, 300),
        "authors": [name for name in (_word(one, 200) for one in entry.authors) if name],
        "tags": [term for term in (_word(one, 100) for one in entry.tags) if term],
    }
    kept = {name: value for name, value in record.items() if value}
    kept["provenance"] = {
        "crawler": CRAWLER,
        "feed_url": feed_url,
        "feed_title": _word(feed.title, 300),
        "entry_id": _word(entry.id, 2_048),
        "fetched_at": record["crawled_at"],
        "content_from": "page" if from_page else "feed",
    }
    value = orjson.dumps(kept)
    # A title is always read; a text without one may be nothing but a copyright line, which would be a dead letter.
    return value if title or decode(value, received=now).articles else None


def _plain(text: str | None, cap: int, *, paragraphs: bool = True) -> str | None:
    return display(text, cap=cap, paragraphs=paragraphs, repairs=set()) if text else None


def _word(text: str | None, cap: int) -> str | None:
    return clean(text[: 8 * cap], cap=cap).text or None if text else None


def _date(words: str | None, now: datetime) -> str | None:
    """A feed's date as it is written, where our decoder reads it."""
    if not words or dates.parse(words, received=now) is None:
        return None
    return clean(words, cap=64).text
