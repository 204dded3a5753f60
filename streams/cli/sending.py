"""Sending many records from a command: some may wait for their acks, all are counted.

Guarantees: when `confirm` has returned, every record was acknowledged or counted as refused. Refuses nothing but what
is too large for the producer or the topic; any other error of Kafka's is raised.
"""

import asyncio
from typing import Any

__all__ = ["Sending"]

_AT_ONCE = 500
"""Records that may wait for their acks."""


class Sending:
    """Counts what was `sent`, and what was `refused` because it is too large."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[Any]] = []
        self.sent = self.refused = 0

    async def send(self, producer: Any, topic: str, **record: Any) -> None:
        """Enqueue one record (arguments of aiokafka's `send`); waits for acks when many are open."""
        from aiokafka.errors import MessageSizeTooLargeError

        try:
            self._waiting.append(await producer.send(topic, **record))
        except MessageSizeTooLargeError:
            self.refused += 1
        if len(self._waiting) >= _AT_ONCE:
            await self.confirm()

    async def confirm(self) -> None:
        """Wait for every ack. Raises the first error that is not about a record's size."""
        from aiokafka.errors import MessageSizeTooLargeError

        for result in await asyncio.gather(*self._waiting, return_exceptions=True):
            if isinstance(result, MessageSizeTooLargeError):
                self.refused += 1
            elif isinstance(result, BaseException):
                raise result
            else:
                self.sent += 1
        self._waiting.clear()
