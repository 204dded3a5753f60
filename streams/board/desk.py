"""The desk between what reads alerts and what shows them: it folds, numbers, publishes, and knows how fresh it all is.

Guarantees: nothing here waits, so no browser can hold up the reading; what a snapshot shows is exactly the events up
to its number; that nothing is heard from the broker is said, with the time since when, and never passes for silence.
Refuses nothing: what is no alert is counted.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import orjson

from streams.board.frames import KEEP_ALIVE, RETRY, Journal, frame
from streams.board.hub import Hub, Subscriber
from streams.board.incidents import Incidents, Thread, decode, sent_at
from streams.board.view import incident

__all__ = ["Desk", "Fault", "State", "Status"]

State = Literal["connecting", "reading", "live", "lost"]
"""Nobody has answered yet; the past is being read; what comes is shown; the source does not answer."""
Fault = Literal["", "broker", "topic"]
"""What does not answer, or is not there."""
_AHEAD: Final = timedelta(minutes=5)
"""So far may a sender's clock be ahead of ours before a time counts as now."""


@dataclass(frozen=True, slots=True)
class Status:
    """How fresh the board is, for the page. Times are RFC 3339; `newest` is when the newest alert was sent that was no
    test, `tested` when the newest test was.
    """

    state: State
    since: str
    fault: Fault
    why: str
    complete: bool
    newest: str | None
    tested: str | None
    incidents: int
    strangers: int
    hours: float
    topic: str
    now: str


def _now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """One board's state. `names` are countries' names by code, `hours` how long an incident is kept."""

    def __init__(
        self,
        names: Mapping[str, str],
        *,
        hours: float,
        topic: str,
        incidents: Incidents | None = None,
        hub: Hub | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._names, self._hours, self._topic, self._clock = names, hours, topic, clock
        self._incidents = incidents if incidents is not None else Incidents()
        self._hub = hub if hub is not None else Hub()
        began = clock()
        self._journal = Journal(int(began.timestamp() * 1_000_000))
        self._shown: dict[str, bytes] = {}
        self._state: State = "connecting"
        self._since, self._why = began, ""
        self._fault: Fault = ""
        self._complete = False
        self._newest: dict[bool, datetime] = {}
        self._strangers = 0

    # What reads alerts calls these.

    def take(self, value: bytes | None) -> None:
        """One record of the alerts topic."""
        alert = decode(value)
        if alert is None:
            self._strangers += 1
            return
        sent = sent_at(alert)
        if sent < self._clock() - timedelta(hours=self._hours):
            return
        change = self._incidents.take(alert)
        if change is None:
            return
        # A clock that runs ahead must not make everything else look old.
        sent = min(sent, self._clock() + _AHEAD)
        test = alert.status == "Test"
        self._newest[test] = max(sent, self._newest.get(test, sent))
        self._forget(change.gone)
        if change.thread is not None:
            self._show(change.thread, alert.alert_id)

    def reached(self) -> None:
        """The source answers."""
        if self._state in ("connecting", "lost"):
            self._turn("reading")

    def caught_up(self) -> None:
        """Everything that the source held a moment ago was given to `take`."""
        if not self._complete:
            self._complete = True
            self._hub.publish(self._journal.reset())
        self._turn("live")

    def lost(self, why: str, fault: Fault = "broker") -> None:
        """The source does not answer; `why` in a sentence. The time of the first such word is kept."""
        self._turn("lost", why, fault)

    # The clock calls this.

    def tick(self) -> None:
        """Every 15 s: let go of what is old, and say to every browser that we are there, and how fresh it is."""
        self._forget(self._incidents.prune(self._clock() - timedelta(hours=self._hours)))
        self._hub.publish(KEEP_ALIVE + self._told())

    # What shows alerts calls these.

    @property
    def status(self) -> Status:
        """How fresh it is."""
        return Status(
            state=self._state,
            since=_time(self._since),
            fault=self._fault,
            why=self._why,
            complete=self._complete,
            newest=_time(self._newest[False]) if False in self._newest else None,
            tested=_time(self._newest[True]) if True in self._newest else None,
            incidents=len(self._incidents),
            strangers=self._strangers,
            hours=self._hours,
            topic=self._topic,
            now=_time(self._clock()),
        )

    @property
    def dropped(self) -> int:
        """Browsers that were cut off because they read too slowly."""
        return self._hub.dropped

    def snapshot(self) -> bytes:
        """Everything as JSON: `id` is the number of the last event that is in it."""
        held = (self._shown[one.newest.incident_id] for one in self._incidents.threads())
        whole = {"id": str(self._journal.last), "status": asdict(self.status)}
        return orjson.dumps(whole | {"incidents": [orjson.Fragment(one) for one in held]})

    def joined(self, after: int | None, cut: Callable[[], None]) -> AbstractContextManager[Subscriber]:
        """A browser whose last event was `after` (None: from now on). Raises CrowdedError."""
        missed: Sequence[bytes] | None = [] if after is None else self._journal.since(after)
        if missed is None:
            missed = [self._journal.anew()]
        return self._hub.joined([RETRY, self._told(), *missed], cut)

    def close(self) -> None:
        """End all browsers' connections."""
        self._hub.close()

    def _turn(self, state: State, why: str = "", fault: Fault = "") -> None:
        if (state, why) == (self._state, self._why):
            return
        if state != self._state:
            self._since = self._clock()
        self._state, self._why, self._fault = state, why, fault
        self._hub.publish(self._told())

    def _show(self, thread: Thread, alert_id: str) -> None:
        made = orjson.dumps(incident(thread, self._names))
        self._shown[thread.newest.incident_id] = made
        if self._complete:
            data = orjson.dumps({"alert": alert_id, "incident": orjson.Fragment(made)})
            self._hub.publish(self._journal.append("incident", data))

    def _forget(self, gone: Sequence[str]) -> None:
        for name in gone:
            self._shown.pop(name, None)
        if gone and self._complete:
            self._hub.publish(self._journal.append("gone", orjson.dumps(list(gone))))

    def _told(self) -> bytes:
        return frame("status", orjson.dumps(asdict(self.status)))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
