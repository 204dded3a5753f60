"""The decision: an incident as it was, one assessment or tick, and what follows. Pure, and the only place that decides.

Time is the assessments' Kafka timestamps and the ticks, never the wall clock. The caller delivers `message` first and
stores `incident` afterwards, so that a crash repeats a message under the same id and never hides one.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from models.labels import SIGNALS_OF_EVENT
from streams.alert.incident import (
    Clear,
    Entry,
    Incident,
    Sent,
    clear_of,
    entry_of,
    independent,
    is_near,
    merge,
    publisher_of,
)
from streams.alert.record import Event, MsgType
from streams.alert.rules import Rules, rank
from streams.alert.verdict import Verdict, crosses, judge, regions
from streams.assess.record import Assessment

__all__ = [
    "Decision",
    "Message",
    "Suppressed",
    "alert_id",
    "alike",
    "clear",
    "decide",
    "due",
    "expire",
    "slot",
    "withdraw",
]

Order = tuple[int, tuple[str, int, int]]
"""Kafka time (ms) of a record, and where it stands: of two records of an article the later counts."""
Suppressed = Literal["duplicate", "cooldown", "stale", "opinion", "ignored", "below_threshold"]

_CLEARS = 3
"""Reports of an all-clear that a Cancel quotes."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be delivered: everything of an alert but the wall clock's time and the article's details."""

    alert_id: str
    msg_type: MsgType
    sequence: int
    references: tuple[str, ...]
    verdict: Verdict
    incident: Incident
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: `incident` is to be stored (None: deleted), `message` delivered before that, if there is one.

    `changed` is false where the table needs no write.
    """

    incident: Incident | None
    message: Message | None
    suppressed: Suppressed | None
    changed: bool


def _digest(*parts: str, length: int) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:length]


def alert_id(rules: Rules, incident: Incident, sequence: int, msg_type: MsgType) -> str:
    """The id of a message: the same decision always has the same one, so bots can drop repeats."""
    return _digest(rules.version, incident.dedup_key, str(sequence), msg_type, length=32)


def slot(assessment: Assessment, event: Event) -> str:
    """Table key of the incident that `assessment` belongs to; statuses never mix.

    Without a country (`XX`) it is only the beginning of the key: there one incident holds one cluster of like texts,
    so that the world is never pooled, and its id follows.
    """
    return f"{assessment.status}|{assessment.country}|{event}"


def alike(incident: Incident, assessment: Assessment) -> bool:
    """Whether the incident holds a text near to the assessed one, or the very article."""
    return any(
        entry.article_id == assessment.article.id or is_near(entry.simhash, assessment.simhash)
        for entry in incident.entries
    )


def decide(incident: Incident | None, assessment: Assessment, event: Event, rules: Rules, partition: int) -> Decision:
    """What `assessment` (which has a score for `event`) does to the incident that it belongs to."""
    if not assessment.retracted and _is_no_news(assessment, event):
        return Decision(incident, None, "opinion", changed=False)
    if rules.sources.tier(publisher_of(assessment)) == "ignored":
        return Decision(incident, None, "ignored", changed=False)
    entry = entry_of(assessment, event, SIGNALS_OF_EVENT, rules.incident.signal_score)
    if incident is None:
        if assessment.retracted:
            return Decision(None, None, "below_threshold", changed=False)
        return _speak(_open(assessment, entry, event, partition), entry, None, rules)
    before = incident.entry(entry.article_id)
    if before is not None and (before.order >= entry.order or before.content_hash == entry.content_hash):
        return Decision(incident, None, "duplicate", changed=False)
    if incident.closed:
        return _after(incident, before, assessment, entry, rules)
    if assessment.retracted:
        return withdraw(incident, entry.article_id, entry.order, rules, retracted=True)
    incident = merge(incident, entry, rules.incident.most_articles)
    if entry.score >= rules.single_report[event]:
        # Whoever said that it was over was too early.
        incident = replace(incident, clears=())
    return _speak(incident, entry, before, rules)


def _is_no_news(assessment: Assessment, event: Event) -> bool:
    """Opinion and history are evidence of nothing now; a drill of no evacuation, but a show of force may be one."""
    genre = assessment.article.genre
    return genre in ("opinion", "history") or (genre == "drill" and event == "evacuation")


def clear(incident: Incident | None, assessment: Assessment, event: Event, rules: Rules) -> Decision:
    """What it does to the incident that `assessment` says it is over: enough independent reports of that end it."""
    if incident is None or incident.closed:
        return Decision(incident, None, None, changed=False)
    said = clear_of(assessment, event)
    if any(known.article_id == said.article_id for known in incident.clears):
        return Decision(incident, None, "duplicate", changed=False)
    entries = tuple(entry for entry in incident.entries if entry.article_id != said.article_id) or incident.entries
    incident = replace(incident, entries=entries, clears=(*incident.clears, said)[-rules.incident.most_articles :])
    if incident.sent is None or len(independent(incident.clears)) < rules.incident.cleared_by:
        return Decision(incident, None, None, changed=True)
    return _message(incident, "Cancel", _over(incident.clears), said.time, rules)


def _over(clears: tuple[Clear, ...]) -> tuple[str, ...]:
    said = independent(clears)
    return (
        f"all-clear in {len(said)} independent report{'s' if len(said) > 1 else ''}",
        *(f'{report[0].publisher}: "{report[0].quote}"' for report in said[:_CLEARS]),
    )


def _after(incident: Incident, before: Entry | None, assessment: Assessment, entry: Entry, rules: Rules) -> Decision:
    """Evidence that comes when the incident has ended: copies of what it held are late, and after an all-clear it takes
    independent reports to say that it began anew.
    """
    near = before is None and any(is_near(entry.simhash, other.simhash) for other in incident.entries)
    # A canary sends the same text again and again.
    if assessment.retracted or (near and incident.status != "Test"):
        return Decision(incident, None, "duplicate", changed=False)
    if not incident.clears:
        return _speak(_open(assessment, entry, incident.event, incident.partition), entry, None, rules)
    assert incident.sent is not None
    ended = incident.sent.time
    incident = merge(incident, entry, rules.incident.most_articles)
    fresh = tuple(other for other in incident.entries if other.time > ended)
    if len(independent(fresh)) < rules.incident.corroborated_by:
        return Decision(incident, None, "below_threshold", changed=True)
    begun = _open(assessment, entry, incident.event, incident.partition)
    begun = replace(begun, entries=fresh, first_seen=min(other.time for other in fresh))
    return _speak(begun, entry, None, rules)


def _open(assessment: Assessment, entry: Entry, event: Event, partition: int) -> Incident:
    return Incident(
        status=assessment.status,
        country=assessment.country,
        event=event,
        # Where the record stands is part of it: an article that comes again after a Cancel opens another incident, and
        # under the old id bots would drop its alert as a repeat.
        incident_id=_digest(
            assessment.status, assessment.country, event, entry.article_id, *map(str, entry.at), length=16
        ),
        partition=partition,
        first_seen=entry.time,
        last_seen=entry.time,
        entries=(entry,),
        sent=None,
    )


def _speak(incident: Incident, entry: Entry, before: Entry | None, rules: Rules) -> Decision:
    score = rules.single_report[incident.event]
    if incident.sent is None:
        if not crosses(incident.entries, score, rules):
            return Decision(incident, None, "below_threshold", changed=True)
        return _message(incident, "Alert", (), entry.time, rules)
    verdict = judge(incident, rules)
    notes = []
    if rank(verdict.severity) > rank(incident.sent.severity):
        # A rise always goes through: no cool-down may hide the worse alert.
        return _message(incident, "Update", (f"severity raised to {verdict.severity}",), entry.time, rules)
    milestone = _milestone(verdict.corroboration.independent_publishers, rules)
    if milestone > incident.sent.milestone:
        notes.append(f"now {verdict.corroboration.independent_publishers} independent publishers")
    new = [area.name for area in regions(verdict, rules) if area.admin1 not in incident.sent.areas]
    if new and incident.sent.areas:
        notes.append(f"new area: {', '.join(new)}")
    if before is not None:
        notes.append("an article was corrected")
    if incident.status == "Test" and not notes:
        notes.append("another test")  # a canary waits for each of its articles
    if not notes:
        return Decision(incident, None, "duplicate", changed=True)
    soon = entry.time - incident.sent.time < rules.incident.cooldown_ms
    if incident.status != "Test" and (soon or incident.sent.sequence >= rules.incident.most_updates):
        return Decision(incident, None, "cooldown", changed=True)
    return _message(incident, "Update", tuple(notes), entry.time, rules)


def _milestone(publishers: int, rules: Rules) -> int:
    return max((mark for mark in rules.incident.milestones if publishers >= mark), default=0)


def withdraw(incident: Incident, article_id: str, order: Order, rules: Rules, *, retracted: bool) -> Decision:
    """The publisher took an article back, or corrected it so that it no longer reports this: what it said before
    `order` goes; with the last evidence the incident is cancelled.
    """
    known = incident.entry(article_id)
    clears = tuple(said for said in incident.clears if said.article_id != article_id or (said.time, said.at) > order)
    if incident.closed or ((known is None or known.order >= order) and clears == incident.clears):
        return Decision(incident, None, "below_threshold", changed=False)
    incident = replace(incident, clears=clears)
    if known is None or known.order >= order:
        return Decision(incident, None, None, changed=True)
    note = "the publisher retracted the article" if retracted else "the article was corrected and no longer says so"
    left = tuple(other for other in incident.entries if other.article_id != article_id)
    if not left:
        if incident.sent is None:
            return Decision(None, None, None, changed=True)
        return _message(incident, "Cancel", (note,), order[0], rules)
    incident = replace(incident, entries=left)
    if incident.sent is None:
        return Decision(incident, None, "below_threshold", changed=True)
    count = f"{len(left)} article{'s' if len(left) > 1 else ''} left"
    return _message(incident, "Update", (f"{count}: {note}",), order[0], rules)


def due(incident: Incident, rules: Rules) -> int:
    """When (ms) time alone changes the incident: the end of its life without new evidence, or of its echo."""
    if incident.sent is not None and incident.closed:
        return incident.sent.time + rules.incident.echo_ms
    end = incident.last_seen + rules.incident.lifetime_ms
    if incident.clears:
        end = min(end, max(incident.last_seen, incident.clears[-1].time) + rules.incident.cleared_ms)
    return end


def expire(incident: Incident, clock: int, rules: Rules) -> Decision:
    """What time alone does (by `clock`, ms): without new evidence for its lifetime an incident ends; when it has
    ended, it is remembered for the time of its echo.
    """
    if clock < due(incident, rules):
        return Decision(incident, None, None, changed=False)
    if incident.sent is None or incident.closed:
        return Decision(None, None, None, changed=True)
    if incident.clears:
        return _message(incident, "Cancel", _over(incident.clears), clock, rules)
    hours = f"{rules.incident.lifetime_hours:g}"
    return _message(incident, "Cancel", (f"no new evidence for {hours} hours",), clock, rules)


def _message(incident: Incident, msg_type: MsgType, notes: tuple[str, ...], time: int, rules: Rules) -> Decision:
    verdict = judge(incident, rules)
    last = incident.sent
    sequence = last.sequence + 1 if last else 0
    identifier = alert_id(rules, incident, sequence, msg_type)
    sent = Sent(
        alert_id=identifier,
        msg_type=msg_type,
        sequence=sequence,
        severity=verdict.severity if last is None or rank(verdict.severity) > rank(last.severity) else last.severity,
        time=time,
        milestone=_milestone(verdict.corroboration.independent_publishers, rules),
        areas=tuple(sorted({*(last.areas if last else ()), *(area.admin1 or "" for area in regions(verdict, rules))})),
    )
    after = replace(incident, sent=sent)
    references = (last.alert_id,) if last else ()
    message = Message(identifier, msg_type, sequence, references, verdict, after, notes)
    return Decision(after, message, None, changed=True)
