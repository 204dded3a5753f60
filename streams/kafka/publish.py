"""Confirmed publishing: a record counts as written when the broker has acknowledged it on all in-sync replicas.

Faust's own `flush` waits but does not raise, and its default timeout is twenty minutes; so every send is awaited here.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
)

from streams.errors import PublishError, UnpublishableError
from streams.kafka.parting import ours
from streams.kafka.records import Outgoing
from streams.observe.metrics import Metrics

__all__ = ["Publisher"]

_REFUSED = (
    MessageSizeTooLargeError,
    RecordTooLargeError,
    RecordListTooLargeError,
    CorruptRecordException,
)


class Publisher:
    """Writes through the app's one producer. Records of one call keep their order within a partition."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def send(self, record: Outgoing) -> "asyncio.Future[Any]":
        """Enqueue one record; the future is done when the broker has acknowledged it.

        Raises UnpublishableError at once for a record that the client itself refuses (too large).
        """
        producer = await self._app.maybe_start_producer()
        try:
            future: asyncio.Future[Any] = await producer.send(
                record.topic,
                record.key,
                record.value,
                record.partition,
                None,
                record.all_headers,
            )
        except Exception as error:
            raise self._failed(record, error) from error
        return future

    async def confirm(self, record: Outgoing, future: "asyncio.Future[Any]") -> None:
        """Wait for the ack. Raises UnpublishableError if the broker refuses this record, PublishError otherwise."""
        try:
            await ours(future)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise self._failed(record, error) from error

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Enqueue all, then wait for all acks. Raises as `send` and `confirm`, after every future is done."""
        sent: list[tuple[Outgoing, asyncio.Future[Any]]] = []
        try:
            for record in records:
                sent.append((record, await self.send(record)))
        finally:
            await asyncio.gather(*(future for _, future in sent), return_exceptions=True)
        for record, future in sent:
            await self.confirm(record, future)

    def _failed(self, record: Outgoing, error: Exception) -> PublishError:
        self._metrics.publish_failures.inc()
        size = len(record.value or b"") + len(record.key or b"")
        cause = error.__cause__ if isinstance(error.__cause__, KafkaError) else error
        if isinstance(cause, _REFUSED):
            return UnpublishableError(
                f"{record.topic} refuses a record of {size} bytes ({type(cause).__name__}): raise the topic's"
                " max.message.bytes and TOCSIN_REQUEST_BYTES"
            )
        if isinstance(cause, InvalidTimestampError):
            return PublishError(f"{record.topic} refuses our timestamp: this machine's clock and the broker's differ")
        if isinstance(cause, TopicAuthorizationFailedError):
            return PublishError(f"we may not write to {record.topic}: give our user the WRITE right")
        return PublishError(f"no ack for a record on {record.topic} ({type(cause).__name__}): is Kafka healthy?")
