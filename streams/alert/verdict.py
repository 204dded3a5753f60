"""What the evidence of an incident adds up to, in CAP 1.2's words. Pure: entries and rules in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.alert.incident import Entry, Incident, independent
from streams.alert.record import (
    AlertArea,
    AlertEvidence,
    Certainty,
    Corroboration,
    ResponseType,
    Severity,
    Urgency,
)
from streams.alert.rules import Rules, raised, rank
from streams.observe.vocabulary import NOWHERE

__all__ = ["Verdict", "crosses", "judge"]

_URGENCIES: tuple[Urgency, ...] = ("Immediate", "Expected", "Future", "Past", "Unknown")
_QUOTES = 5
_AREAS = 5
_DOMAINS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything of an alert that follows from the evidence alone."""

    severity: Severity
    urgency: Urgency
    certainty: Certainty
    response: tuple[ResponseType, ...]
    score: float
    signals: tuple[str, ...]
    reasons: tuple[str, ...]
    evidence: tuple[AlertEvidence, ...]
    areas: tuple[AlertArea, ...]
    corroboration: Corroboration


def crosses(entries: Sequence[Entry], event_score: float, corroborated_by: int) -> bool:
    """Whether the evidence is enough for an alert: one sure report, or several independent ones."""
    if not entries:
        return False
    return max(entry.score for entry in entries) >= event_score or len(independent(entries)) >= corroborated_by


def judge(incident: Incident, rules: Rules) -> Verdict:
    """The verdict on an incident with at least one entry."""
    entries = incident.entries
    reports = independent(entries)
    publishers = {report[0].publisher for report in reports}
    signals = _signals(entries, rules)
    severity = _severity(signals, len(reports), rules)
    if incident.country == NOWHERE and rank(severity) > rank(rules.incident.nowhere_severity):
        severity = rules.incident.nowhere_severity
    rows = [rules.signals[name] for name in signals]
    evidence = _best(entries)
    return Verdict(
        severity=severity,
        urgency=min((row.urgency for row in rows), key=_URGENCIES.index, default="Unknown"),
        certainty=_certainty(entries, len(reports), len(publishers)),
        response=tuple(dict.fromkeys(word for row in rows for word in row.response)) or ("Monitor",),
        score=max(entry.score for entry in entries),
        signals=signals,
        reasons=_reasons(signals, entries, len(reports), len(publishers), rules),
        evidence=evidence,
        areas=_areas(entries),
        corroboration=Corroboration(
            articles=len(entries),
            independent_reports=len(reports),
            independent_publishers=len(publishers),
            domains=tuple(sorted({entry.publisher for entry in entries})[:_DOMAINS]),
        ),
    )


def _signals(entries: Sequence[Entry], rules: Rules) -> tuple[str, ...]:
    """Signals that hold, the most severe first; the surest one alone where none reaches the score."""
    best: dict[str, float] = {}
    for entry in entries:
        for name, score in entry.signals.items():
            best[name] = max(best.get(name, 0.0), score)
    ordered = sorted(best, key=lambda name: (-best[name], name))
    held = [name for name in ordered if best[name] >= rules.incident.signal_score] or ordered[:1]
    return tuple(sorted(held, key=lambda name: -rank(rules.signals[name].severity)))


def _severity(signals: Sequence[str], reports: int, rules: Rules) -> Severity:
    found: Severity = "Unknown"
    for name in signals:
        row = rules.signals[name]
        severity = raised(row.severity) if row.raise_at and reports >= row.raise_at else row.severity
        if rank(severity) > rank(found):
            found = severity
    return found


def _certainty(entries: Sequence[Entry], reports: int, publishers: int) -> Certainty:
    """Likely needs two independent reports of two publishers, one of them dated; we never say Observed."""
    dated = any(entry.dated for entry in entries)
    return "Likely" if dated and reports >= 2 and publishers >= 2 else "Possible"


def _best(entries: Sequence[Entry]) -> tuple[AlertEvidence, ...]:
    """The best sentences, no text twice (wire copy), at most five."""
    found: dict[str, AlertEvidence] = {}
    pieces = [piece for entry in entries for piece in entry.evidence]
    for piece in sorted(pieces, key=lambda item: (-item.score, item.article_id, item.field, item.start)):
        found.setdefault(piece.quote, piece)
    return tuple(found.values())[:_QUOTES]


def _areas(entries: Sequence[Entry]) -> tuple[AlertArea, ...]:
    best: dict[tuple[str, str | None], AlertArea] = {}
    for area in (area for entry in entries for area in entry.areas):
        known = best.get((area.name, area.admin1))
        if known is None or area.confidence > known.confidence:
            best[area.name, area.admin1] = area
    return tuple(sorted(best.values(), key=lambda area: (-area.confidence, area.name))[:_AREAS])


def _reasons(
    signals: Sequence[str], entries: Sequence[Entry], reports: int, publishers: int, rules: Rules
) -> tuple[str, ...]:
    found = [rules.signals[name].reason for name in signals]
    if reports > 1:
        found.append(f"{reports} independent reports from {publishers} publisher{'s' if publishers > 1 else ''}")
    else:
        found.append("one report" if len(entries) == 1 else f"one report, printed by {len(entries)} articles")
    if not any(entry.dated for entry in entries):
        found.append("undated")
    return tuple(found)
