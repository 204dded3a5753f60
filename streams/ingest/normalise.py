"""From one object of a crawler to an Article: choose, clean, date, name, identify.

Guarantees: pure and bounded by `Limits`; every canonical field says which source key it was read from, and every
value that was there but could not be used says why. Refuses (a `Rejected` value) an object without a visible text.
"""

from collections.abc import Mapping
from datetime import datetime

from streams.ingest import addresses, attributes, identity, ninjs
from streams.ingest.aliases import FIELDS
from streams.ingest.article import Article, Limits, Rejected
from streams.ingest.boilerplate import strip_boilerplate, strip_title
from streams.ingest.coerce import texts
from streams.ingest.display import cut_mark, display, join_punctuation, without_tail
from streams.ingest.draft import Draft
from streams.ingest.formats import candidates, recognise
from streams.ingest.rawpage import open_page
from streams.ingest.repairs import Repair

__all__ = ["normalise"]


def normalise(
    record: Mapping[str, object],
    *,
    context: Mapping[str, object],
    repairs: frozenset[Repair],
    received: datetime,
    limits: Limits,
) -> Article | Rejected:
    """The article that `record` holds. `context` is what its wrappers said; `repairs` what was mended so far."""
    kind = recognise(record)
    draft = Draft(candidates({**context, **record}, kind), received, limits, set(repairs))
    open_page(draft, record)
    url, canonical = addresses.urls(draft)
    domain = addresses.domain(draft, canonical)
    publisher = attributes.publisher(draft)
    title = _text(draft, "title", limits.title, paragraphs=False)
    summary = _text(draft, "summary", limits.summary, paragraphs=True)
    body = _text(draft, "body", limits.body, paragraphs=True)
    if title and kind == "gdelt":
        title = join_punctuation(title, draft.repairs)
    # ORDER: pages repeat the headline as they print it, some with the publisher's name.
    body = _body(draft, body, title)
    if title:
        title = without_tail(title, (publisher, domain), draft.repairs)
    body = _body(draft, body, title)
    summary = cut_mark(summary, draft.repairs) if summary else None
    retracted = _is_retracted(record)
    # A publisher who takes an article back may leave nothing of it: its address says which one it was.
    if not (title or summary or body or (retracted and canonical)):
        return Rejected("no_text", "neither a title nor a summary nor a body with a visible character")
    language = attributes.language(draft)
    moments = {name: attributes.moment(draft, name) for name in ("published", "updated", "crawled")}
    return Article(
        id=identity.article_id(canonical, title, body, summary),
        url=url,
        canonical_url=canonical,
        title=title,
        summary=summary,
        body=body,
        published=moments["published"],
        updated=moments["updated"],
        crawled=moments["crawled"],
        language=language,
        publisher=publisher,
        domain=domain,
        authors=attributes.authors(draft),
        tags=attributes.tags(draft),
        image_url=addresses.image(draft),
        source_format=kind,
        content_hash=identity.content_hash(title, summary, body),
        simhash=identity.simhash(body or "\n".join(part for part in (title, summary) if part)),
        retracted=retracted,
        aliases=tuple((name, draft.aliases[name]) for name in FIELDS if name in draft.aliases),
        repairs=tuple(sorted(draft.repairs)),
        dropped=tuple(draft.dropped),
    )


def _text(draft: Draft, name: str, cap: int, *, paragraphs: bool) -> str | None:
    for key, value in draft.places(name):
        parts = texts(value)
        if not parts:
            draft.drop(name, f"{_kind(value)} instead of text")
            continue
        if isinstance(value, int | float):
            draft.repairs.add("number_as_text")
        raw = "\n".join(parts) if paragraphs else next((part for part in parts if part.strip()), "")
        mended: set[Repair] = set()
        found = display(raw, cap=cap, paragraphs=paragraphs, repairs=mended)
        if found is None:
            draft.repairs |= mended & {"null_string"}
            continue
        draft.repairs |= mended
        draft.aliases[name] = key
        return found
    return None


def _kind(value: object) -> str:
    return {bool: "a truth value", dict: "an object", list: "a list"}.get(type(value), "no text")


def _body(draft: Draft, body: str | None, title: str | None) -> str | None:
    if body is None:
        return None
    if title:
        rest = strip_title(body, title)
        if rest != body:
            draft.repairs.add("title_repeated")
            body = rest
    stripped = strip_boilerplate(body)
    if stripped != body:
        draft.repairs.add("boilerplate")
    return cut_mark(stripped, draft.repairs) if stripped else None


def _is_retracted(record: Mapping[str, object]) -> bool:
    said = (record.get("creativeWorkStatus"), record.get("status"))
    return (
        ninjs.is_retracted(record)
        or record.get("retracted") is True
        or any(
            isinstance(word, str) and word.strip().lower() in ("retracted", "withdrawn", "canceled", "cancelled")
            for word in said
        )
    )
