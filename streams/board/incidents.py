"""Alerts folded into incidents. Pure: an alert in, what changed out.

Guarantees: a message is taken once, however often it is delivered; an incident's messages stand in the order of their
sequence whatever the order they came in, and the last of them is what the incident is now; the number of incidents, of
messages and of remembered ids is bounded, and what goes first is what was heard of least recently, tests and exercises
before anything in earnest. Refuses nothing that `decode` lets through; bytes that are no alert of this version, or bear
an impossible time, are None there.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from streams.alert.record import Alert, adapter

__all__ = ["Bounds", "Change", "Incidents", "Thread", "decode", "sent_at"]

_REMEMBERED: Final = 20_000
"""Alert ids that repeats are recognised by."""


def sent_at(alert: Alert) -> datetime:
    """When `alert` was sent (aware). Raises ValueError for a time that is none, like the 31st of February."""
    return datetime.fromisoformat(alert.sent)


def decode(value: bytes | None) -> Alert | None:
    """The alert in `value`; None if it is none of this version."""
    try:
        alert = adapter.validate_json(value or b"")
        sent_at(alert)
    except ValueError:  # ValidationError is one
        return None
    return alert


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most incidents, most messages in all of them, most messages of one (its first is kept, and the newest)."""

    incidents: int = 400
    messages: int = 2_000
    thread: int = 16

    def __post_init__(self) -> None:
        if self.incidents < 1 or self.thread < 2 or self.messages < self.thread:
            raise ValueError("bounds: at least one incident, two messages of it, and room for one whole thread")


@dataclass(frozen=True, slots=True)
class Thread:
    """One incident: its messages by sequence (at least one), and how many in their middle are left out."""

    messages: tuple[Alert, ...]
    left_out: int = 0
    heard: datetime = field(init=False)
    """When it was last heard of (aware)."""

    def __post_init__(self) -> None:
        # Kept, because whoever makes room compares all incidents by it.
        object.__setattr__(self, "heard", max(map(sent_at, self.messages)))

    @property
    def newest(self) -> Alert:
        """What the incident is now."""
        return self.messages[-1]

    @property
    def ended(self) -> bool:
        """Whether the newest message cancels it."""
        return self.newest.msg_type == "Cancel"


@dataclass(frozen=True, slots=True)
class Change:
    """What an alert changed: the incident as it is now (None if there is no room for one so old), and those that had
    to go.
    """

    thread: Thread | None
    gone: tuple[str, ...]


class Incidents:
    """All incidents that are shown, by id."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._held: dict[str, Thread] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._messages = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, incident_id: str) -> Thread | None:
        """The incident, if it is held."""
        return self._held.get(incident_id)

    def threads(self) -> list[Thread]:
        """All incidents, that heard of last first."""
        return [self._held[name] for name in sorted(self._held, key=self._age, reverse=True)]

    def take(self, alert: Alert) -> Change | None:
        """Add `alert` to its incident. None if it is a repeat."""
        before = self._held.get(alert.incident_id)
        known = before.messages if before else ()
        if alert.alert_id in self._seen or any(alert.alert_id == one.alert_id for one in known):
            return None
        self._seen[alert.alert_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        after = self._with(known, before.left_out if before else 0, alert)
        self._held[alert.incident_id] = after
        self._messages += len(after.messages) - len(known)
        gone = []
        while len(self._held) > self._bounds.incidents or self._messages > self._bounds.messages:
            gone.append(min(self._held, key=self._worth))
            self._drop(gone[-1])
        return Change(self._held.get(alert.incident_id), tuple(gone))

    def prune(self, before: datetime) -> tuple[str, ...]:
        """Let go of incidents not heard of since `before` (aware); their ids."""
        gone = tuple(sorted(name for name, thread in self._held.items() if thread.heard < before))
        for name in gone:
            self._drop(name)
        return gone

    def _with(self, known: tuple[Alert, ...], left_out: int, alert: Alert) -> Thread:
        messages = sorted((*known, alert), key=lambda one: (one.sequence, sent_at(one), one.alert_id))
        over = len(messages) - self._bounds.thread
        if over > 0:
            del messages[1 : 1 + over]
        return Thread(tuple(messages), left_out + max(0, over))

    def _age(self, name: str) -> tuple[datetime, str]:
        return self._held[name].heard, name

    def _worth(self, name: str) -> tuple[bool, datetime, str]:
        # A canary's test a minute would have pushed out a week of real alerts by the evening.
        return self._held[name].newest.status == "Actual", *self._age(name)

    def _drop(self, name: str) -> None:
        self._messages -= len(self._held.pop(name).messages)
