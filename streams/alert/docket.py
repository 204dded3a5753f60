"""Which incidents a record of the assessments topic concerns, and what follows for each of them, in order.

Pure but for the incidents that it is shown. The caller carries out each step (delivers its message, then stores its
incident) before it asks for the next one, because a later step may read what an earlier one stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from streams.alert.incident import Incident
from streams.alert.policy import Decision, alike, clear, decide, expire, slot, withdraw
from streams.alert.record import Event
from streams.alert.rules import Rules
from streams.assess.record import EVENT_NAMES, Assessment, Revision
from streams.observe.vocabulary import NOWHERE

__all__ = ["Incidents", "Step", "ended", "judged", "revised"]


class Incidents(Protocol):
    """Incidents by key, to be read."""

    def get(self, key: str) -> Incident | None:
        """The incident under `key`."""

    def items(self, partition: int | None = None, prefix: str = "") -> Iterator[tuple[str, Incident]]:
        """Keys and incidents in the order of keys: all, or those of one partition, or with a prefix."""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: under `key` (None: nothing is to be stored) its incident belongs. `by_time`: silence led to it, not
    the record in hand.
    """

    key: str | None
    decision: Decision
    by_time: bool = False


def judged(record: Assessment, incidents: Incidents, rules: Rules, partition: int) -> Iterator[Step]:
    """What an assessment on that partition of the topic does, event by event."""
    for event in EVENT_NAMES:
        if event not in record.scores and event not in record.cleared:
            continue
        key, incident = _find(record, event, incidents)
        if key is not None and incident is not None:
            # Its life was over before this came, whether or not a tick has said so yet: so alerts don't hang on
            # how often ticks come.
            over = expire(incident, record.kafka_timestamp_ms, rules)
            if over.changed:
                yield Step(key, over, by_time=True)
                incident = over.incident
                if incident is None and record.country == NOWHERE:
                    key = None
        if event in record.cleared:
            yield Step(key, clear(incident, record, event, rules))
            continue
        decision = decide(incident, record, event, rules, partition)
        if key is None and decision.incident is not None:
            key = f"{slot(record, event)}|{decision.incident.incident_id}"
        yield Step(key, decision)


def revised(record: Revision, incidents: Incidents, rules: Rules, partition: int) -> Iterator[Step]:
    """What the revision of an article takes away from the incidents of that partition."""
    at = record.kafka_timestamp_ms, (record.input.topic, record.input.partition, record.input.offset)
    for key, incident in list(incidents.items(partition=partition)):
        kept = record.kept.get(incident.country, ())
        if incident.status != record.status or incident.event in kept:
            continue
        decision = withdraw(incident, record.article_id, at, rules, retracted=record.retracted)
        if decision.changed:
            yield Step(key, decision)


def ended(clock: int, incidents: Incidents, rules: Rules, partition: int) -> Iterator[Step]:
    """What silence ends at `clock` (ms) on that partition."""
    for key, incident in list(incidents.items(partition=partition)):
        decision = expire(incident, clock, rules)
        if decision.changed:
            yield Step(key, decision, by_time=True)


def _find(record: Assessment, event: Event, incidents: Incidents) -> tuple[str | None, Incident | None]:
    """Table key and incident that `record` belongs to. A new cluster without a country has no key yet."""
    prefix = slot(record, event)
    if record.country != NOWHERE:
        return prefix, incidents.get(prefix)
    for key, incident in incidents.items(prefix=f"{prefix}|"):
        if alike(incident, record):
            return key, incident
    return None, None
