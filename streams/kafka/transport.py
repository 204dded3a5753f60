"""Faust's Kafka transport, mended: commits come from our ledger, stale records are dropped, aborted ones unseen.

What differs from Faust 0.15.3, because it loses records there:

* what may be committed is asked of the ledger, not of Faust's lists of acked offsets and gaps;
* records that were fetched before a seek are not handed out after it (Faust books the jump as done);
* only committed records of transactions are read;

and because it waits for ever there: a commit has an end, and so has the closing of the client.

Written against exactly one version of Faust: another one is refused, so that an upgrade is looked at first.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Protocol

from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver

from streams.kafka.headers import mend_header_names
from streams.kafka.ledger import TopicPartition
from streams.kafka.parting import ours, part
from streams.kafka.versions import require

__all__ = ["Books", "LedgerConsumer", "LedgerTransport"]

_COMMIT_SECONDS = 30.0
_PARTING_SECONDS = 10.0
"""For leaving the group and closing connections; the broker notices by itself what is not told."""

_log = logging.getLogger(__name__)


class Books(Protocol):
    """What the transport asks of the side that keeps the ledger."""

    def position(self, tp: TopicPartition) -> int | None:
        """What may be committed for `tp`, None if nothing may."""

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Told after each commit."""


class LedgerThread(driver.AIOKafkaConsumerThread):
    """The consumer's own thread: seeks are numbered, so that stale records can be told."""

    mundane_level = "debug"

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # The driver offers no setting for it; the client reads the attribute when it starts.
        consumer._isolation_level = "read_committed"
        return consumer

    async def seek_to_committed(self) -> Mapping[Any, int]:
        # The number is odd while a seek runs: whatever is fetched meanwhile is stale as well.
        self.consumer.seek_number += 1
        try:
            found: Mapping[Any, int] = await super().seek_to_committed()
            return found
        finally:
            self.consumer.seek_number += 1

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        number = self.consumer.seek_number
        records = await super()._fetch_records(*args, **kwargs)
        if number != self.consumer.seek_number or number % 2:
            # A seek ran while we waited. Records from after it may be among these: put the position back to
            # the first of each partition and fetch them again under the new number.
            for tp, found in records.items():
                if found:
                    try:
                        self._ensure_consumer().seek(tp, found[0].offset)
                    except IllegalStateError:
                        continue  # revoked meanwhile: nothing of it is ours any more
            records = {}
            number = self.consumer.seek_number
        self.consumer.records_number = number
        return records

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        if not self.assignment() & offsets.keys():
            return False  # a rebalance has taken all of it: aiokafka raises for a commit of nothing
        # aiokafka tries again for ever (a topic that was deleted, say), and revoke and stop wait for us.
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                done: bool = await ours(super()._commit(offsets))
                return done
        except (TimeoutError, ConnectionError):
            _log.warning("a commit was not answered within %.0f s; the next one covers it", _COMMIT_SECONDS)
            return False

    async def call_thread(self, fun: Any, *args: Any, **kwargs: Any) -> Any:
        # Whatever Faust asks of the client from the other thread: its own services would end without a word.
        return await ours(super().call_thread(fun, *args, **kwargs))

    async def on_thread_stop(self) -> None:
        # If this raised, the thread would end without a word, and who stops the worker would wait for that word.
        await part(super().on_thread_stop(), self._consumer, _PARTING_SECONDS)

    async def committed(self, tp: Any) -> int | None:
        """The group's committed offset of `tp` as the broker holds it; None if there is none."""
        found: int | None = await self.call_thread(self._ensure_consumer().committed, tp)
        return found


class LedgerConsumer(driver.Consumer):
    """A Faust consumer whose commits are the ledger's positions. `books` is set by the app before it starts."""

    mundane_level = "debug"
    books: Books | None = None
    seek_number = 0
    records_number = 0

    def _new_consumer_thread(self) -> LedgerThread:
        return LedgerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ASYNC109
        async for tp, message in super().getmany(timeout):
            if self.records_number != self.seek_number:
                break  # a seek ran since these were fetched: they come again
            yield tp, message

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Gaps are the ledger's business: it asks the broker for them."""

    def ack(self, message: Any) -> bool:
        """Note that Faust need not wait for `message` any longer. Commits nothing by itself."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        waiting = self._waiting_for_ack
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterable[Any]:
        return tuple(self.assignment())

    def _filter_committable_offsets(self, tps: Iterable[Any]) -> dict[Any, int]:
        assert self.books is not None, "the app sets books before the consumer starts"
        found = {}
        for tp in tps:
            position = self.books.position(TopicPartition(tp.topic, tp.partition))
            if position is not None and self._should_commit(tp, position):
                found[tp] = position
        return found

    async def _commit_offsets(self, offsets: Mapping[Any, int], start_new_transaction: bool = True) -> bool:
        done: bool = await super()._commit_offsets(offsets, start_new_transaction)
        if done and self.books is not None:
            self.books.committed({TopicPartition(tp.topic, tp.partition): end for tp, end in offsets.items()})
        return done

    def read_offset(self, tp: Any) -> int | None:
        """The newest offset that Faust has put into its queues, or dropped there; None if it read nothing yet."""
        found: int | None = self._read_offset.get(tp)
        return found

    def wrap(self, tp: Any, record: Any) -> Any:
        """A message of the present generation, as Faust makes it from a record of its own."""
        return self._to_message(tp, record)

    def stable_end(self, tp: Any) -> int | None:
        """The end of what may be read of `tp`, as the last fetch knew it: before any transaction that is still open.
        None if nothing was fetched yet. Raises the client's errors for a partition that is not ours.
        """
        client = self._thread._ensure_consumer()
        stable = client.last_stable_offset(tp)
        found: int | None = client.highwater(tp) if stable is None or stable < 0 else stable
        return found

    async def log_end(self, tp: Any) -> int:
        """The end of what may be read of `tp`, asked of its leader now."""
        ends = await self._thread.highwaters(tp)
        return int(ends[tp])

    async def start_position(self, tp: Any) -> int:
        """Where work on `tp` begins: the committed offset, else the first one that the broker holds.

        A log that ends before the committed offset is another log: a topic made anew, or one that lost records.
        The client then begins at its beginning, and so do we.
        """
        committed = await self._thread.committed(tp)
        if committed is not None and committed >= 0:
            end = await self.log_end(tp)
            if committed <= end:
                return int(committed)
            _log.error(
                "%s[%d] ends at %d, but %d was committed: it was made anew, or lost records; it is read from its start",
                tp.topic, tp.partition, end, committed,
            )  # fmt: skip
        beginning = await self._thread.earliest_offsets(tp)
        return int(beginning[tp])


class LedgerTransport(driver.Transport):
    """Makes LedgerConsumers. `configure` is called with each, before it is used."""

    Consumer = LedgerConsumer

    def __init__(self, *args: Any, configure: Callable[[LedgerConsumer], None], **kwargs: Any) -> None:
        require("faust-streaming", "the transport")
        mend_header_names()
        super().__init__(*args, **kwargs)
        self._configure = configure

    def create_consumer(self, *args: Any, **kwargs: Any) -> LedgerConsumer:
        consumer: LedgerConsumer = super().create_consumer(*args, **kwargs)
        self._configure(consumer)
        return consumer
