"""Assessments for tests of the policy: everything that matters is an argument, the rest is plausible."""

import hashlib
from typing import Any, Literal

from models.labels import LABELS
from streams.assess.record import ArticleRef, AssessedArea, AssessedEvidence, Assessment, InputRef, ModelRef, Revision

HOUR = 3_600_000
NOW = 1_764_000_000_000


def simhash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def assessment(
    article: str = "a1",
    *,
    country: str = "UA",
    status: Literal["Actual", "Exercise", "Test"] = "Actual",
    time: int = NOW,
    offset: int = 0,
    escalation: float | None = None,
    evacuation: float | None = 0.95,
    signals: dict[str, float] | None = None,
    publisher: str | None = None,
    text: str | None = None,
    content: str = "v1",
    dated: bool = True,
    retracted: bool = False,
    cleared: dict[Any, str] | None = None,
) -> Assessment:
    """One article's assessment; `text` decides the simhash, `content` the content hash."""
    events: dict[Any, float] = {}
    if escalation is not None:
        events["escalation"] = escalation
    if evacuation is not None:
        events["evacuation"] = evacuation
    scores = dict.fromkeys(LABELS, 0.01) | events | (signals if signals is not None else {"leave_now": 0.9})
    return Assessment(
        schema_version="1",
        kind="assessment",
        status=status,
        country=country,
        article=ArticleRef(
            id=article,
            url=f"https://{publisher or article}.example/{article}",
            title="Leave now",
            publisher=None,
            domain=publisher or f"{article}.example",
            language="en",
            published_at="2026-11-20T18:00:00+00:00" if dated else None,
            precision="second" if dated else None,
            zone_known=dated,
        ),
        content_hash=hashlib.sha256((article + content).encode()).hexdigest()[:32],
        simhash=simhash_of(text or article),
        kafka_timestamp_ms=time,
        input=InputRef("articles", 0, offset),
        scores=events,
        thresholds={"escalation": 0.5, "evacuation": 0.5},
        evidence=(AssessedEvidence("body", 0, 40, f"Citizens must leave the country now ({article}).", scores),),
        areas=(AssessedArea("Ukraine", country, None, "gazetteer", 0.9),),
        retracted=retracted,
        model=ModelRef("tocsin-test", "1", "0" * 64),
        cleared=cleared or {},
    )


def all_clear(
    article: str = "c1", *, country: str = "UA", time: int = NOW, event: str = "evacuation", **more: Any
) -> Assessment:
    """One article's word that `event` is over."""
    said = {event: f"The order to leave was lifted ({article})."}
    return assessment(article, country=country, time=time, evacuation=None, cleared=said, **more)


def revision(
    article: str = "a1",
    *,
    time: int = NOW,
    offset: int = 99,
    kept: dict[str, Any] | None = None,
    retracted: bool = False,
) -> Revision:
    """What is left of an article."""
    return Revision("1", "revision", "Actual", article, time, InputRef("articles", 0, offset), kept or {}, retracted)
