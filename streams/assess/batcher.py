"""The heart of stage 1: a bounded pipeline of three tasks, and the order in which things become true.

    queue -> [read] -> prepared -> [classify] -> scored -> [write] -> finished

`read` decodes and tokenises on a helper thread; `classify` collects a batch and scores it on the classifier's one
thread; `write` publishes and, when every ack is there, finishes the records in arrival order. Every queue is bounded,
so a fast producer waits in Kafka and not in our memory. Anything that is not a record's fault stops the worker with
nothing acked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from mode import Service

from streams.assess.accounts import AssessAccounts
from streams.assess.planner import BatchPlanner
from streams.assess.settle import Scores
from streams.assess.shadow import Shadow
from streams.assess.work import Conclusion, Reader, Work
from streams.errors import NO_RECORDS_FAULT, PublishError, UnpublishableError
from streams.kafka.deadletters import DeadLetterLimit, write_letters
from streams.kafka.parting import ours
from streams.kafka.publish import Publisher
from streams.kafka.records import Delivery, Outgoing
from streams.settings import Settings

__all__ = ["Batcher", "Ports"]

_Sent = tuple[list[tuple[Outgoing, "asyncio.Future[Any]"]], bool]
"""What of a record was enqueued, and whether the client refused some of it."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the batcher needs from outside. `finish` acks; `fatal` stops the worker."""

    reader: Reader
    publisher: Publisher
    finish: Callable[[Delivery], None]
    fatal: Callable[[BaseException], Awaitable[None]]
    helper: Executor
    model: Executor
    limit: DeadLetterLimit
    refusals: DeadLetterLimit
    """Of good records whose outputs a broker refuses: known only after the writing, so counted by themselves."""
    accounts: AssessAccounts
    partitions: int
    """Of the assessments topic."""
    shadow: Shadow | None = None


class Batcher(Service):
    """Runs the pipeline. `put` is its one door; it returns when there is room."""

    mundane_level = "debug"

    def __init__(self, settings: Settings, ports: Ports, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._ports = ports
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue(settings.queue_articles)
        self._prepared: asyncio.Queue[Work] = asyncio.Queue(settings.batch_articles)
        self._held: Work | None = None
        self._scored: asyncio.Queue[list[tuple[Work, Sequence[Scores] | Exception]]] = asyncio.Queue(1)

    async def put(self, delivery: Delivery) -> None:
        """Take one record; waits while the queue is full."""
        self._ports.accounts.received(delivery)
        await self._queue.put(delivery)

    @property
    def depth(self) -> int:
        """Records waiting for the classifier."""
        return self._queue.qsize() + self._prepared.qsize()

    @Service.task
    async def _read(self) -> None:
        await self._guarded(self._read_one)

    @Service.task
    async def _classify(self) -> None:
        await self._guarded(self._classify_batch)

    @Service.task
    async def _write(self) -> None:
        await self._guarded(self._write_batch)

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            while not self.should_stop:
                await ours(step())
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  (whatever it is: stop, ack nothing)
            await self._ports.fatal(error)

    async def _read_one(self) -> None:
        delivery = await self._queue.get()
        loop = asyncio.get_running_loop()
        await self._prepared.put(await loop.run_in_executor(self._ports.helper, self._ports.reader.read, delivery))

    async def _classify_batch(self) -> None:
        works = await self._collect()
        loop = asyncio.get_running_loop()
        begin = time.perf_counter()
        scored = await loop.run_in_executor(self._ports.model, self._score, works)
        self._ports.accounts.batch(works, time.perf_counter() - begin)
        await self._scored.put(scored)

    async def _collect(self) -> list[Work]:
        """Works for one batch: as many as the planner takes, waiting for more only until the deadline."""
        planner = BatchPlanner(self._settings.batch_tokens, self._settings.batch_articles)
        first, self._held = self._held or await self._prepared.get(), None
        works = [first]
        planner.add(first.lengths)
        deadline = time.monotonic() + self._settings.batch_wait
        while not planner.full:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    work = await self._prepared.get()
            except TimeoutError:
                break
            if not planner.add(work.lengths):
                self._held = work  # too large for this batch: it opens the next one
                break
            works.append(work)
        return works

    def _score(self, works: Sequence[Work]) -> list[tuple[Work, Sequence[Scores] | Exception]]:
        """Scores by work. A batch that raises is halved until the work at fault stands alone, and is tried again."""
        try:
            scores = self._ports.reader.score(works)
        except NO_RECORDS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001  (a record's fault until proven ours)
            if len(works) == 1:
                return [(works[0], self._second_try(works[0], error))]
            half = len(works) // 2
            return self._score(works[:half]) + self._score(works[half:])
        if self._ports.shadow is not None:
            self._ports.shadow.offer(works, scores)
        return list(zip(works, scores, strict=True))

    def _second_try(self, work: Work, error: Exception) -> Sequence[Scores] | Exception:
        """Scores of a work that raised alone; or its error, if the classifier still answers what it answered before."""
        try:
            return self._ports.reader.score([work])[0]
        except NO_RECORDS_FAULT:
            raise
        except Exception:  # noqa: BLE001  (now proven: the record's fault, or ours)
            self._ports.reader.prove()
            return error

    async def _write_batch(self) -> None:
        scored = await self._scored.get()
        loop = asyncio.get_running_loop()
        begin = time.perf_counter()
        conclusions = await loop.run_in_executor(self._ports.helper, self._conclude, scored)
        self._ports.accounts.placed(time.perf_counter() - begin)
        begin = time.perf_counter()
        # First all is counted, so that a limit that is reached stops us before anything of it is written.
        for conclusion in conclusions:
            tp = conclusion.work.delivery.tp
            self._ports.limit.bad(tp) if conclusion.rejected else self._ports.limit.good(tp)
        sent = [(conclusion, await self._send(conclusion)) for conclusion in conclusions]
        for conclusion, outcome in sent:
            written = await self._confirmed(conclusion, outcome)
            self._ports.finish(conclusion.work.delivery)
            self._ports.accounts.finished(written)
        self._ports.accounts.published(time.perf_counter() - begin)

    def _conclude(self, scored: list[tuple[Work, Sequence[Scores] | Exception]]) -> list[Conclusion]:
        found = []
        for work, scores in scored:
            if isinstance(scores, Exception):
                found.append(Reader.give_up(work, "model_failure", f"scoring raised {type(scores).__name__}"))
                continue
            try:
                found.append(self._ports.reader.conclude(work, scores))
            except NO_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001  (a record's fault until proven ours)
                found.append(Reader.give_up(work, "model_failure", f"judging raised {type(error).__name__}"))
        return found

    async def _send(self, conclusion: Conclusion) -> _Sent:
        """Enqueue everything of one record, or as much of it as the client does not refuse."""
        sent: list[tuple[Outgoing, asyncio.Future[Any]]] = []
        try:
            for record in self._records(conclusion):
                sent.append((record, await self._ports.publisher.send(record)))
        except UnpublishableError:
            return sent, True
        return sent, False

    async def _confirmed(self, conclusion: Conclusion, outcome: _Sent) -> Conclusion:
        """Wait for every ack of one record. What the broker refuses of it alone becomes a dead letter instead."""
        sent, refused = outcome
        fault: PublishError | None = None
        # All are waited for, also behind a refused one: none may be under way when the record is finished.
        for record, future in sent:
            try:
                await self._ports.publisher.confirm(record, future)
            except UnpublishableError:
                refused = True
            except PublishError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        if not refused:
            self._ports.refusals.good(conclusion.work.delivery.tp)
            return conclusion
        if not conclusion.rejected:
            self._ports.refusals.bad(conclusion.work.delivery.tp)
        letter = conclusion  # nothing but a dead letter: it keeps its reason
        if conclusion.assessments or conclusion.revisions or not conclusion.rejected:
            letter = Reader.give_up(conclusion.work, "unpublishable", "the broker refuses what came of this record")
        # Refused without its value as well: it stops us, nothing is lost.
        await write_letters(self._ports.publisher, self._records(letter))
        return letter

    def _records(self, conclusion: Conclusion) -> list[Outgoing]:
        records = conclusion.outgoing(self._settings.assessments_topic, self._ports.partitions)
        if self._settings.audit_topic:
            records.append(conclusion.audit(self._settings.audit_topic))
        return records
