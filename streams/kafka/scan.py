"""Reading topics from a place to their ends of now, with a plain consumer that belongs to no group.

Guarantees: every record that was committed when the reading began and that the broker still holds, ascending within a
partition; it ends also where the last offsets are markers of transactions or deleted. Refuses nothing.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from streams.errors import TopicMissingError
from streams.kafka import clients, topics
from streams.settings import Settings

__all__ = ["partitions_of", "record_at", "to_the_ends"]

_POLL_MS = 300


async def partitions_of(settings: Settings, names: Sequence[str]) -> list[TopicPartition]:
    """All partitions of these topics. Raises TopicMissingError, BrokerError."""
    found = await topics.existing(settings)
    if missing := [name for name in names if name not in found]:
        raise TopicMissingError(f"there is no topic {', '.join(missing)}; run `tocsin topics create`")
    return [TopicPartition(name, number) for name in names for number in range(found[name])]


async def to_the_ends(
    settings: Settings, parts: Sequence[TopicPartition], first: int | None = None
) -> AsyncGenerator[Any, None]:
    """The records of `parts`, from offset `first` of each, else from its beginning.

    A caller that stops early closes it (`contextlib.aclosing`). Raises BrokerError, KafkaError.
    """
    async with clients.consumer(settings) as consumer:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        if first is None:
            await consumer.seek_to_beginning(*parts)
        else:
            for part in parts:
                consumer.seek(part, first)
        waiting = {part for part in parts if await consumer.position(part) < ends[part]}
        while waiting:
            for part, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                for record in records:
                    if record.offset < ends[part]:
                        yield record
            # The position moves over markers and deleted offsets without giving a record.
            waiting = {part for part in waiting if await consumer.position(part) < ends[part]}


async def record_at(settings: Settings, topic: str, partition: int, offset: int) -> Any:
    """The record at this place; None if there is none (any more). Raises TopicMissingError, BrokerError."""
    part = TopicPartition(topic, partition)
    if part not in await partitions_of(settings, [topic]):
        return None
    async with aclosing(to_the_ends(settings, [part], offset)) as found:
        async for record in found:
            return record if record.offset == offset else None
    return None
