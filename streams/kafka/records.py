"""What travels between Kafka and the stages: one record in (Delivery), one record out (Outgoing)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from streams.kafka.ledger import TopicPartition

__all__ = ["Delivery", "Headers", "Outgoing", "pairs_of", "plausible_ms"]

Headers = tuple[tuple[str, bytes | None], ...]
"""Names and values, in order; Kafka allows a name twice, and a value that is null."""

_LATEST_MS = 7_258_118_400_000
"""2200-01-01: a later timestamp is in micro- or nanoseconds, a frequent mistake of producers."""


def pairs_of(headers: Any) -> Headers:
    """A record's headers, as Faust (a mapping, or none) or aiokafka (pairs) gives them."""
    return tuple(headers.items() if isinstance(headers, Mapping) else headers or ())


def plausible_ms(timestamp: int) -> int:
    """A Kafka timestamp in milliseconds, whatever unit its producer used; 0 where it set none."""
    while timestamp > _LATEST_MS:
        timestamp //= 1000
    return max(0, timestamp)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record read from Kafka, handed out by the ledger: the stage must finish it, in any way but silence.

    `message` is the object that Faust tracks; only `streams.kafka.intake` looks at it.
    """

    tp: TopicPartition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    generation: int
    message: Any = field(compare=False, repr=False)

    @property
    def time(self) -> datetime:
        """The record's Kafka timestamp, aware, in UTC."""
        return datetime.fromtimestamp(plausible_ms(self.timestamp_ms) / 1000, UTC)

    def header(self, name: str) -> str | None:
        """The last header of that name as text, undecodable bytes replaced; None if there is none."""
        found = None
        for key, value in self.headers:
            if key == name:
                found = value or b""
        return None if found is None else found.decode("utf-8", "replace")

    @property
    def where(self) -> str:
        """`topic[partition]@offset`, for logs."""
        return f"{self.tp.topic}[{self.tp.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to be written: nothing that led to it is acked before the broker has acknowledged it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)
    partition: int | None = None
    original_headers: Headers = ()
    """Headers passed on untouched (dead letters); they come before `headers`."""

    @property
    def all_headers(self) -> list[tuple[str, bytes | None]]:
        """Both kinds of headers, in the order they are written."""
        return [*self.original_headers, *self.headers.items()]
