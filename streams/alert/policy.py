"""The decision: an incident as it was, one assessment or tick, and what follows. Pure, and the only place that decides.

Time is the assessments' Kafka timestamps and the ticks, never the wall clock. The caller delivers `message` first and
stores `incident` afterwards, so that a crash repeats a message under the same id and never hides one.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from models.labels import SIGNALS_OF_EVENT
from streams.alert.incident import Entry, Incident, Sent, entry_of, is_near, merge
from streams.alert.record import Event, MsgType
from streams.alert.rules import Rules, rank
from streams.alert.verdict import Verdict, crosses, judge
from streams.assess.record import Assessment

__all__ = ["Decision", "Message", "Suppressed", "alert_id", "alike", "decide", "expire", "slot"]

Suppressed = Literal["duplicate", "cooldown", "stale", "below_threshold"]


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
    entry = entry_of(assessment, event, SIGNALS_OF_EVENT, rules.incident.signal_score)
    if incident is None:
        if assessment.retracted:
            return Decision(None, None, "below_threshold", changed=False)
        incident = _open(assessment, entry, event, partition)
        before: Entry | None = None
    else:
        before = incident.entry(entry.article_id)
        if before is not None and (before.order >= entry.order or before.content_hash == entry.content_hash):
            return Decision(incident, None, "duplicate", changed=False)
        if assessment.retracted:
            return _retract(incident, entry, rules)
        incident = merge(incident, entry, rules.incident.most_articles)
    return _speak(incident, entry, before, rules)


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
        if not crosses(incident.entries, score, rules.incident.corroborated_by):
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
    if before is not None:
        notes.append("an article was corrected")
    if not notes:
        return Decision(incident, None, "duplicate", changed=True)
    if incident.status != "Test" and entry.time - incident.sent.time < rules.incident.cooldown_ms:
        return Decision(incident, None, "cooldown", changed=True)
    return _message(incident, "Update", tuple(notes), entry.time, rules)


def _milestone(publishers: int, rules: Rules) -> int:
    return max((mark for mark in rules.incident.milestones if publishers >= mark), default=0)


def _retract(incident: Incident, entry: Entry, rules: Rules) -> Decision:
    """The publisher took an article back: its evidence goes; with the last of it the incident is cancelled."""
    if incident.entry(entry.article_id) is None:
        return Decision(incident, None, "below_threshold", changed=False)
    left = tuple(other for other in incident.entries if other.article_id != entry.article_id)
    if not left:
        if incident.sent is None:
            return Decision(None, None, None, changed=True)
        cancelled = _message(incident, "Cancel", ("the publisher retracted the article",), entry.time, rules)
        return replace(cancelled, incident=None)
    incident = replace(incident, entries=left)
    if incident.sent is None:
        return Decision(incident, None, "below_threshold", changed=True)
    return _message(incident, "Update", ("an article was retracted",), entry.time, rules)


def expire(incident: Incident, clock: int, rules: Rules) -> Decision:
    """What time alone does: without new evidence for its lifetime (by `clock`, ms) an incident ends."""
    if clock - incident.last_seen < rules.incident.lifetime_ms:
        return Decision(incident, None, None, changed=False)
    if incident.sent is None:
        return Decision(None, None, None, changed=True)
    hours = f"{rules.incident.lifetime_hours:g}"
    note = f"no new evidence for {hours} hours"
    return replace(_message(incident, "Cancel", (note,), clock, rules), incident=None)


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
    )
    after = replace(incident, sent=sent)
    references = (last.alert_id,) if last else ()
    message = Message(identifier, msg_type, sequence, references, verdict, after, notes)
    return Decision(after, message, None, changed=True)
