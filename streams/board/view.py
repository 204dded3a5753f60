"""An incident as the page gets it: JSON of plain values, every text in it made harmless. Pure.

Guarantees: no control, no bidi override and no lone surrogate is in any text (they are shown as escapes); texts and
lists are clipped; an address is a web address without credentials, and what is shown of it is its host. Nothing here
is HTML: the page makes text nodes of it. Refuses nothing that is an alert.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from streams.alert.record import Alert, AlertEvidence
from streams.assess.places import place_name
from streams.board.incidents import Thread
from streams.ingest.identity import domain_of, plain_url
from streams.observe.logs import escaped

__all__ = ["incident", "link", "marked"]

_LONG: Final = 2_000
_SHORT: Final = 300
_ITEMS: Final = 24
"""Most reasons, areas, domains, sentences of one message."""

Pieces = list[tuple[str, bool]]
"""A text in order, and which parts of it are evidence."""


def marked(text: str, quotes: Iterable[str]) -> Pieces:
    """`text` cut where the first occurrences of `quotes` begin and end; overlapping ones are one."""
    text = text[:_LONG]
    spans = sorted((text.find(quote), len(quote)) for quote in quotes if quote)
    found: Pieces = []
    at = 0
    for start, length in spans:
        end = start + length
        if start < 0 or end <= at:
            continue
        start = max(start, at)
        if start > at:
            found.append((escaped(text[at:start], _LONG), False))
        found.append((escaped(text[start:end], _LONG), True))
        at = end
    if at < len(text):
        found.append((escaped(text[at:], _LONG), False))
    return found


def link(url: str | None) -> dict[str, str] | None:
    """Where `url` leads and the host to show for it; None if it is no address that a reader should follow."""
    address = plain_url(url or "")
    if address is None:
        return None
    host = urlsplit(address).hostname or ""
    return {"href": address, "host": escaped(domain_of(host) or host, _SHORT)}


def incident(thread: Thread, names: Mapping[str, str]) -> dict[str, Any]:
    """The incident and its messages, oldest first. `names` are countries' names by code."""
    newest = thread.newest
    return {
        "id": escaped(newest.incident_id, _SHORT),
        "status": newest.status,
        "event": newest.event,
        "country": newest.country,
        "place": escaped(place_name(newest.country, names).removesuffix(f" ({newest.country})"), _SHORT),
        "ended": thread.ended,
        "left_out": thread.left_out,
        "messages": [_message(one) for one in thread.messages],
    }


def _message(alert: Alert) -> dict[str, Any]:
    count, article = alert.corroboration, alert.article
    quotes = [piece.quote for piece in alert.evidence if piece.article_id == article.id and piece.field == "title"]
    return {
        "id": escaped(alert.alert_id, _SHORT),
        "type": alert.msg_type,
        "sequence": alert.sequence,
        "sent": alert.sent,
        "first_seen": alert.first_seen,
        "expires": alert.expires,
        "severity": alert.severity,
        "urgency": alert.urgency,
        "certainty": alert.certainty,
        "response": list(alert.response_type),
        "score": max(alert.scores.values(), default=0.0),
        "threshold": alert.threshold,
        "headline": escaped(alert.headline, _LONG),
        "summary": escaped(alert.summary, _LONG),
        "reasons": _texts(alert.reasons),
        "evidence": [_evidence(piece) for piece in alert.evidence[:_ITEMS]],
        "areas": _texts(area.name if area.admin1 is None else f"{area.name} ({area.admin1})" for area in alert.areas),
        "articles": count.articles,
        "reports": count.independent_reports,
        "publishers": count.independent_publishers,
        "domains": _texts(count.domains),
        "title": marked(article.title or "", quotes),
        "publisher": escaped(article.publisher or "", _SHORT),
        "published": escaped(article.published_at or "", _SHORT),
        "link": link(article.url),
        "latency_ms": alert.latency_ms,
    }


def _evidence(piece: AlertEvidence) -> dict[str, Any]:
    return {
        "quote": escaped(piece.quote, _LONG),
        "field": piece.field,
        "label": piece.label,
        "score": piece.score,
        "signals": _texts(name.replace("_", " ") for name in piece.signals),
    }


def _texts(texts: Iterable[str]) -> list[str]:
    return [escaped(text, _SHORT) for text, _ in zip(texts, range(_ITEMS), strict=False)]
