"""Articles scored without a broker, by the very code that the worker runs. `tocsin score` prints what this returns.

Guarantees: sentences, scores, evidence and the decision are those of the two stages for the article alone; an old
article is scored all the same, but alerts as little as in the worker. Refuses nothing that the decoder takes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.labels import EVENTS, SIGNALS
from streams.alert.incident import Incident
from streams.alert.policy import decide
from streams.alert.record import AlertEvidence, Event
from streams.alert.rules import Rules
from streams.alert.verdict import judge
from streams.assess.assess import Prepared
from streams.assess.record import Assessment
from streams.assess.settle import Rounded, Scores, settled
from streams.assess.staleness import is_stale
from streams.assess.work import Reader, Work
from streams.cli.inputs import Record
from streams.ingest.article import Rejected
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery

__all__ = ["NEVER_STALE_HOURS", "ScoredArticle", "ScoredEvent", "ScoredSentence", "score_records"]

NEVER_STALE_HOURS = 1_000_000.0
"""114 years: what a Reader's settings say here, so that an old article is scored too."""
_TP = TopicPartition("score", 0)


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """One sentence: where it stands, its two scores, the signals that hold, and the events it is evidence for."""

    text: str
    start: int
    end: int
    field: str
    scores: Mapping[str, float]
    signals: tuple[str, ...]
    decision: tuple[str, ...]
    why: str
    context: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class ScoredEvent:
    """What the worker would make of the article's evidence for one event in one country."""

    event: str
    country: str
    score: float
    alert: bool
    severity: str | None
    why: str
    evidence: tuple[AlertEvidence, ...]


@dataclass(frozen=True, slots=True)
class ScoredArticle:
    """One article with everything that was found. `line`: see Record. `outcome`: how it would end in stage 1."""

    line: int
    prepared: Prepared
    outcome: str
    sentences: tuple[ScoredSentence, ...]
    events: tuple[ScoredEvent, ...]


def score_records(
    reader: Reader, rules: Rules, records: Sequence[Record], at: datetime, *, stale_hours: float, batch: int = 16
) -> Iterator[ScoredArticle | tuple[int, Rejected]]:
    """Articles and (line, rejected), in the order of the records; `batch` records go to the classifier together."""
    milliseconds = int(at.timestamp() * 1000)
    for first in range(0, len(records), batch):
        chunk = records[first : first + batch]
        works = [
            reader.read(Delivery(_TP, first + number, milliseconds, None, record.value, (), 0, None))
            for number, record in enumerate(chunk)
        ]
        for record, work, scores in zip(chunk, works, reader.score(works), strict=True):
            for prepared, mine in zip(work.prepared, scores, strict=True):
                alone = replace(work, prepared=(prepared,), rejected=())
                yield _article(reader, rules, record.line, alone, mine, stale_hours)
            for rejected in work.rejected:
                yield record.line, rejected


def _article(reader: Reader, rules: Rules, line: int, work: Work, scores: Scores, stale_hours: float) -> ScoredArticle:
    prepared = work.prepared[0]
    conclusion = reader.conclude(work, [scores])
    stale = is_stale(prepared.article, work.delivery.time, stale_hours)
    outcome = conclusion.outcomes[0]
    if stale and outcome != "unsupported_language":
        outcome = "stale"
    return ScoredArticle(
        line,
        prepared,
        outcome,
        _sentences(prepared, settled(prepared.texts, scores), reader.thresholds, rules),
        tuple(
            _event(assessment, event, rules, stale)
            for assessment in conclusion.assessments
            for event in assessment.scores
        ),
    )


def _sentences(
    prepared: Prepared, rounded: Rounded, thresholds: Mapping[str, float], rules: Rules
) -> tuple[ScoredSentence, ...]:
    found = []
    for number, sentence in enumerate(prepared.sentences):
        row = rounded[number]
        events = {event: float(row[column]) for column, event in enumerate(EVENTS)}
        decision = tuple(event for event in EVENTS if events[event] >= thresholds[event])
        held = [(float(row[len(EVENTS) + place]), name) for place, name in enumerate(SIGNALS)]
        signals = tuple(name for score, name in held if score >= rules.incident.signal_score)
        why = _why(events, decision, thresholds, [(score, name) for score, name in held if name in signals])
        found.append(
            ScoredSentence(
                sentence.text,
                sentence.start,
                sentence.end,
                sentence.field,
                events,
                signals,
                decision,
                why,
                prepared.contexts[number],
            )
        )
    return tuple(found)


def _why(
    events: Mapping[str, float],
    decision: Sequence[str],
    thresholds: Mapping[str, float],
    held: Sequence[tuple[float, str]],
) -> str:
    if not decision:
        return "; ".join(f"{event} {events[event]:.3f} is below {thresholds[event]:.3f}" for event in EVENTS)
    reached = "; ".join(f"{event} {events[event]:.3f} reaches {thresholds[event]:.3f}" for event in decision)
    signals = ", ".join(f"{name} {score:.2f}" for score, name in sorted(held, reverse=True))
    return f"{reached}; signals: {signals or 'none by itself'}"


def _event(assessment: Assessment, event: Event, rules: Rules, stale: bool) -> ScoredEvent:
    decision = decide(None, assessment, event, rules, partition=0)
    incident: Incident | None = decision.incident
    least = rules.single_report[event]
    score = assessment.scores[event]
    if stale:
        why = "too old for an alert"
    elif assessment.retracted:
        why = "the publisher retracted it"
    elif decision.suppressed == "opinion":
        why = f"no news of now, by its own headline, section or tags ({assessment.article.genre})"
    elif decision.message is not None:
        why = f"{score:.3f} reaches {least:.3f}, enough for a single report"
    else:
        why = f"{score:.3f} is below {least:.3f}: waits for a second independent report"
    return ScoredEvent(
        event=event,
        country=assessment.country,
        score=score,
        alert=decision.message is not None and not stale,
        severity=judge(incident, rules).severity if incident else None,
        why=why,
        evidence=incident.entries[0].evidence if incident else (),
    )
