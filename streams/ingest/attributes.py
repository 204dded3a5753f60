"""What an article says of itself beside its texts: publisher, authors, tags, language, dates.

Guarantees: names are clean and short, lists bounded and without repeats, dates those of `streams.ingest.dates`. Refuses
null values written as text, and addresses in the place of names.
"""

import re
from collections.abc import Iterable

from streams.ingest.article import Moment
from streams.ingest.coerce import NULLS, names
from streams.ingest.dates import read
from streams.ingest.draft import Draft, is_null
from streams.ingest.language import normalise
from streams.ingest.text import clean

__all__ = ["authors", "language", "moment", "publisher", "tags"]

_MOST_AUTHORS = 50
_MOST_TAGS = 100
_WEB = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_BY = re.compile(r"by\s+", re.IGNORECASE)


def publisher(draft: Draft) -> str | None:
    for key, value in draft.places("publisher"):
        for name in names(value)[:3]:
            found = _short(draft, name)
            if found and not isinstance(value, int | float):
                draft.aliases["publisher"] = key
                return found
    return None


def language(draft: Draft) -> str | None:
    for key, value in draft.places("language"):
        for name in names(value)[:1]:
            found = normalise(name[:100])
            if found:
                draft.aliases["language"] = key
                return found
            if not is_null(name):
                draft.drop("language", "unknown")
    return None


def moment(draft: Draft, name: str) -> Moment | None:
    why = None
    for key, value in draft.places(name):
        if is_null(value):
            draft.repairs.add("null_string")
            continue
        found, reason = read(value, received=draft.received)
        if found is not None:
            draft.aliases[name] = key
            return found
        why = why or reason
    if why:
        draft.drop(name, why)
    return None


def authors(draft: Draft) -> tuple[str, ...]:
    for key, value in draft.places("authors"):
        every = (part for name in names(value)[:_MOST_AUTHORS] for part in name[:5_000].split(";"))
        found = _distinct(draft, (_BY.sub("", part.strip(), count=1) for part in every), _MOST_AUTHORS)
        if found:
            draft.aliases["authors"] = key
            return found
    return ()


def tags(draft: Draft) -> tuple[str, ...]:
    """Tags of all the keys that hold any: sections and keywords say different things."""
    every: list[str] = []
    for key, value in draft.places("tags"):
        if isinstance(value, str):
            every += value[:5_000].split(";" if ";" in value else ",")
        else:
            every += names(value)[:_MOST_TAGS]
        if every:
            draft.aliases.setdefault("tags", key)
    return _distinct(draft, every, _MOST_TAGS)


def _distinct(draft: Draft, every: Iterable[str], most: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for part in every:
        name = _short(draft, part)
        if name:
            found.setdefault(name)
        if len(found) >= most:
            break
    return tuple(found)


def _short(draft: Draft, text: str) -> str | None:
    """A name: one line, clean, or None for a null or an address."""
    found = clean(text[: 8 * draft.limits.short_text], cap=draft.limits.short_text).text
    return None if not found or found.lower() in NULLS or _WEB.match(found) else found
