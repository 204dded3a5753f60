"""What the evidence of an incident adds up to, in CAP 1.2's words. Pure: entries and rules in, words out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from streams.alert.certainty import certainty_of, doubts, reliable
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

__all__ = ["Verdict", "crosses", "judge", "regions"]

_URGENCIES: tuple[Urgency, ...] = ("Immediate", "Expected", "Future", "Past", "Unknown")
_MANY = 4
"""Independent reports from which one report's word alone makes no signal."""
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


def crosses(entries: Sequence[Entry], event_score: float, rules: Rules) -> bool:
    """Whether the evidence is enough for an alert: one sure report, or several independent ones. Publishers that are
    not relied on bear nothing out.
    """
    reports = independent(reliable(entries, rules))
    if not reports:
        return False
    best = [max(entry.score for entry in report) for report in reports]
    if max(best) >= event_score:
        return True
    # Independent reports are wrong independently: one minus the chance that all are.
    together = 1.0 - math.prod(1.0 - score for score in best)
    return len(reports) >= rules.incident.corroborated_by and together >= rules.incident.corroborated_score


def judge(incident: Incident, rules: Rules) -> Verdict:
    """The verdict on an incident with at least one entry."""
    entries = incident.entries
    reports = independent(entries)
    publishers = {report[0].publisher for report in reports}
    signals = _signals(entries, reports, rules)
    severity = _severity(signals, reports, rules)
    if incident.country == NOWHERE and rank(severity) > rank(rules.incident.nowhere_severity):
        severity = rules.incident.nowhere_severity
    rows = [rules.signals[name] for name in signals]
    evidence = _best(entries)
    return Verdict(
        severity=severity,
        urgency=min((row.urgency for row in rows), key=_URGENCIES.index, default="Unknown"),
        certainty=certainty_of(entries, rules),
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


def _signals(entries: Sequence[Entry], reports: Sequence[Sequence[Entry]], rules: Rules) -> tuple[str, ...]:
    """Signals that hold, the most severe first; the surest one alone where none reaches the score. Where many report,
    a signal that one of them alone has does not hold.
    """
    best: dict[str, float] = {}
    for entry in entries:
        for name, score in entry.signals.items():
            best[name] = max(best.get(name, 0.0), score)
    ordered = sorted(best, key=lambda name: (-best[name], name))
    sure = [name for name in ordered if best[name] >= rules.incident.signal_score]
    if len(reports) >= _MANY:
        sure = [name for name in sure if _carrying(name, reports, rules) > 1] or sure
    held = sure or ordered[:1]
    return tuple(sorted(held, key=lambda name: -rank(rules.signals[name].severity)))


def _carrying(name: str, reports: Sequence[Sequence[Entry]], rules: Rules) -> int:
    """How many independent reports have that signal."""
    least = rules.incident.signal_score
    return sum(any(entry.signals.get(name, 0.0) >= least for entry in report) for report in reports)


def _severity(signals: Sequence[str], reports: Sequence[Sequence[Entry]], rules: Rules) -> Severity:
    """The most severe row; a row is one step more severe where so many reports have its signal."""
    found: Severity = "Unknown"
    for name in signals:
        row = rules.signals[name]
        more = row.raise_at and _carrying(name, reports, rules) >= row.raise_at
        severity = raised(row.severity) if more else row.severity
        if rank(severity) > rank(found):
            found = severity
    return found


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


def regions(verdict: Verdict, rules: Rules) -> tuple[AlertArea, ...]:
    """First-level regions that are named surely enough, each once, the surest area in it."""
    found: dict[str, AlertArea] = {}
    for area in verdict.areas:
        if area.admin1 and area.confidence >= rules.incident.area_confidence:
            found.setdefault(area.admin1, area)
    return tuple(found.values())


def _reasons(
    signals: Sequence[str], entries: Sequence[Entry], reports: int, publishers: int, rules: Rules
) -> tuple[str, ...]:
    found = [rules.signals[name].reason for name in signals]
    if reports > 1:
        found.append(f"{reports} independent reports from {publishers} publisher{'s' if publishers > 1 else ''}")
    else:
        found.append("one report" if len(entries) == 1 else f"one report, printed by {len(entries)} articles")
    return (*found, *doubts(entries, rules))
