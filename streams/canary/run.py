"""The canary at work: a test article a minute into one partition after the other, and an ear on the alerts topic.

Guarantees: joins no group; goes on through any outage of the broker, and counts what it could not send. Refuses to
begin before it listens, because an alert that came before would be missed.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiokafka.errors import KafkaError
from pydantic import ValidationError

from streams.alert.record import adapter
from streams.canary.article import STATUS_HEADER, article, mark_of
from streams.canary.metrics import CanaryMetrics
from streams.canary.probe import Arrival, Probe
from streams.errors import TocsinError, TopicMissingError
from streams.kafka import clients, topics
from streams.settings import Settings

__all__ = ["Canary"]

_PATIENCE = 5
"""Intervals after which an article is overdue."""
_AGAIN = 3.0
_ANSWER = 5.0
"""Seconds that an ack may take at least, whatever the interval; then it counts as an attempt that failed."""
_POLL_MS = 200
_TROUBLE = (TocsinError, KafkaError, OSError, TimeoutError)


class Canary:
    """Sends and listens. `arrived` is called with each article that came out."""

    def __init__(self, settings: Settings, metrics: CanaryMetrics, arrived: Callable[[Arrival], None]) -> None:
        self._settings, self._metrics, self._arrived = settings, metrics, arrived
        self._probe = Probe(_PATIENCE * settings.canary_interval)
        self._listening = asyncio.Event()
        self._turn = self._known = 0

    @property
    def waiting(self) -> int:
        """Articles that are on their way."""
        return self._probe.waiting

    def unready(self) -> str | None:
        """What `/readyz` answers: None if it listens."""
        return None if self._listening.is_set() else "not connected to Kafka"

    async def listen(self) -> None:
        """Hear every alert, for ever."""
        while True:
            try:
                async with clients.consumer(
                    self._settings, self._settings.alerts_topic, auto_offset_reset="latest"
                ) as consumer:
                    for part in consumer.assignment():
                        await consumer.position(
                            part
                        )  # "latest" is where we begin, and not where the first poll finds us
                    self._listening.set()
                    while True:
                        for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                            for record in records:
                                self._hear(record.value)
            except _TROUBLE:
                self._listening.clear()
                await asyncio.sleep(_AGAIN)

    def _hear(self, value: bytes | None) -> None:
        try:
            alert = adapter.validate_json(value or b"")
        except ValidationError:
            return
        if alert.status != "Test":
            return
        arrival = self._probe.came(mark_of(alert.article.title), time.monotonic())
        if arrival is None:
            return
        metrics = self._metrics
        metrics.canary_alerts.inc()
        metrics.canary_latency.observe(arrival.seconds)
        metrics.canary_last_success.set(time.time())
        metrics.canary_partition_success.labels(partition=str(arrival.partition)).set(time.time())
        self._arrived(arrival)

    async def count(self) -> None:
        """Count each interval an article that is due, for ever, whether or not a broker that is away holds us up."""
        while True:
            await asyncio.sleep(self._settings.canary_interval)
            self._metrics.canary_attempts.inc()

    async def sing(self, *, once: bool = False) -> None:
        """Send an article each interval to the next partition: for ever, or one to each partition at once."""
        await self._listening.wait()
        topic = self._settings.articles_topics[0]
        while True:
            try:
                partitions = await self._partitions(topic)
                async with clients.producer(self._settings) as producer:
                    turns = range(partitions) if once else itertools.count(self._turn)
                    for turn in turns:
                        await self._send(producer, topic, turn % partitions)
                        self._turn = turn + 1
                        if not once:
                            await asyncio.sleep(self._settings.canary_interval)
                return
            except _TROUBLE:
                if once:
                    raise
                self._metrics.canary_overdue.inc(self._probe.overdue(time.monotonic()))
                await asyncio.sleep(min(_AGAIN, self._settings.canary_interval))

    async def _partitions(self, topic: str) -> int:
        """How many there are. Raises TopicMissingError, BrokerError."""
        found = (await topics.existing(self._settings)).get(topic, 0)
        if not found:
            raise TopicMissingError(f"there is no topic {topic}; run `tocsin topics create`")
        for number in range(self._known, found):
            # It counts from now: a partition through which nothing ever comes is to be seen.
            self._metrics.canary_partition_success.labels(partition=str(number)).set(time.time())
        self._known = max(self._known, found)
        return found

    async def _send(self, producer: Any, topic: str, partition: int) -> None:
        metrics, mark = self._metrics, secrets.token_hex(8)
        given_up = self._probe.sent(mark, partition, time.monotonic())
        value = article(mark, partition, datetime.now(UTC))
        async with asyncio.timeout(max(_ANSWER, self._settings.canary_interval)):
            await producer.send_and_wait(topic, value, partition=partition, headers=[STATUS_HEADER])
        metrics.canary_articles.inc()
        metrics.canary_overdue.inc(given_up + self._probe.overdue(time.monotonic()))
