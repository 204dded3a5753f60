"""Where the board's alerts come from: the alerts topic, read without a group from some hours ago, then followed.

Guarantees: every alert that the topic holds from then on is given to the desk, in order within a partition, also over
an outage of the broker: the places reached are kept, and a client that hears nothing is replaced. The desk is told
within about ten seconds that a broker is gone. Commits nothing. Refuses nothing; ends only when it is cancelled.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.board.desk import Desk
from streams.errors import BrokerError, TopicMissingError
from streams.kafka import clients
from streams.kafka.parting import ours
from streams.kafka.scan import partitions_of
from streams.settings import Settings

__all__ = ["AlertsTopic", "Source"]

Source = Callable[[Desk, Callable[[], None]], Coroutine[Any, Any, None]]
"""Reads alerts for the desk until it is cancelled; calls its second argument whenever it has got on with something."""

_POLL_MS: Final = 500
_RECORDS: Final = 50
"""Most records taken at once; browsers are served between them."""
_PROBE_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 6.0
_RETRY_SECONDS: Final = 2.0
_HOUR_MS: Final = 3_600_000


class _GrownError(Exception):
    """The topic has other partitions than those that are read."""


class AlertsTopic:
    """The source of a running board. `clock` is the time in seconds since the epoch."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._places: dict[TopicPartition, int] = {}

    async def follow(self, desk: Desk, beat: Callable[[], None]) -> None:
        """A `Source`: for ever, whatever becomes of the broker."""
        while True:
            beat()
            try:
                await self._read(desk, beat)
            except _GrownError:
                continue
            except TopicMissingError as error:
                self._places.clear()  # another topic of that name begins anew
                desk.lost(str(error), "topic")
            except BrokerError as error:
                desk.lost(str(error))
            except (KafkaError, OSError, TimeoutError) as error:
                kind = type(error).__name__
                desk.lost(f"Kafka at {self._settings.brokers} does not answer ({kind})")
            await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self, desk: Desk, beat: Callable[[], None]) -> None:
        settings = self._settings
        parts = await partitions_of(settings, [settings.alerts_topic])
        async with clients.consumer(settings) as consumer:
            consumer.assign(parts)
            await self._seek(consumer, parts)
            desk.reached()
            probed = float("-inf")
            while True:
                beat()
                found = await ours(consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS))
                for part, records in found.items():
                    for record in records:
                        desk.take(record.value)
                        self._places[part] = record.offset + 1
                await asyncio.sleep(0)  # what is fetched already is given without a pause
                if not found or time.monotonic() - probed > _PROBE_SECONDS:
                    if await self._at_the_end(consumer, parts):
                        desk.caught_up()
                    probed = time.monotonic()
                    if len(consumer.partitions_for_topic(settings.alerts_topic) or parts) != len(parts):
                        raise _GrownError

    async def _seek(self, consumer: Any, parts: list[TopicPartition]) -> None:
        """Go on where we were; else where the hours that are shown begin."""
        new = [part for part in parts if part not in self._places]
        for part in set(parts) - set(new):
            consumer.seek(part, self._places[part])
        if not new:
            return
        if self._settings.embedded_broker:  # it holds little, and its answers about times are untried
            await ours(consumer.seek_to_beginning(*new))
            return
        since = int(self._clock() * 1000 - self._settings.board_hours * _HOUR_MS)
        # ORDER: the ends first, so that what comes between the two questions is not skipped.
        ends = await ours(consumer.end_offsets(new))
        found = await ours(consumer.offsets_for_times(dict.fromkeys(new, since)))
        for part in new:
            consumer.seek(part, ends[part] if found[part] is None else found[part].offset)

    async def _at_the_end(self, consumer: Any, parts: list[TopicPartition]) -> bool:
        """Whether all is read. Raises TimeoutError or KafkaError if the broker does not answer."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            ends = await ours(consumer.end_offsets(parts))
            places = [await ours(consumer.position(part)) for part in parts]
        return all(place >= ends[part] for part, place in zip(parts, places, strict=True))
