"""Dead letters as a person or a tool reads them: what each says, and the record to send again.

Guarantees: any record whatever becomes a `Letter`; what its headers claim is checked, and what can't be so is None.
A replay goes to the topic that the dead-letter topic belongs to, never to one that a header names, with value, key
and headers of the original byte for byte and one header more. Refuses nothing.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from streams.kafka.deadletters import HEADERS, MARK, dlq_name
from streams.kafka.records import Headers, Outgoing, pairs_of, plausible_ms
from streams.kafka.scan import partitions_of, record_at, to_the_ends
from streams.settings import Settings

__all__ = ["Letter", "dead_letter_topics", "read", "read_one"]

_LARGEST: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Letter:
    """One record of a dead-letter topic. `headers` are the original's; the fields from `reason` on are what ours say,
    None where they are missing or unreadable. Times are milliseconds.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    reason: str | None
    stage: str | None
    error: str | None
    origin_topic: str | None
    origin_partition: int | None
    origin_offset: int | None
    app_version: str | None
    original_bytes: int | None

    @classmethod
    def of(cls, record: Any) -> "Letter":
        """The letter in a consumer's `record`."""
        headers = pairs_of(record.headers)
        # Ours come last, in their order; what an original calls by our names stands before them and is only its own.
        ours = headers[-len(HEADERS) :]
        if tuple(name for name, _ in ours) != HEADERS:
            original, said = headers, {}
        else:
            original, said = (
                headers[: -len(HEADERS)],
                {name: (value or b"").decode("utf-8", "replace") for name, value in ours},
            )
        return cls(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=plausible_ms(record.timestamp or 0),
            key=record.key,
            value=record.value,
            headers=original,
            reason=said.get("dlq.reason"),
            stage=said.get("dlq.stage"),
            error=said.get("dlq.error"),
            origin_topic=said.get("dlq.topic"),
            origin_partition=_number(said.get("dlq.partition")),
            origin_offset=_number(said.get("dlq.offset")),
            app_version=said.get("dlq.app_version"),
            original_bytes=_number(said.get("dlq.bytes")),
        )

    @property
    def whole(self) -> bool:
        """Whether the original's value is here: one that was too large for the topic is not."""
        return self.original_bytes in (None, len(self.value or b""))

    @property
    def where(self) -> str:
        """`topic[partition]@offset` of the letter itself: its name in commands."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    @property
    def time(self) -> datetime:
        """When it was written, in UTC."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)

    @property
    def target(self) -> str:
        """The topic that it belongs to."""
        return self.topic.removesuffix(dlq_name(""))

    def again(self, partitions: int) -> Outgoing:
        """The original as a record for its topic, which has so many `partitions`, marked with where it comes from."""
        origin = self.origin_partition
        return Outgoing(
            topic=self.target,
            key=self.key,
            value=self.value,
            headers={MARK: self.where.encode()},
            # Its old partition keeps its order among its neighbours, and assessments beside their table.
            partition=origin if origin is not None and origin < partitions else None,
            # A mark of an earlier replay is ours, too: the newest says it all.
            original_headers=tuple((name, value) for name, value in self.headers if name != MARK),
        )


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > len(str(_LARGEST)):
        return None
    found = int(text)
    return found if found < _LARGEST else None


def dead_letter_topics(settings: Settings) -> tuple[str, ...]:
    """Names of the dead-letter topics of this installation."""
    return tuple(dlq_name(name) for name in (*settings.articles_topics, settings.assessments_topic))


async def read(settings: Settings, names: Sequence[str]) -> AsyncGenerator[Letter, None]:
    """Every letter on these topics, up to their ends of now, ascending within a partition.

    A caller that stops early closes it (`contextlib.aclosing`). Raises TopicMissingError, BrokerError.
    """
    async with aclosing(to_the_ends(settings, await partitions_of(settings, names))) as found:
        async for record in found:
            yield Letter.of(record)


async def read_one(settings: Settings, topic: str, partition: int, offset: int) -> Letter | None:
    """The letter at this place; None if there is none. Raises TopicMissingError, BrokerError."""
    record = await record_at(settings, topic, partition, offset)
    return None if record is None else Letter.of(record)
