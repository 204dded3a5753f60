"""An incident's state: (status, country, event) and the evidence for it, keyed by article. Pure values.

Evidence of the same articles gives the same incident in whatever order it comes: an entry is replaced only by a later
record of the same article, and every figure is computed from the set of entries. Values are never changed in place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

import orjson
from pydantic import Field, TypeAdapter

from streams.alert.record import AlertArea, AlertEvidence, Event, MsgType, Severity
from streams.assess.record import Assessment, Status

__all__ = [
    "NEAR",
    "Clear",
    "Entry",
    "Incident",
    "Sent",
    "clear_of",
    "decode",
    "encode",
    "entry_of",
    "independent",
    "is_near",
    "merge",
    "publisher_of",
]

NEAR = 8
"""Simhashes that differ in at most so many of 64 bits are one text. For whole web pages three bits are used (Manku,
Jain, Das Sarma: Detecting Near-Duplicates for Web Crawling, WWW 2007); news items are short: a changed sentence moves
more. Among the bundled articles reprints differ by at most 5 bits, a correction by 13, any other pair by 20 or more;
two unrelated texts come within 8 by chance once in three billion pairs (binomial)."""
_QUOTES = 5
_DOMAIN = 120
_Report = TypeVar("_Report", bound="Entry | Clear")


@dataclass(frozen=True, slots=True)
class Entry:
    """One article's evidence. `time` is its Kafka timestamp (ms), `at` where it stands; both order corrections."""

    article_id: str
    content_hash: str
    simhash: str
    time: int
    at: tuple[str, int, int]
    publisher: str
    score: float
    signals: dict[str, float]
    evidence: tuple[AlertEvidence, ...]
    areas: tuple[AlertArea, ...]
    dated: bool

    @property
    def order(self) -> tuple[int, tuple[str, int, int]]:
        """Later records of an article replace earlier ones by this."""
        return self.time, self.at


@dataclass(frozen=True, slots=True)
class Clear:
    """One article's word that it is over. `time` and `at` as in Entry."""

    article_id: str
    simhash: str
    time: int
    at: tuple[str, int, int]
    publisher: str
    quote: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The last message that was delivered for an incident."""

    alert_id: str
    msg_type: MsgType
    sequence: int
    severity: Severity
    time: int
    milestone: int
    areas: tuple[str, ...] = ()
    """ISO 3166-2 codes of the regions that messages have named."""


@dataclass(frozen=True, slots=True)
class Incident:
    """The whole state of one incident: what the table holds. `entries` are sorted by article id.

    When it has ended (`closed`) it stays for a while, so that late copies of its news don't open another one.
    """

    status: Status
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    event: Event
    incident_id: str
    partition: int
    first_seen: int
    last_seen: int
    entries: tuple[Entry, ...]
    sent: Sent | None
    clears: tuple[Clear, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether its last message was a Cancel."""
        return self.sent is not None and self.sent.msg_type == "Cancel"

    @property
    def alive(self) -> bool:
        """Whether it has alerted and goes on."""
        return self.sent is not None and not self.closed

    @property
    def dedup_key(self) -> str:
        """Kafka key of its messages: stable over its life."""
        return f"{self.country}|{self.event}|{self.incident_id}"

    def entry(self, article_id: str) -> Entry | None:
        """The entry of that article, if there is one."""
        return next((entry for entry in self.entries if entry.article_id == article_id), None)


_ADAPTER: TypeAdapter[Incident] = TypeAdapter(Incident)


def encode(incident: Incident) -> bytes:
    """JSON for the table."""
    return orjson.dumps(incident)


def decode(value: bytes) -> Incident:
    """The incident in a table value. Raises pydantic.ValidationError for anything else."""
    return _ADAPTER.validate_json(value)


def entry_of(
    assessment: Assessment, event: Event, signals_of: Mapping[str, Sequence[str]], signal_score: float
) -> Entry:
    """What `assessment` says about `event`: its evidence sentences, best first, at most five."""
    least = assessment.thresholds[event]
    chosen = [item for item in assessment.evidence if item.scores[event] >= least]
    names = signals_of[event]
    signals = {name: max((item.scores[name] for item in chosen), default=0.0) for name in names}
    best = sorted(chosen, key=lambda item: (-item.scores[event], item.field, item.start))[:_QUOTES]
    article = assessment.article
    return Entry(
        article_id=article.id,
        content_hash=assessment.content_hash,
        simhash=assessment.simhash,
        time=assessment.kafka_timestamp_ms,
        at=(assessment.input.topic, assessment.input.partition, assessment.input.offset),
        publisher=publisher_of(assessment),
        score=assessment.scores[event],
        signals=signals,
        evidence=tuple(
            AlertEvidence(
                article.id,
                item.field,
                item.start,
                item.end,
                item.quote,
                event,
                item.scores[event],
                tuple(name for name in names if item.scores[name] >= signal_score),
            )
            for item in best
        ),
        areas=tuple(AlertArea(a.name, a.country, a.admin1, a.source, a.confidence) for a in assessment.areas),
        dated=article.published_at is not None,
    )


def clear_of(assessment: Assessment, event: Event) -> Clear:
    """What `assessment`, which says that `event` is over, adds to its incident."""
    return Clear(
        article_id=assessment.article.id,
        simhash=assessment.simhash,
        time=assessment.kafka_timestamp_ms,
        at=(assessment.input.topic, assessment.input.partition, assessment.input.offset),
        publisher=publisher_of(assessment),
        quote=assessment.cleared[event],
    )


def publisher_of(assessment: Assessment) -> str:
    """Who printed it: the domain, else the name, in lower case."""
    article = assessment.article
    return (article.domain or article.publisher or "unknown")[:_DOMAIN].lower()


def merge(incident: Incident, entry: Entry, most: int) -> Incident:
    """`incident` with `entry` in it; itself if it holds this record, or a later one of the article, already.

    Beyond `most` articles the oldest go. Equal sets of records give equal incidents, whatever their order.
    """
    known = incident.entry(entry.article_id)
    if known is not None and known.order >= entry.order:
        return incident
    others = [other for other in incident.entries if other.article_id != entry.article_id]
    kept = sorted([*others, entry], key=lambda item: (item.time, item.article_id))[-most:]
    return replace(
        incident,
        entries=tuple(sorted(kept, key=lambda item: item.article_id)),
        first_seen=min(incident.first_seen, entry.time),
        last_seen=max(incident.last_seen, entry.time),
    )


def is_near(one: str, other: str) -> bool:
    """Whether two simhashes (hex) are those of one text."""
    return (int(one, 16) ^ int(other, 16)).bit_count() <= NEAR


def independent(entries: Sequence[_Report]) -> tuple[tuple[_Report, ...], ...]:
    """Entries (or clears) grouped into independent reports: near-duplicate texts (wire copy) are one, oldest first.

    Quadratic in the entries, of which an incident has a bounded number.
    """
    groups: list[list[_Report]] = []
    for entry in sorted(entries, key=lambda item: (item.time, item.article_id)):
        near: list[list[_Report]] = [
            group for group in groups if any(is_near(entry.simhash, other.simhash) for other in group)
        ]
        for group in near:
            groups.remove(group)
        groups.append(
            sorted([*(e for group in near for e in group), entry], key=lambda item: (item.time, item.article_id))
        )
    return tuple(tuple(group) for group in sorted(groups, key=lambda group: (group[0].time, group[0].article_id)))
