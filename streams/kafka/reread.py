"""Reading offsets again that Faust did not deliver, with a plain consumer that belongs to no group."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiokafka
from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka import clients
from streams.kafka.ledger import Hole, TopicPartition
from streams.settings import Settings

__all__ = ["Piece", "Rereader"]

_POLL_MS = 500
_EMPTY_POLLS = 8
_PATIENCE = 30.0
"""After eight half-second polls without progress the connection is made anew; one call that takes longer than 30
seconds counts as a broker that is away."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A step through a hole: a record, or None; every other offset below `end` never was one, or is deleted."""

    record: Any
    end: int


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

    async def pieces(self, tp: TopicPartition, hole: Hole, abandoned: Callable[[], bool]) -> AsyncIterator[Piece]:
        """Steps through `hole`, ascending. What no step went over is not known: an open transaction may hold it back.

        Silence proves nothing, so it is asked again while the broker is away or gives nothing: a leader that has
        records to give moves our position. Ends early when `abandoned` says that the partition is being taken from us.
        """
        part = aiokafka.TopicPartition(tp.topic, tp.partition)
        at = hole.first
        while at < hole.end and not abandoned():
            try:
                async with asyncio.timeout(_PATIENCE):
                    end = min(hole.end, await self._seek(part, at))
                if end <= at:
                    return
                empty = 0
                while at < end and empty < _EMPTY_POLLS and not abandoned():
                    async with asyncio.timeout(_PATIENCE):
                        found = (await self._consumer.getmany(part, timeout_ms=_POLL_MS)).get(part, [])
                        # The position moves over markers and compacted offsets without giving a record.
                        position = await self._consumer.position(part)
                    for record in found:
                        if at <= record.offset < hole.end:
                            yield Piece(record, record.offset)
                    empty = empty + 1 if position <= at else 0
                    at = max(at, position)
                    yield Piece(None, min(at, hole.end))
            except (BrokerError, KafkaError, OSError):
                await asyncio.sleep(1)
            await self.close()

    async def _seek(self, part: Any, at: int) -> int:
        """Go to `at`, or to the first offset that is left; the end of what may be read, by the partition's leader."""
        if self._consumer is None:
            self._consumer = await self._stack.enter_async_context(clients.consumer(self._settings))
        self._consumer.assign([part])
        beginning = (await self._consumer.beginning_offsets([part]))[part]
        end: int = (await self._consumer.end_offsets([part]))[part]
        self._consumer.seek(part, max(at, beginning))
        return end
