"""The contract between the stages, version 1: the assessment of one article for one country, the revision of an
article, and the tick.

All are JSON on the assessments topic, told apart by `kind`. Decoding validates: anything else is undecodable.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from models.labels import EVENTS, LABELS

__all__ = [
    "EVENT_NAMES",
    "ArticleRef",
    "AssessedArea",
    "AssessedEvidence",
    "AssessedRecord",
    "Assessment",
    "AssessmentError",
    "EventName",
    "Genre",
    "InputRef",
    "ModelRef",
    "Revision",
    "Status",
    "Tick",
    "decode",
    "encode",
]

Score = Annotated[float, Field(ge=0, le=1)]
Status = Literal["Actual", "Exercise", "Test"]
EventName = Literal["escalation", "evacuation"]
EVENT_NAMES: tuple[EventName, ...] = ("escalation", "evacuation")
"""In the order of models.labels.EVENTS."""
Genre = Literal["news", "opinion", "history", "drill"]
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999, which is the last that Python's dates know."""


class AssessmentError(ValueError):
    """Bytes on the assessments topic that are no assessment, revision or tick of a version we know."""


@dataclass(frozen=True, slots=True)
class ArticleRef:
    """What an alert says of the article. Times are RFC 3339 in UTC; `precision` and `zone_known` are of
    `published_at`."""

    id: str
    url: str | None
    title: str | None
    publisher: str | None
    domain: str | None
    language: str | None
    published_at: str | None
    precision: Literal["second", "minute", "hour", "day"] | None
    zone_known: bool
    crawled_at: str | None = None
    genre: Genre = "news"


@dataclass(frozen=True, slots=True)
class InputRef:
    """Where the article stands on its topic."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which weights scored."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AssessedEvidence:
    """One sentence that counts. `start` and `end` are code points of `field` of the normalised article;
    `scores` has all labels, rounded to three decimals."""

    field: Literal["title", "summary", "body"]
    start: int
    end: int
    quote: Annotated[str, Field(max_length=300)]
    scores: dict[str, Score]


@dataclass(frozen=True, slots=True)
class AssessedArea:
    """Where it is. `admin1` is an ISO 3166-2 code where one is known."""

    name: str
    country: str
    admin1: str | None
    source: str
    confidence: Score


@dataclass(frozen=True, slots=True)
class Assessment:
    """One article's evidence for one country (`XX` where no place was found).

    `scores` holds each event that has evidence, with the highest score of its sentences. `kafka_timestamp_ms` is the
    article's, and the only clock that decisions know.
    """

    schema_version: Literal["1"]
    kind: Literal["assessment"]
    status: Status
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    article: ArticleRef
    content_hash: str
    simhash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    kafka_timestamp_ms: int
    input: InputRef
    scores: dict[Literal["escalation", "evacuation"], Score]
    thresholds: dict[Literal["escalation", "evacuation"], Score]
    evidence: tuple[AssessedEvidence, ...]
    areas: tuple[AssessedArea, ...]
    retracted: bool
    model: ModelRef
    traceparent: str | None = None
    cleared: dict[EventName, Annotated[str, Field(max_length=300)]] = field(default_factory=dict)
    """Events of which the article says, in its headline or at its beginning, that they are over there: the sentence."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What is left of an article that was corrected or taken back, told to every partition: `kept` has the events, by
    country, for which it is evidence still. What it was evidence for elsewhere is evidence no more.
    """

    schema_version: Literal["1"]
    kind: Literal["revision"]
    status: Status
    article_id: Annotated[str, Field(max_length=64)]
    kafka_timestamp_ms: int
    input: InputRef
    kept: dict[str, tuple[EventName, ...]]
    retracted: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """Time without articles: everything of this article partition up to `time` (ms) has been assessed."""

    schema_version: Literal["1"]
    kind: Literal["tick"]
    topic: Annotated[str, Field(max_length=249)]
    partition: Annotated[int, Field(ge=0, lt=2**31)]
    time: Annotated[int, Field(ge=0, le=_LAST_MS)]


AssessedRecord = Assessment | Revision | Tick
"""What the assessments topic holds."""

_ADAPTER: TypeAdapter[AssessedRecord] = TypeAdapter(Annotated[AssessedRecord, Field(discriminator="kind")])


def encode(record: AssessedRecord) -> bytes:
    """JSON, keys in the order of the record: the same record gives the same bytes."""
    return orjson.dumps(record)


def decode(value: bytes | None) -> AssessedRecord:
    """The record in `value`. Raises AssessmentError, naming the first field that is wrong."""
    try:
        record = _ADAPTER.validate_json(value or b"")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        raise AssessmentError(f"{where}: {first['msg']}") from error
    if isinstance(record, Assessment):
        if set(record.thresholds) != set(EVENTS):
            raise AssessmentError("thresholds: one for each event is needed")
        if not all(set(LABELS) <= set(piece.scores) for piece in record.evidence):
            raise AssessmentError("evidence.scores: one for each label is needed")
    return record
