"""From the bytes of a feed to its entries: RSS, RDF and Atom, whole or broken.

Guarantees: bounded (10,000 entries, each text clipped); no entity is expanded; a broken feed gives what feedparser
saves of it; dates are the feed's own words, so that their zone stays. Refuses what is no feed, and says what it is
instead.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from streams.feeds.faults import FeedError

__all__ = ["Entry", "Feed", "read"]

_MOST: Final = 10_000
_LONG: Final = 400_000
_SHORT: Final = 2_048
_FIRST: Final = 20
_PERIODS: Final = {
    "hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 31_536_000.0,
}  # fmt: skip
"""RSS 1.0 module Syndication."""
_HALF: Final = re.compile(
    rb"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));"
)
"""References to halves of surrogate pairs, over which the parsers fall."""
_HTML: Final = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the feed has it: texts may be HTML, dates are words; None is what it does not say."""

    id: str | None
    link: str | None
    title: str | None
    summary: str | None
    content: str | None
    published: str | None
    updated: str | None
    language: str | None
    source: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. `hint`: seconds between polls that it names; `broken`: it had to be mended; `left`: entries not read."""

    title: str | None
    language: str | None
    hint: float | None
    broken: bool
    left: int
    entries: tuple[Entry, ...]


def read(body: bytes, content_type: str, url: str) -> Feed:
    """The feed in `body`, fetched from `url`. Raises FeedError."""
    import feedparser

    kind = content_type.partition(";")[0].strip().lower()
    try:
        found = feedparser.parse(
            io.BytesIO(_spoilt(body)),
            response_headers={"content-type": content_type or "application/xml", "content-location": url},
            resolve_relative_uris=False,
            sanitize_html=False,  # the decoder reads HTML, and only its words
        )
    except MemoryError:
        raise
    except Exception as error:
        # WHY: three parsers of hostile text. A fault in one must cost one feed, which says so.
        what = f"it can't be read ({type(error).__name__})"
        raise FeedError(url, what, "its publisher must mend it; tell us if other readers can read it") from error
    raw = found["entries"]
    if not raw and not _get(found, "version"):
        raise FeedError(url, _what(body, kind), "look for the address of its feed on the site")
    feed: Mapping[str, Any] = found["feed"]
    return Feed(
        title=_text(feed, "title", _SHORT),
        language=_text(feed, "language", 100),
        hint=_hint(feed),
        broken=bool(_get(found, "bozo")) and type(_get(found, "bozo_exception")).__name__ != "NonXMLContentType",
        left=max(0, len(raw) - _MOST),
        entries=tuple(_entry(one) for one in raw[:_MOST]),
    )


def _spoilt(body: bytes) -> bytes:
    """`body` without what its parsers can't bear, read as a broken feed then.

    No feed needs entities of its own, and nested ones are the billion laughs: expat would unpack a hundred times the
    size of the feed. What is in rarer encodings is for the bounds of the process that parses.
    """
    for coding in ("ascii", "utf-16-le", "utf-16-be"):
        body = body.replace("<!ENTITY".encode(coding), "<! ENTITY".encode(coding))
    return _HALF.sub(b"&#xFFFD;", body)


def _what(body: bytes, kind: str) -> str:
    if not body.strip():
        return "it is empty"
    if kind == "text/html" or _HTML.match(body):
        return "this is a web page, no feed"
    return f"this is no feed ({kind[:40] or 'of no stated type'})"


def _entry(raw: Mapping[str, Any]) -> Entry:
    contents = [one.get("value") for one in _list(raw, "content") if isinstance(one, dict)]
    content = next((text for text in contents if isinstance(text, str) and text.strip()), None)
    source = _get(raw, "source")
    detail = _get(raw, "title_detail")
    authors = [one.get("name") for one in _list(raw, "authors") if isinstance(one, dict)]
    tags = [one.get("term") for one in _list(raw, "tags") if isinstance(one, dict)]
    return Entry(
        id=_text(raw, "id", _SHORT),
        link=_text(raw, "feedburner_origlink", _SHORT) or _text(raw, "link", _SHORT),
        title=_text(raw, "title", _LONG),
        summary=_text(raw, "summary", _LONG),
        content=_sound(content[:_LONG]) if content else None,
        published=_text(raw, "published", 256),
        updated=_text(raw, "updated", 256),
        language=_text(detail, "language", 100) if isinstance(detail, dict) else None,
        source=(_text(source, "title", _SHORT) if isinstance(source, dict) else None)
        or _text(raw, "publisher", _SHORT),
        authors=tuple(_sound(name[:200]) for name in authors if isinstance(name, str) and name.strip()),
        tags=tuple(_sound(term[:100]) for term in tags if isinstance(term, str) and term.strip()),
    )


def _get(raw: Mapping[str, Any], name: str) -> Any:
    """What feedparser has under `name`: its own `get` puts a publication date where there is no update, and warns."""
    return dict.get(raw, name)  # type: ignore[call-overload]  # it is a dict, with a `get` of its own


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    found = _get(raw, name)
    return found[:_FIRST] if isinstance(found, list) else []


def _text(raw: Mapping[str, Any], name: str, most: int) -> str | None:
    found = _get(raw, name)
    return _sound(found.strip()[:most]) or None if isinstance(found, str) else None


def _sound(text: str) -> str:
    """`text` without halves of surrogate pairs, which a broken feed may hold and nothing can store."""
    return text.encode("utf-8", "ignore").decode()


def _hint(feed: Mapping[str, Any]) -> float | None:
    """Seconds between polls: `ttl` (minutes), or a period and how often in it."""
    ttl = _text(feed, "ttl", 20)
    if ttl and ttl.isascii() and ttl.isdigit() and int(ttl) > 0:
        return int(ttl) * 60.0
    period = _PERIODS.get((_text(feed, "sy_updateperiod", 20) or "").lower())
    if period is None:
        return None
    often = _text(feed, "sy_updatefrequency", 6) or "1"
    return period / max(1, int(often)) if often.isascii() and often.isdigit() else period
