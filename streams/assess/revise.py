"""Which articles are told of as revised, and what is left of them. Pure.

Stage 1 remembers nothing, so it can't know that an article was evidence before it was corrected. What says of itself
that it was corrected, or is taken back, is told to every partition of the assessments; and what has evidence and was
updated, because it may have been another country's. The rest is not: nearly all news has no evidence, before or after.
"""

import re
from collections.abc import Sequence
from typing import Final

from streams.assess.record import Assessment, EventName, InputRef, Revision, Status
from streams.ingest.article import Article
from streams.kafka.records import Delivery

__all__ = ["revision"]

_ID: Final = 64
_SAYS_SO: Final = re.compile(
    r"\b(?:corrections?|corrected|correcting|clarification|retracted?|retraction|withdrawn|editor['’]s note"
    r"|(?:an )?earlier version|previous version"
    r"|this (?:article|story|report) (?:has been|was) (?:amended|updated|changed))\b",
    re.IGNORECASE,
)
_EDGE: Final = 400
"""Characters at the beginning and at the end of a text where papers print their corrections."""


def revision(
    article: Article, assessments: Sequence[Assessment], delivery: Delivery, status: Status
) -> Revision | None:
    """The revision that `article`, of which `assessments` were made, is to be told of as; None for nearly all."""
    updated = (
        article.updated is not None and article.published is not None and article.updated.at > article.published.at
    )
    if not (article.retracted or _says_so(article) or (assessments and updated)):
        return None
    kept: dict[str, tuple[EventName, ...]] = {}
    if not article.retracted:
        kept = {one.country: tuple(sorted(one.scores)) for one in assessments if one.scores}
    return Revision(
        schema_version="1",
        kind="revision",
        status=status,
        article_id=article.id[:_ID],
        kafka_timestamp_ms=delivery.timestamp_ms,
        input=InputRef(delivery.tp.topic, delivery.tp.partition, delivery.offset),
        kept=kept,
        retracted=article.retracted,
    )


def _says_so(article: Article) -> bool:
    body = article.body or ""
    parts = (article.title or "", article.summary or "", body[:_EDGE], body[-_EDGE:])
    return any(_SAYS_SO.search(part) for part in parts)
