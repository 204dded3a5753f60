"""The two stages without a broker, in event time: timed articles in, the alerts topic's records out.

Guarantees: reads, scores, places and decides by the very code of the worker; time is the records' own, and a tick comes
as often as in the worker, so that the same articles give the same alerts (`sent` is event time, `latency_ms` is 0).
Refuses nothing that the worker would not: what can't be used is told by line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from streams.alert.compose import compose
from streams.alert.docket import Step, ended, judged, revised
from streams.alert.incident import Incident
from streams.alert.policy import due
from streams.alert.record import Alert
from streams.alert.rules import Rules
from streams.assess.record import Assessment, Revision
from streams.assess.work import Reader
from streams.backtest.feed import Timed
from streams.ingest.article import Rejected
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery

__all__ = ["Backtest", "Refused"]

_BATCH = 64
"""Records scored together. The answers don't hang on it: scores are rounded before anything is decided."""
_PARTITION = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A record of which something can't be used: a dead letter, in the worker."""

    line: int
    rejected: Rejected


@dataclass(slots=True)
class _Memory:
    """The incident table, as a dictionary."""

    held: dict[str, Incident] = field(default_factory=dict)

    def get(self, key: str) -> Incident | None:
        return self.held.get(key)

    def items(self, partition: int | None = None, prefix: str = "") -> Iterator[tuple[str, Incident]]:
        for key in sorted(self.held):
            if key.startswith(prefix):
                yield key, self.held[key]

    def store(self, key: str, incident: Incident | None) -> None:
        if incident is None:
            self.held.pop(key, None)
        else:
            self.held[key] = incident


class Backtest:
    """One run. `names` are countries' names by code, `tick_ms` the time between ticks, `status` that of the alerts."""

    def __init__(
        self,
        reader: Reader,
        rules: Rules,
        *,
        names: Mapping[str, str],
        environment: str,
        topic: str,
        tick_ms: int,
        status: str = "Exercise",
    ) -> None:
        self._reader, self._rules, self._names = reader, rules, names
        self._environment, self._tick_ms, self._status = environment, tick_ms, status
        self._tp = TopicPartition(topic, 0)
        self._table = _Memory()
        self.outcomes: dict[str, int] = {}
        """How the articles ended, as stage 1 counts it."""

    @property
    def open(self) -> int:
        """Incidents that have alerted and not ended."""
        return sum(incident.alive for incident in self._table.held.values())

    def run(self, records: Sequence[Timed], until: int | None = None) -> Iterator[Alert | Refused]:
        """Alerts in the order they would be sent, refusals between them. Time goes on to `until` (ms), if given."""
        for first in range(0, len(records), _BATCH):
            for at, line, found in self._assessed(first, records[first : first + _BATCH]):
                yield from self._silence(at)
                for one in found:
                    if isinstance(one, Rejected):
                        yield Refused(line, one)
                    elif isinstance(one, Revision):
                        yield from self._take(revised(one, self._table, self._rules, _PARTITION), None, at)
                    else:
                        yield from self._take(judged(one, self._table, self._rules, _PARTITION), one, at)
        if until is not None:
            yield from self._silence(until)

    def _assessed(
        self, first: int, records: Sequence[Timed]
    ) -> Iterator[tuple[int, int, tuple[Assessment | Revision | Rejected, ...]]]:
        headers = (("tocsin-status", self._status.encode()),)
        works = [
            self._reader.read(Delivery(self._tp, first + number, record.at, None, record.value, headers, 0, None))
            for number, record in enumerate(records)
        ]
        for record, work, scores in zip(records, works, self._reader.score(works), strict=True):
            done = self._reader.conclude(work, scores)
            for outcome in done.outcomes:
                self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
            yield record.at, record.line, (*done.assessments, *done.revisions, *done.rejected)

    def _silence(self, now: int) -> Iterator[Alert]:
        """What the ticks up to `now` end. Those that can end nothing are not made."""
        while self._table.held:
            first = min(due(incident, self._rules) for incident in self._table.held.values())
            tick = -(-first // self._tick_ms) * self._tick_ms
            if tick > now:
                return
            yield from self._take(ended(tick, self._table, self._rules, _PARTITION), None, tick)

    def _take(self, steps: Iterator[Step], record: Assessment | None, at: int) -> Iterator[Alert]:
        for step in steps:
            if step.decision.message is not None:
                yield self._alert(step, None if step.by_time else record, at)
            if step.decision.changed and step.key is not None:
                self._table.store(step.key, step.decision.incident)

    def _alert(self, step: Step, record: Assessment | None, at: int) -> Alert:
        message = step.decision.message
        assert message is not None
        return compose(
            message,
            rules=self._rules,
            record=record,
            names=self._names,
            environment=self._environment,
            now_ms=at,
            trigger_ms=at,
        )
