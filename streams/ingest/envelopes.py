"""What crawlers and pipelines wrap around an article, and how a record that holds several is divided.

Guarantees: bounded (eight wrappers deep, `limits.articles` articles); what a wrapper says of all its articles (a feed's
title and language) goes with each of them. Refuses to open what is an article itself: an object with a text of its own
stays whole whatever else it holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from streams.ingest.article import Limits, Rejected
from streams.ingest.jsonld import ARTICLE_TYPES, types_of
from streams.ingest.parse import embedded
from streams.ingest.repairs import Repair

__all__ = ["Item", "items"]

_LEVELS = 8
_ONE = (
    "article", "payload", "data", "record", "item", "value", "_source", "after", "doc", "document", "message", "entry",
)  # fmt: skip
"""Keys that hold one article: CloudEvents `data`, Debezium `payload` and `after`, Elasticsearch `_source`."""
_MANY = (
    "articles", "items", "entries", "records", "results", "@graph", "hits", "data", "payload", "docs", "news", "value",
)  # fmt: skip
_TEXTS = frozenset({
    "title", "headline", "headlines", "bodies", "body", "text", "maintext", "content", "content_text",
    "content_html", "articleBody", "plaintext", "full_text", "description", "summary", "excerpt", "body_text",
})  # fmt: skip
_BODIES = _TEXTS - {"title", "headline", "description", "summary", "excerpt"}


@dataclass(frozen=True, slots=True)
class Item:
    """One article as an object, what its wrappers said (`feed.title`, `feed.language`), and what was mended."""

    record: Mapping[str, object]
    context: Mapping[str, object] = field(default_factory=dict)
    repairs: frozenset[Repair] = frozenset()


def items(value: dict[str, object] | list[object], limits: Limits) -> Iterator[Item | Rejected]:
    """The articles in `value`, in order; a `Rejected` for each element that is no object. At least one result."""
    return _open(value, {}, frozenset(), limits)


def _open(
    value: object, context: Mapping[str, object], repairs: frozenset[Repair], limits: Limits
) -> Iterator[Item | Rejected]:
    for _ in range(_LEVELS):
        if isinstance(value, list):
            yield from _divide(value, context, repairs, limits)
            return
        if not isinstance(value, dict):
            yield Rejected("not_an_object", "the wrapper holds no object")
            return
        inner = _inner(value, limits)
        if inner is None:
            break
        context = {**context, **_said(value)}
        value = inner.value
        repairs = repairs | inner.repairs | {"envelope"}
    assert isinstance(value, dict)
    yield Item(value, context, repairs)


def _divide(
    value: list[object], context: Mapping[str, object], repairs: frozenset[Repair], limits: Limits
) -> Iterator[Item | Rejected]:
    if not value:
        yield Rejected("empty", "the list holds no article")
        return
    if not any(isinstance(element, dict) for element in value[: limits.articles]):
        yield Rejected("not_an_object", "the list holds no object")
        return
    for element in value[: limits.articles]:
        if not isinstance(element, dict):
            yield Rejected("not_an_object", "an element of the list is no object")
            continue
        inner = _inner(element, limits)
        # WHY: lists inside of lists are not opened, or a small record could make articles by the million.
        if inner is None or isinstance(inner.value, list):
            yield Item(element, context, repairs)
        else:
            yield Item(inner.value, {**context, **_said(element)}, repairs | inner.repairs | {"envelope"})
    if len(value) > limits.articles:
        yield Rejected("oversized", f"{len(value)} articles in one record, more than {limits.articles}")


@dataclass(frozen=True, slots=True)
class _Inner:
    value: dict[str, object] | list[object]
    repairs: frozenset[Repair] = frozenset()


def _inner(record: Mapping[str, object], limits: Limits) -> _Inner | None:
    """What `record` wraps, or None if it is the article."""
    graph = record.get("@graph")
    if isinstance(graph, list):
        # ORDER: a graph also holds the site, the author and the crumbs, none of which is an article.
        nodes: list[object] = [
            node for node in graph if isinstance(node, dict) and not ARTICLE_TYPES.isdisjoint(types_of(node))
        ]
        if nodes:
            return _Inner(nodes)
    if any(record.get(key) for key in _BODIES if key not in ("message", "data")):
        return None
    for key in _MANY:
        found = record.get(key)
        if isinstance(found, list) and (not found or isinstance(found[0], dict)) and not _is_own(record, found):
            return _Inner(found)
    if any(record.get(key) for key in _TEXTS):
        return None
    for key in _ONE + _MANY:
        found = record.get(key)
        if isinstance(found, dict):
            return _Inner(found)
        if isinstance(found, str):
            parsed = embedded(found, limits)
            if parsed is not None:
                return _Inner(parsed.value, parsed.repairs)
    return None


def _is_own(record: Mapping[str, object], found: list[object]) -> bool:
    """Whether the list is a property of an article (a title, and members without one), not the list of articles."""
    titled = any(record.get(key) for key in ("title", "headline", "headlines"))
    first = found[0] if found else None
    return titled and not (isinstance(first, dict) and any(first.get(key) for key in _TEXTS))


def _said(wrapper: Mapping[str, object]) -> dict[str, object]:
    """What a feed says of all its entries."""
    feed = wrapper.get("feed")
    source: Mapping[str, object] = feed if isinstance(feed, dict) else wrapper
    said: dict[str, object] = {}
    for name in ("title", "language", "lang"):
        if isinstance(source.get(name), str):
            said[f"feed.{name}"] = source[name]
    return said
