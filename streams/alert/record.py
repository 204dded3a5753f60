"""The alert record: what bots read from the alerts topic, version 1.0. Words are those of OASIS CAP 1.2.

Tocsin watches media, it is no alerting authority: `scope` is Restricted, `certainty` at most Likely, and there is no
`instruction`. All texts are plain: no HTML, no Markdown, no control characters.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import orjson
from pydantic import Field, TypeAdapter

from streams.assess.record import EventName

__all__ = [
    "Alert",
    "AlertArea",
    "AlertArticle",
    "AlertEvidence",
    "AlertInput",
    "Corroboration",
    "adapter",
    "encode",
]

Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Certainty = Literal["Likely", "Possible", "Unlikely", "Unknown"]
ResponseType = Literal["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"]
MsgType = Literal["Alert", "Update", "Cancel"]
Event = EventName
Score = Annotated[float, Field(ge=0, le=1)]
CapTime = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[-+]\d{2}:\d{2}$",
        description="CAP 1.2 date-time: seconds, numeric zone, no fraction",
    ),
]


@dataclass(frozen=True, slots=True)
class AlertEvidence:
    """A sentence that led to the alert. `start`, `end`: code points in `field` of the normalised article."""

    article_id: str
    field: Literal["title", "summary", "body"]
    start: int
    end: int
    quote: Annotated[str, Field(max_length=300)]
    label: Event
    score: Score
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertArticle:
    """The article that this message was sent for."""

    id: str
    url: str | None
    title: str | None
    publisher: str | None
    domain: str | None
    language: str | None
    published_at: str | None
    published_at_precision: str | None
    crawled_at: str | None


@dataclass(frozen=True, slots=True)
class AlertArea:
    """A place in danger. `admin1` is an ISO 3166-2 code where one is known."""

    name: str
    country: str
    admin1: str | None
    source: str
    confidence: Score


@dataclass(frozen=True, slots=True)
class Corroboration:
    """How many stand behind it. A wire text printed by ten papers is ten articles, one independent report."""

    articles: int
    independent_reports: int
    independent_publishers: int
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertInput:
    """Where an evidence article stands on its topic. `timestamp` is its Kafka timestamp in ms."""

    article_id: str
    topic: str
    partition: int
    offset: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One message about one incident. See the contract in the README for what each field promises."""

    schema_version: Literal["1.0"]
    incident_id: str
    alert_id: str
    dedup_key: str
    msg_type: MsgType
    status: Literal["Actual", "Exercise", "Test"]
    references: tuple[str, ...]
    sequence: int
    sent: CapTime
    expires: CapTime
    first_seen: CapTime
    scope: Literal["Restricted"]
    sender: str
    policy_version: str
    event: Event
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    category: tuple[str, ...]
    response_type: tuple[ResponseType, ...]
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    scores: dict[str, Score]
    threshold: Score
    calibrated: bool
    headline: Annotated[str, Field(max_length=200)]
    summary: Annotated[str, Field(max_length=600)]
    reasons: tuple[str, ...]
    evidence: tuple[AlertEvidence, ...]
    article: AlertArticle
    areas: tuple[AlertArea, ...]
    corroboration: Corroboration
    model: dict[str, str]
    app_version: str
    inputs: tuple[AlertInput, ...]
    latency_ms: int


adapter: TypeAdapter[Alert] = TypeAdapter(Alert)
"""Validates and decodes alerts, and makes their JSON Schema."""


def encode(alert: Alert) -> bytes:
    """JSON, keys in the order of the record."""
    return orjson.dumps(alert)
