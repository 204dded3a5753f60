"""The batcher: order, confirmation, isolation of the record at fault, limits, and indifference to how batches fall."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from streams.assess.places import Gazetteer
from streams.assess.work import Work
from streams.errors import DeadLetterLimitError, ModelError, PublishError, UnpublishableError
from streams.kafka.records import Outgoing
from tests.contract.faust_harness import until
from tests.contract.line import TOPIC, line, story


@pytest.mark.requirement(3)
@pytest.mark.requirement(10)
async def test_records_finish_in_arrival_order_and_only_when_confirmed(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, batch_articles=3, batch_wait=2) as at:
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
@pytest.mark.requirement(3)
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
        assert len(at.brain.calls) == 4, "the halves without it are scored whole, and a known sentence"


async def test_a_fault_in_reading_costs_at_most_its_own_record(gazetteer: Gazetteer) -> None:
    """Found by the random faults: a tokeniser that raised once stopped the worker, and one article could for ever."""
    async with line(gazetteer) as at:
        at.brain.speechless = 1
        await at.put([story(0), story(1, "venom"), story(2)])
        await until(lambda: len(at.finished) == 3)
        assert at.letters() == {1: "model_failure"}
        assert at.faults == []


async def test_a_tokeniser_that_answers_nobody_stops_the_worker(gazetteer: Gazetteer) -> None:
    async with line(gazetteer) as at:
        at.brain.speechless = 1_000
        await at.put([story(0), story(1)])
        await until(lambda: bool(at.faults))
        assert [type(error) for error in at.faults] == [ModelError]
        assert at.finished == []
        assert at.letters() == {}


async def test_a_passing_fault_of_the_classifier_costs_no_record(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, started=False, batch_articles=1) as at:
        at.brain.broken = 1
        await at.put([story(0), story(1)])
        await at.batcher.start()
        await until(lambda: len(at.finished) == 2)
        assert at.letters() == {}
        assert at.faults == []


async def test_a_classifier_that_always_fails_stops_the_worker_and_costs_no_record(gazetteer: Gazetteer) -> None:
    async with line(gazetteer, started=False, batch_articles=4, batch_wait=0.5) as at:
        at.brain.broken = 1_000
        await at.put([story(n) for n in range(4)])
        await at.batcher.start()
        await until(lambda: bool(at.faults))
        assert isinstance(at.faults[0], ModelError)
        assert at.finished == []
        assert at.post.sent == []


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


async def test_a_letter_too_large_for_its_topic_keeps_its_reason_and_leaves_its_value(gazetteer: Gazetteer) -> None:
    """A record that came compressed, and that no request holds when it is not: it must not stop us at every start."""
    async with line(gazetteer, article_bytes=2_000, audit_topic=None) as at:
        at.post.at_send = lambda record: UnpublishableError("large") if len(record.value or b"") > 3_000 else None
        await at.put([story(0), story(1, "x" * 4_000), story(2)])
        await until(lambda: len(at.finished) == 3 or bool(at.faults))
        assert at.faults == []
        assert at.letters() == {1: "oversized"}
        (letter,) = [record for record in at.post.acked if record.topic.endswith(".dlq")]
        assert letter.value is None
        assert int(letter.headers["dlq.bytes"]) > 4_000


async def test_a_page_of_which_one_article_is_refused_and_one_is_bad_stops_nothing(gazetteer: Gazetteer) -> None:
    page = orjson.dumps({"articles": [orjson.loads(story(0)), {"title": ""}]})
    async with line(gazetteer, audit_topic=None) as at:
        at.brain.least = 0.9
        at.post.at_ack = lambda record: UnpublishableError("large") if record.topic == "assessments" else None
        await at.put([page])
        await until(lambda: bool(at.finished) or bool(at.faults))
        assert at.faults == []
        assert at.letters() == {0: "unpublishable"}
        assert [record.value for record in at.post.acked if b"unpublishable" in record.headers.values()] == [page]


async def test_the_dead_letter_limit_stops_before_anything_of_the_batch_is_written(gazetteer: Gazetteer) -> None:
    config = {"dead_letter_run": 4, "batch_articles": 6, "queue_articles": 6, "batch_wait": 0.5}
    async with line(gazetteer, started=False, **config) as at:
        await at.put([story(0), story(1)] + [b"{bad %d" % n for n in range(4)])
        await at.batcher.start()
        await until(lambda: bool(at.faults))
        assert isinstance(at.faults[0], DeadLetterLimitError)
        assert at.post.sent == []
        assert at.finished == []


@pytest.mark.parametrize("batch", [1, 16])
async def test_what_is_unpublishable_counts_for_the_limit(gazetteer: Gazetteer, batch: int) -> None:
    """A topic that refuses everything is our fault and not the records': the input must not be drained into it."""
    async with line(gazetteer, dead_letter_run=5, audit_topic=None, batch_articles=batch) as at:
        at.brain.least = 0.9
        at.post.at_ack = lambda record: UnpublishableError("no") if record.topic == "assessments" else None
        putting = asyncio.create_task(at.put([story(n) for n in range(30)]))
        await until(lambda: len(at.finished) == 30 or bool(at.faults))
        assert [type(error) for error in at.faults] == [DeadLetterLimitError]
        putting.cancel()


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


@pytest.mark.requirement(7)
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

        at.reader.score = exhausted  # type: ignore[method-assign]  # a fault put in
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
@pytest.mark.requirement(17)
def test_conclusions_do_not_depend_on_batches(
    gazetteer: Gazetteer, alone: list[Any], articles: int, tokens: int, wait: float
) -> None:
    assert asyncio.run(_conclusions(gazetteer, articles, tokens, wait)) == alone
