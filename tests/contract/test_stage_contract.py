"""Our side of the same conductor: the intake over Faust's real stream, and the batcher with its ports in our hands."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from models.labels import LABELS
from streams.assess.accounts import AssessAccounts
from streams.assess.batcher import Batcher, Ports
from streams.assess.places import Gazetteer
from streams.assess.work import Reader, Work
from streams.errors import DeadLetterLimitError, PublishError, SettingsError, UnpublishableError
from streams.kafka import transport
from streams.kafka.app import StageApp, make_app
from streams.kafka.deadletters import DeadLetterLimit
from streams.kafka.intake import Intake
from streams.kafka.ledger import Hole, TopicPartition
from streams.kafka.records import Delivery, Outgoing
from streams.observe.metrics import Metrics, build
from streams.settings import Settings
from tests.contract.faust_harness import Bench, LogReader, until

TOPIC = "articles"
ARTICLES = TopicPartition(TOPIC, 0)


class Desk:
    """An intake on a bench: what the sink was given, and what it does with it."""

    def __init__(self, app: StageApp, metrics: Metrics, bench: Bench, reader: LogReader, given: list[Delivery]) -> None:
        self.app, self.metrics, self.bench, self.reader, self.given = app, metrics, bench, reader, given
        self.intake = app.intake
        self.faults: list[BaseException] = []

    @property
    def offsets(self) -> list[int]:
        return [delivery.offset for delivery in self.given]

    def finish(self, *offsets: int) -> None:
        for delivery in [d for d in self.given if d.offset in offsets]:
            self.intake.finish(delivery)

    async def drained(self) -> None:
        """Faust's queues are empty and nobody is inside `receive`."""
        await asyncio.sleep(0.01)
        await until(lambda: not self.app.buffered and not self.intake._lock.locked())
        await asyncio.sleep(0.01)

    def holes(self, kind: str) -> float:
        found = self.metrics.registry.get_sample_value("tocsin_ledger_holes_total", {"kind": kind})
        assert found is not None
        return found

    async def rebalance(self) -> None:
        """The group gives us the same partitions under a new generation."""
        await self.revoke()
        await self.reassign()

    async def revoke(self) -> None:
        await self.bench.consumer.on_partitions_revoked(set(self.bench.tps))

    async def reassign(self) -> None:
        self.app.consumer_generation_id += 1
        self.app._assignment = set(self.bench.tps)
        self.app.flow_control.resume()
        self.bench.consumer.resume_flow()
        await self.app._rebalanced(self.app)


@asynccontextmanager
async def desk(tmp_path: Path, *, auto: bool = False, start: dict[int, int] | None = None) -> AsyncIterator[Desk]:
    """A stage's app with an intake; with `auto` the sink finishes at once."""
    config = Settings(data_dir=tmp_path)
    app, metrics = make_app("contract", config), build()
    given: list[Delivery] = []

    async def sink(delivery: Delivery) -> None:
        given.append(delivery)
        if auto:
            app.intake.finish(delivery)

    app.intake = Intake(app, config, metrics, sink)

    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await app.hand_over(event)

    async with Bench.of(app, TOPIC, start=start or {}) as bench:
        reader = LogReader(bench)
        app.intake._rereader = reader  # type: ignore[assignment]  # stands in
        made = Desk(app, metrics, bench, reader, given)

        async def fatal(error: BaseException) -> None:  # the real one ends the process
            made.faults.append(error)

        app.fatal = fatal  # type: ignore[method-assign]
        app.on_partitions_revoked.connect(app._revoked)
        app.consumer_generation_id = 1
        await bench.run(agent, "contract-agent")
        yield made
        assert made.faults == []


async def test_records_in_order_are_worked_on_and_committed(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed(range(20))
        await at.drained()
        assert at.offsets == list(range(20))
        assert await at.bench.commit() == {0: 20}
        assert at.reader.asked == []


async def test_repeated_records_pass_by(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed([0, 1, 2, 1, 0, 2, 3, 3, 4])
        await at.drained()
        assert at.offsets == [0, 1, 2, 3, 4]
        assert await at.bench.commit() == {0: 5}
        assert not at.bench.consumer.unacked


async def test_dropped_records_are_read_again_before_what_follows(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        for offset in range(12):
            at.bench.record(offset, b"value %d" % offset)
        await at.bench.feed([0, 1, 5, 6, 11])
        await at.drained()
        assert at.offsets == list(range(12))
        assert [delivery.value for delivery in at.given] == [b"value %d" % offset for offset in range(12)]
        assert at.reader.asked == [Hole(2, 5), Hole(7, 11)]
        assert (at.holes("refilled"), at.holes("legitimate")) == (7, 0)
        assert await at.bench.commit() == {0: 12}


async def test_offsets_that_never_were_records_are_counted_and_passed(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        for offset in (0, 1, 4, 9):
            at.bench.record(offset)
        await at.bench.feed([0, 1, 9])
        await at.drained()
        assert at.offsets == [0, 1, 4, 9]
        assert (at.holes("refilled"), at.holes("legitimate")) == (1, 6)
        assert await at.bench.commit() == {0: 10}


async def test_work_begins_at_the_committed_offset_even_if_faust_begins_later(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True, start={0: 40}) as at:
        for offset in range(38, 44):
            at.bench.record(offset)
        await at.bench.feed([38, 43])
        await at.drained()
        assert at.offsets == [40, 41, 42, 43]
        assert await at.bench.commit() == {0: 44}


async def test_nothing_is_committed_past_an_unfinished_offset(tmp_path: Path) -> None:
    """The very case that Faust's own books get wrong, with and without an offset committed before."""
    for start in ({}, {0: 31}):
        async with desk(tmp_path, start=start) as at:
            first = start.get(0, 0)
            await at.bench.feed(range(first, first + 5))
            await at.drained()
            at.finish(first + 1, first + 2, first + 4)
            assert (await at.bench.commit()).get(0, 0) == first
            at.finish(first)
            assert await at.bench.commit() == {0: first + 3}
            at.finish(first + 3)
            assert await at.bench.commit() == {0: first + 5}


async def test_finishing_twice_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.bench.feed(range(2))
        await at.drained()
        at.finish(1)
        with pytest.raises(ValueError, match="in work"):
            at.finish(1)


async def test_a_new_generation_begins_again_at_the_commit_and_ignores_the_old_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.bench.feed(range(4))
        await at.drained()
        at.finish(0, 1)
        assert await at.bench.commit() == {0: 2}
        old = list(at.given)
        at.given.clear()
        at.app.consumer_generation_id += 1  # the old members' work is still in hand
        assert at.intake.position(ARTICLES) is None
        await at.app._rebalanced(at.app)  # Faust knows no assignment here, so the book opens with the first record
        await at.bench.feed(range(2, 6))
        await at.drained()
        assert at.offsets == [2, 3, 4, 5]
        at.intake.finish(old[2])
        at.intake.finish(old[3])
        assert at.intake.position(ARTICLES) == 2
        assert await at.bench.commit() == {0: 2}
        at.finish(2)
        assert await at.bench.commit() == {0: 3}


async def test_a_revocation_waits_for_work_commits_it_and_closes_the_books(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.bench.feed(range(3))
        await at.drained()
        at.finish(0)
        revoking = asyncio.create_task(at.revoke())
        await asyncio.sleep(0.1)
        assert not revoking.done(), "Faust's wait for unfinished work ended early"
        at.finish(1, 2)
        await revoking
        assert at.bench.committed == {0: 3}
        assert at.intake.position(ARTICLES) is None
        before = len(at.bench.commits)
        await at.bench.commit()
        assert len(at.bench.commits) == before
        await at.reassign()
        assert at.intake.position(ARTICLES) == 3
        await at.bench.feed(range(3, 5))
        await at.drained()
        assert at.offsets == [0, 1, 2, 3, 4]


async def test_what_faust_still_hands_over_while_partitions_are_taken_is_not_begun(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed(range(2))
        await at.drained()
        at.bench.consumer.stop_flow()
        await at.bench.feed(range(2, 4))
        await at.drained()
        assert at.offsets == [0, 1]
        assert at.intake.position(ARTICLES) == 2
        assert not at.bench.consumer.unacked, "a rebalance would wait for it for ever"


async def test_a_tail_that_faust_read_and_dropped_is_swept_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, auto=True) as at:
        for offset in range(6):
            at.bench.record(offset)
        await at.bench.feed(range(3))
        await at.drained()
        now = [1e6]
        monkeypatch.setattr("streams.kafka.intake.time", SimpleNamespace(monotonic=lambda: now[0], time=lambda: 1.8e9))
        at.intake._seen = dict.fromkeys(at.intake._seen, now[0])
        await at.intake.sweep()
        assert at.offsets == [0, 1, 2]
        now[0] += 5  # Faust has read nothing beyond: its word is believed
        await at.intake.sweep()
        assert at.offsets == [0, 1, 2]
        at.bench.consumer._read_offset[next(iter(at.bench.tps))] = 5
        await at.intake.sweep()
        assert at.offsets == list(range(6))
        assert await at.bench.commit() == {0: 6}


@pytest.mark.parametrize("mess", [[0, 3, 1, 2, 3, 7], [5], [0, 1, 9, 2, 9, 10, 0], [2, 2, 2, 12, 12, 3]])
async def test_whatever_the_events_each_offset_comes_once_and_in_order(tmp_path: Path, mess: list[int]) -> None:
    async with desk(tmp_path, auto=True) as at:
        for offset in range(13):
            at.bench.record(offset)
        await at.bench.feed(mess)
        await at.drained()
        assert at.offsets == list(range(max(mess) + 1))
        assert await at.bench.commit() == {0: max(mess) + 1}


async def test_records_fetched_before_a_seek_are_not_handed_out_after_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        consumer, tp = at.bench.consumer, next(iter(at.bench.tps))

        async def fetched(timeout: float) -> Any:  # noqa: ASYNC109  (Faust's signature)
            return {tp: [at.bench.record(offset) for offset in range(4)]}, {tp}

        consumer._wait_next_records = fetched
        seen = []
        async for _, message in consumer.getmany(1.0):
            seen.append(message.offset)
            if message.offset == 1:
                consumer.seek_number += 2  # a seek began and ended
        assert seen == [0, 1]


def test_another_faust_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    transport.check_versions()
    monkeypatch.setattr(transport, "version", lambda name: "0.15.4")
    with pytest.raises(SettingsError, match=r"0\.15\.4 is installed.*0\.15\.3"):
        transport.check_versions()
    with pytest.raises(SettingsError, match=r"0\.15\.4"):
        transport.LedgerTransport([], None, configure=lambda _: None)


# The batcher.


class Brain:
    """A classifier that answers by the text alone, and then wrong in the last bits, as padding makes a real one."""

    labels = LABELS
    manifest = SimpleNamespace(
        name="brain", version="1", sha256="0" * 64,
        thresholds={"escalation": SimpleNamespace(default=0.5), "evacuation": SimpleNamespace(default=0.5)},
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.least = 0.0

    def token_lengths(self, texts: Sequence[str], contexts: Any) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def scores(self, texts: Sequence[str], contexts: Any) -> Any:
        if any("poison" in text for text in texts):
            raise RuntimeError("index out of range")
        self.calls.append(len(texts))
        noise = (len(texts) % 7) * 1e-6
        rows = [[byte / 256 for byte in hashlib.sha256(text.encode()).digest()[: len(LABELS)]] for text in texts]
        plain = np.maximum(np.round(np.array(rows, dtype=np.float64), 2), self.least)
        return plain.astype(np.float32) + np.float32(noise)


class Post:
    """A publisher whose acks the test gives; `refuse` and `fail` pick records by their bytes."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.acked: list[Outgoing] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_send: Callable[[Outgoing], Exception | None] = lambda _: None
        self.at_ack: Callable[[Outgoing], Exception | None] = lambda _: None

    async def send(self, record: Outgoing) -> "asyncio.Future[Any]":
        error = self.at_send(record)
        if error:
            raise error
        self.sent.append(record)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        return future

    async def confirm(self, record: Outgoing, future: "asyncio.Future[Any]") -> None:
        await self.gate.wait()
        error = self.at_ack(record)
        if error:
            raise error
        self.acked.append(record)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        sent = [(record, await self.send(record)) for record in records]
        for record, future in sent:
            await self.confirm(record, future)


class Line:
    """A batcher with everything around it in the test's hands."""

    def __init__(self, gazetteer: Gazetteer, **config: Any) -> None:
        self.settings = Settings(**{"batch_wait": 0.01, "audit_topic": "audit"} | config)
        self.brain, self.post, self.metrics = Brain(), Post(), build()
        self.finished: list[int] = []
        self.faults: list[BaseException] = []
        self.pools = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.reader = Reader(self.settings, self.brain, gazetteer)  # type: ignore[arg-type]  # a stand-in
        self.batcher = Batcher(
            self.settings,
            Ports(
                reader=self.reader,
                publisher=self.post,  # type: ignore[arg-type]  # a stand-in
                finish=lambda delivery: self.finished.append(delivery.offset),
                fatal=self._fatal,
                helper=self.pools[0],
                model=self.pools[1],
                limit=DeadLetterLimit(self.settings.dead_letter_run, self.settings.dead_letter_ratio),
                accounts=AssessAccounts(self.metrics),
            ),
        )

    async def _fatal(self, error: BaseException) -> None:
        self.faults.append(error)

    async def put(self, values: Sequence[bytes], first: int = 0) -> None:
        for offset, value in enumerate(values, first):
            await self.batcher.put(delivery(offset, value))

    def letters(self) -> dict[int, str]:
        """Offset and reason of every dead letter that was acknowledged."""
        return {
            int(record.headers["dlq.offset"]): record.headers["dlq.reason"].decode()
            for record in self.post.acked
            if record.topic.endswith(".dlq")
        }


def delivery(offset: int, value: bytes) -> Delivery:
    return Delivery(ARTICLES, offset, 1_764_000_000_000 + offset, b"key", value, (), 1, None)


def story(number: int, extra: str = "") -> bytes:
    text = (
        f"The government of Lebanon ordered citizens to leave the town at once, report {number} said on Friday. "
        f"Shelling near the border with Israel has grown worse since Monday, officials said {extra}. "
        f"Commercial flights from Beirut still run, but they are full, an airline told reporters."
    )
    return orjson.dumps({"title": f"Leave Lebanon now, embassy {number} says {extra}", "text": text, "language": "en"})


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@asynccontextmanager
async def line(gazetteer: Gazetteer, *, started: bool = True, **config: Any) -> AsyncIterator[Line]:
    made = Line(gazetteer, **config)
    try:
        if started:
            await made.batcher.start()
        yield made
    finally:
        await made.batcher.stop()
        for pool in made.pools:
            pool.shutdown()


async def test_records_finish_in_arrival_order_and_only_when_confirmed(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, batch_articles=3) as at:
        at.post.gate.clear()
        await at.put([story(n) for n in range(3)])
        await until(lambda: any(record.topic == "audit" and b'"offset":2' in (record.value or b"")
                                for record in at.post.sent))  # fmt: skip
        await asyncio.sleep(0.02)
        assert at.finished == []
        at.post.gate.set()
        await at.put([story(n) for n in range(3, 11)], first=3)
        await until(lambda: len(at.finished) == 11)
        assert at.finished == list(range(11))
        assert at.faults == []
        assert len([record for record in at.post.acked if record.topic == "audit"]) == 11


@pytest.mark.parametrize("where", ["at_send", "at_ack"])
async def test_a_failed_publish_is_fatal_and_finishes_nothing_from_there_on(gazetteer: Gazetteer, where: str) -> None:
    async with line(gazetteer, batch_articles=4) as at:
        error = PublishError("no ack")

        def fails(record: Outgoing) -> Exception | None:
            return error if record.topic == "audit" and b'"offset":5' in (record.value or b"") else None

        setattr(at.post, where, fails)
        await at.put([story(n) for n in range(10)])
        await until(lambda: bool(at.faults))
        await asyncio.sleep(0.05)
        assert at.faults == [error]
        assert at.finished == list(range(len(at.finished)))
        assert 5 not in at.finished
        assert len(at.finished) <= 5
        if where == "at_ack":
            assert at.finished == [0, 1, 2, 3, 4]


async def test_a_record_that_scoring_raises_on_is_isolated(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, started=False, batch_articles=8, batch_wait=0.5, queue_articles=8) as at:
        await at.put([story(n, "poison" if n == 5 else "") for n in range(8)])
        await at.batcher.start()
        await until(lambda: len(at.finished) == 8)
        assert at.finished == list(range(8))
        assert at.letters() == {5: "model_failure"}
        letter = next(record for record in at.post.acked if record.topic.endswith(".dlq"))
        assert (letter.topic, letter.key, letter.value) == ("articles.dlq", b"key", story(5, "poison"))
        written = {orjson.loads(r.value or b"")["input"]["offset"] for r in at.post.acked if r.topic == "assessments"}
        assert 5 not in written
        assert len(written) > 3
        assert at.faults == []
        assert len(at.brain.calls) == 3, "the halves without the record at fault are scored whole"


@pytest.mark.parametrize("where", ["at_send", "at_ack"])
async def test_what_the_broker_refuses_of_one_record_becomes_a_dead_letter(gazetteer: Gazetteer, where: str) -> None:
    async with line(gazetteer, audit_topic=None) as at:

        def refuses(record: Outgoing) -> Exception | None:
            mine = record.topic == "assessments" and b'"offset":3}' in (record.value or b"")
            return UnpublishableError("too large") if mine else None

        setattr(at.post, where, refuses)
        await at.put([story(n) for n in range(7)])
        await until(lambda: len(at.finished) == 7 or bool(at.faults))
        assert at.finished == list(range(7))
        assert at.letters() == {3: "unpublishable"}
        assert at.faults == []


async def test_a_refused_dead_letter_is_fatal(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, audit_topic=None) as at:
        at.post.at_ack = lambda record: UnpublishableError("too large") if record.topic.endswith(".dlq") else None
        await at.put([story(0), b"{bad", story(2)])
        await until(lambda: bool(at.faults))
        assert isinstance(at.faults[0], UnpublishableError)
        assert at.finished == [0]


async def test_the_dead_letter_limit_stops_before_anything_of_the_batch_is_written(gazetteer: Gazetteer) -> None:
    config = {"dead_letter_run": 4, "batch_articles": 6, "queue_articles": 6, "batch_wait": 0.5}
    async with line(gazetteer, started=False, **config) as at:
        await at.put([story(0), story(1)] + [b"{bad %d" % n for n in range(4)])
        await at.batcher.start()
        await until(lambda: bool(at.faults))
        assert isinstance(at.faults[0], DeadLetterLimitError)
        assert at.post.sent == []
        assert at.finished == []


async def test_what_is_unpublishable_counts_for_the_limit(gazetteer: Gazetteer) -> None:
    """A topic that refuses everything is our fault and not the records': the input must not be drained into it."""
    async with line(gazetteer, dead_letter_run=5, audit_topic=None) as at:
        at.brain.least = 0.9
        at.post.at_ack = lambda record: UnpublishableError("no") if record.topic == "assessments" else None
        await at.put([story(n) for n in range(30)])
        await until(lambda: len(at.finished) == 30 or bool(at.faults))
        assert [type(error) for error in at.faults] == [DeadLetterLimitError]


async def test_every_output_is_waited_for_where_one_is_refused(gazetteer: Gazetteer) -> None:
    """An assessment is refused for good, what was sent after it gets no ack: nothing may be finished."""
    async with line(gazetteer) as at:
        at.brain.least = 0.9
        refused: list[Outgoing] = []

        def answer(record: Outgoing) -> Exception | None:
            if record.topic == "assessments":
                refused.append(record)
                return UnpublishableError("too large")
            outcome = b'"error"' not in (record.value or b"")
            return PublishError("no ack") if record.topic == "audit" and outcome else None

        at.post.at_ack = answer
        await at.put([story(1)])
        await until(lambda: bool(at.faults) or bool(at.finished))
        assert refused, "the story must give an assessment"
        assert at.finished == []
        assert [type(error) for error in at.faults] == [PublishError]


async def test_put_waits_when_every_queue_is_full(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, queue_articles=3, batch_articles=2) as at:
        at.post.gate.clear()
        putting = asyncio.create_task(at.put([story(n) for n in range(40)]))
        await asyncio.sleep(0.4)
        received = at.metrics.registry.get_sample_value("tocsin_articles_received_total", {"topic": TOPIC})
        assert received is not None
        assert not putting.done()
        # queue 3, read 1, prepared 2, held 1, classify 2, scored 2, write 2, and the one that waits in `put`
        assert received <= 14
        assert at.batcher.depth <= 5
        at.post.gate.set()
        await putting
        await until(lambda: len(at.finished) == 40)
        assert at.finished == list(range(40))


async def test_a_fault_that_is_not_a_records_is_fatal(gazetteer: Gazetteer) -> None:
    async with line(gazetteer) as at:

        def exhausted(works: Sequence[Work]) -> Any:
            raise MemoryError

        at.reader.score = exhausted  # type: ignore[method-assign]
        await at.put([story(0), story(1)])
        await until(lambda: bool(at.faults))
        assert isinstance(at.faults[0], MemoryError)
        assert at.finished == []
        assert at.post.sent == []


MIX = [story(n) for n in range(9)] + [
    b"{bad",
    b"",
    orjson.dumps([{"title": f"Item {n}", "text": "x"} for n in range(3)]),
]
MIX += [story(20, "poison"), story(21), orjson.dumps({"articles": [orjson.loads(story(n)) for n in (30, 31)]})]


async def _conclusions(gazetteer: Gazetteer, articles: int, tokens: int, wait: float) -> list[Any]:
    config = {"batch_articles": articles, "batch_tokens": tokens, "batch_wait": wait, "queue_articles": 16}
    async with line(gazetteer, **config) as at:
        await at.put(MIX)
        await until(lambda: len(at.finished) == len(MIX) or bool(at.faults))
        assert at.faults == []
        skipped = {"dlq.ts"}
        return [
            (record.topic, record.key, record.value, {k: v for k, v in record.headers.items() if k not in skipped})
            for record in sorted(at.post.acked, key=lambda record: record.topic)
        ]


@pytest.fixture(scope="module")
def alone(gazetteer: Gazetteer) -> list[Any]:
    """What is written when every record is a batch of its own."""
    return asyncio.run(_conclusions(gazetteer, 1, 2048, 0.0))


def test_the_mix_gives_assessments_and_dead_letters(alone: list[Any]) -> None:
    topics = [topic for topic, *_ in alone]
    assert topics.count("audit") == len(MIX)
    assert topics.count("assessments") >= 5
    assert topics.count("articles.dlq") >= 3


@given(articles=st.integers(1, 16), tokens=st.integers(64, 1500), wait=st.sampled_from([0.0, 0.002, 0.02]))
@examples(max_examples=25, deadline=None)
def test_conclusions_do_not_depend_on_batches(
    gazetteer: Gazetteer, alone: list[Any], articles: int, tokens: int, wait: float
) -> None:
    assert asyncio.run(_conclusions(gazetteer, articles, tokens, wait)) == alone
