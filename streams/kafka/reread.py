"""Reading offsets again that Faust did not deliver, with a plain consumer that belongs to no group."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiokafka
from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka import clients
from streams.kafka.ledger import Hole, TopicPartition
from streams.settings import Settings

__all__ = ["Rereader"]

_POLL_MS = 500
_EMPTY_POLLS = 8
_ROUNDS = 3
_PATIENCE = 30.0
"""A hole is called legitimate after three connections, each of which reached the partition's leader for its end
offset and then saw eight half-second polls without a record: a leader that is away gives empty polls, too, but no
end offset. One call that takes longer than 30 seconds counts as a broker that is away."""


class Rereader:
    """Reads the records of one hole after the other. Connects when first needed; `close` when done."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._consumer: Any = None

    async def close(self) -> None:
        """End the connection, if there is one."""
        self._consumer = None
        await self._stack.aclose()

    async def records(self, tp: TopicPartition, hole: Hole, abandoned: Callable[[], bool]) -> AsyncIterator[Any]:
        """The records that the broker holds in `hole`, ascending; offsets that are not yielded never were records.

        Retries while the broker is away: to give up would be to call a record a legitimate hole. Ends early when
        `abandoned` says that the partition is being taken from us; the caller must ask it, too.
        """
        part = aiokafka.TopicPartition(tp.topic, tp.partition)
        at, rounds = hole.first, 0
        while at < hole.end and rounds < _ROUNDS and not abandoned():
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._seek(part, at)
                empty = 0
                while at < hole.end and empty < _EMPTY_POLLS and not abandoned():
                    async with asyncio.timeout(_PATIENCE):
                        found = (await self._consumer.getmany(part, timeout_ms=_POLL_MS)).get(part, [])
                        # The position moves over markers and compacted offsets without giving a record.
                        position = await self._consumer.position(part)
                    for record in found:
                        if at <= record.offset < hole.end:
                            yield record
                    empty = empty + 1 if position <= at and not found else 0
                    at = max(at, position)
                rounds += 1
            except (BrokerError, KafkaError, OSError):
                await asyncio.sleep(1)
            await self.close()

    async def _seek(self, part: Any, at: int) -> None:
        if self._consumer is None:
            self._consumer = await self._stack.enter_async_context(clients.consumer(self._settings))
        self._consumer.assign([part])
        beginning = (await self._consumer.beginning_offsets([part]))[part]
        await self._consumer.end_offsets([part])  # answered by the leader alone: it is there
        self._consumer.seek(part, max(at, beginning))
