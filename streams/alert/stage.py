"""Stage 2 as a running thing: assessments in, the pure policy, and the order deliver, write the table, flush, ack."""

import logging
import time
from collections.abc import Mapping

from models.labels import EVENTS
from streams.alert.clock import Clock
from streams.alert.compose import compose, headers
from streams.alert.docket import Step, ended, judged, revised
from streams.alert.guard import Guard
from streams.alert.policy import Message
from streams.alert.record import Alert, encode
from streams.alert.rules import Rules
from streams.alert.table import IncidentTable
from streams.assess.record import AssessedRecord, Assessment, AssessmentError, Revision, Tick, decode
from streams.errors import NO_RECORDS_FAULT
from streams.ingest.article import Reason
from streams.kafka.app import StageApp
from streams.kafka.deadletters import DeadLetterLimit, dead_letter, write_letters
from streams.kafka.intake import Intake
from streams.kafka.publish import Publisher
from streams.kafka.records import Delivery, Outgoing
from streams.observe.metrics import Metrics
from streams.settings import Settings

__all__ = ["AlertStage"]

_log = logging.getLogger(__name__)


class AlertStage:
    """Owns what stage 2 is made of. One assessment is worked on at a time, so the table needs no locks."""

    def __init__(
        self,
        app: StageApp,
        settings: Settings,
        metrics: Metrics,
        rules: Rules,
        table: IncidentTable,
        names: Mapping[str, str],
    ) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._rules, self._table, self._names = rules, table, names
        self._publisher = Publisher(app, metrics)
        self._limit = DeadLetterLimit.of(settings)
        self.intake = Intake(app, settings, metrics, self._work)
        app.intake = self.intake
        self._guard = Guard(table, settings, lambda: self.intake.over)
        self._repeating: set[int] = set()
        """Partitions of which records come again just now."""
        for event, score in rules.single_report.items():
            metrics.config_threshold.labels(label=event, kind="alert").set(score)

    async def _work(self, delivery: Delivery) -> None:
        """One record of the assessments topic, from bytes to ack."""
        begin = time.perf_counter()
        if await self._comes_again(delivery):
            self._metrics.assessments_repeated.inc()
            self.intake.finish(delivery)
            return
        try:
            record = decode(delivery.value)
        except AssessmentError as error:
            _log.error("%s is no assessment of ours (%s): it becomes a dead letter", delivery.where, error)
            await self._give_up(delivery, "undecodable", str(error))
            return
        # A passing fault of ours is over at the second attempt, and every step may be taken twice: ids are the same.
        fault = await self._attempt(record, delivery) and await self._attempt(record, delivery)
        if fault is not None:
            # One record must not stop all that follow, at every start.
            _log.error("judging %s raised twice: it becomes a dead letter", delivery.where, exc_info=fault)
            await self._give_up(delivery, "model_failure", f"judging raised {type(fault).__name__}")
            return
        self._limit.good(delivery.tp)
        self.intake.finish(delivery)
        self._metrics.observe_stage("policy", time.perf_counter() - begin)

    async def _comes_again(self, delivery: Delivery) -> bool:
        """Whether the table holds everything of this record already."""
        partition = delivery.tp.partition
        progress = self._table.progress(partition)
        if not progress.covers(delivery.offset, delivery.timestamp_ms):
            self._repeating.discard(partition)
            return False
        if await self.intake.ends_before(delivery.tp, progress.offset + 1):
            _log.error("%s is of another log than the incident table knows: it is judged", delivery.where)
            self._table.begin_anew(partition)
            return False
        if partition not in self._repeating:
            self._repeating.add(partition)
            _log.info("%s and what follows comes again: it passes by up to offset %d", delivery.where, progress.offset)
        return True

    async def _give_up(self, delivery: Delivery, reason: Reason, error: str) -> None:
        self._limit.bad(delivery.tp)
        await write_letters(self._publisher, [dead_letter(delivery, reason, "alert", error)])
        self._metrics.dead_letters.labels(reason=reason).inc()
        await self._done(delivery)
        self.intake.finish(delivery)

    async def _attempt(self, record: AssessedRecord, delivery: Delivery) -> Exception | None:
        """Act on the record; what that raised, unless it is no record's fault."""
        try:
            await self._act(record, delivery)
        except NO_RECORDS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001  (the record's fault, or a passing one of ours)
            return error
        return None

    async def _act(self, record: AssessedRecord, delivery: Delivery) -> None:
        clock = None
        partition = delivery.tp.partition
        if isinstance(record, Tick):
            clock = self._table.progress(partition).clock.after(record)
            now = clock.at(record)
            steps = iter(()) if now is None else ended(now, self._table, self._rules, partition)
        elif isinstance(record, Revision):
            steps = revised(record, self._table, self._rules, partition)
        else:
            steps = judged(record, self._table, self._rules, partition)
        for step in steps:
            article = record if isinstance(record, Assessment) and not step.by_time else None
            await self._carry_out(step, delivery, article)
        await self._done(delivery, clock)

    async def _done(self, delivery: Delivery, clock: Clock | None = None) -> None:
        """Everything of the record is delivered and written. The table says so before Kafka hears it: a crash before
        the one repeats this record alone, which finds its own work done; one before the other finds it passed by.
        """
        await self._table.advance(delivery.tp.partition, delivery.offset, delivery.timestamp_ms, clock)
        await self._guard.mend(delivery.tp.partition)

    async def _carry_out(self, step: Step, delivery: Delivery, record: Assessment | None) -> None:
        decision = step.decision
        if decision.suppressed is not None:
            self._metrics.alerts_suppressed.labels(reason=decision.suppressed).inc()
        # The order is the guarantee: a crash between any two steps repeats the message under the same id.
        if decision.message is not None:
            await self._deliver(decision.message, delivery, record)
        if decision.changed and step.key is not None:
            await self._table.store(step.key, decision.incident, delivery.tp.partition)

    async def _deliver(self, message: Message, delivery: Delivery, record: Assessment | None) -> None:
        trigger = record.kafka_timestamp_ms if record else delivery.timestamp_ms
        alert = compose(
            message,
            rules=self._rules,
            record=record,
            names=self._names,
            environment=self._settings.environment,
            now_ms=time.time() * 1000,
            trigger_ms=trigger,
        )
        traceparent = record.traceparent if record else None
        out = Outgoing(
            self._settings.alerts_topic, alert.dedup_key.encode(), encode(alert), headers(alert, traceparent)
        )
        await self._publisher.publish([out])
        self._count(alert, trigger, by_article=record is not None)

    def _count(self, alert: Alert, trigger_ms: int, *, by_article: bool) -> None:
        metrics = self._metrics
        if by_article:
            metrics.end_to_end_latency.observe(max(0.0, time.time() - trigger_ms / 1000))
        if alert.status == "Test":  # the canary's are no news of the world
            metrics.test_alerts.inc()
            return
        metrics.alerts.labels(event=alert.event, severity=alert.severity, msg_type=alert.msg_type).inc()
        metrics.alerts_by_country.labels(country=alert.country).inc()
        metrics.last_alert.set(time.time())

    def assigned(self, partitions: set[int]) -> None:
        """The group gave us these partitions of the assessments: forget incidents of all others."""
        self._table.keep(partitions, self._app.consumer_generation_id)

    def sample(self) -> None:
        """Set the gauges that describe the table."""
        counts: dict[str, int] = dict.fromkeys(EVENTS, 0)
        for _, incident in self._table.items():
            counts[incident.event] += incident.alive and incident.status == "Actual"
        for event, count in counts.items():
            self._metrics.incidents.labels(event=event).set(count)
        self._metrics.incident_table_entries.set(len(self._table))
