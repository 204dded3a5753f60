"""JSON values of any shape to the texts in them.

Guarantees: bounded depth and number of parts; the order of the source. Refuses to print objects: a value without a text
where texts are known to stand gives nothing.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

__all__ = ["NULLS", "lookup", "names", "texts"]

NULLS = frozenset({
    "none", "null", "n/a", "na", "nan", "nil", "undefined", "nat", "[removed]", "[deleted]", "<na>", "-", "--",
    "(none)",
})  # fmt: skip
"""Texts that stand for nothing, in lower case: null values printed by other languages, NewsAPI's take-downs."""
_DEPTH = 6
_PARTS = 2_000
_WRITTEN = (
    "value",
    "@value",
    "text",
    "#text",
    "_text",
    "rendered",
    "content",
    "plain",
    "articleBody",
    "paragraphs",
    "summary",
)
_NAMED = (
    "name",
    "term",
    "label",
    "title",
    "value",
    "@value",
    "#text",
    "_text",
    "fullName",
    "full_name",
    "literal",
    "href",
    "url",
)
_SECTIONS = ("summary", "sections", "headline", "paragraphs", "texts")


def lookup(record: Mapping[str, object], path: str) -> object:
    """The value at `path`: a key, or keys and list positions with dots between (`content.0.value`); None if absent."""
    if path in record:
        return record[path]
    if "." not in path:
        return None
    value: object = record
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def texts(value: object) -> list[str]:
    """Running text in `value`: itself, its paragraphs, or what stands under the usual keys."""
    return list(islice(_walk(value, _WRITTEN, 0), _PARTS))


def names(value: object) -> list[str]:
    """Names in `value`: a string, an object with a name, or a list of those."""
    return list(islice(_walk(value, _NAMED, 0), _PARTS))


def _walk(value: object, keys: tuple[str, ...], depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif depth >= _DEPTH:
        return
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part, keys, depth + 1)
    elif isinstance(value, Mapping):
        if keys is _WRITTEN and "sections" in value:  # fundus: a body in sections with headlines
            for key in _SECTIONS:
                yield from _walk(value.get(key), keys, depth + 1)
            return
        if keys is _WRITTEN and ("headline" in value and "paragraphs" in value):
            yield from _walk(value["headline"], keys, depth + 1)
            yield from _walk(value["paragraphs"], keys, depth + 1)
            return
        for key in keys:
            if value.get(key) not in (None, "", []):
                yield from _walk(value[key], keys, depth + 1)
                return
