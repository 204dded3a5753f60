"""Replay: the same assessments in the same order give the same alerts, byte for byte, however often the worker dies.

Of a message only `sent` and `latency_ms` may differ. Several partitions are several workers' business: each gives what
it would give alone.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.errors import KafkaTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.alert import incident as state
from streams.assess.record import AssessedRecord, Assessment, Tick
from streams.errors import PublishError
from streams.kafka.ledger import TopicPartition
from tests.contract.world import STEPS, Worker, World
from tests.unit.alert.builders import HOUR, NOW, all_clear, assessment, revision

pytestmark = pytest.mark.requirement(17)

MINUTE = 60_000
COUNTRIES = ("UA", "LB", "SD")
OTHERS = dict(zip(COUNTRIES, ("SY", "HT", "NE"), strict=True))
"""Countries of another assessments partition."""
LIFETIME = 73 * HOUR
"""Longer than any incident lives without evidence."""


@st.composite
def stories(draw: st.DrawFn) -> list[AssessedRecord]:
    """What one assessments partition may hold: reports, their corrections and retractions, ticks, some very late."""
    found: list[AssessedRecord] = []
    now = NOW
    for offset in range(draw(st.integers(3, 14))):
        now += draw(st.sampled_from([0, 1000, 20 * MINUTE, 7 * HOUR, LIFETIME]))
        if draw(st.integers(0, 4)) == 0:
            found.append(Tick("1", "tick", "articles", 0, now))
            continue
        article = draw(st.integers(0, 5))
        if draw(st.integers(0, 9)) == 0:
            kept = draw(st.sampled_from([{}, {"UA": ("evacuation",)}]))
            found.append(revision(f"a{article}", time=now, offset=offset, kept=kept, retracted=not kept))
            continue
        if draw(st.integers(0, 5)) == 0:
            country = draw(st.sampled_from(COUNTRIES))
            found.append(all_clear(f"a{article}", country=country, time=now, offset=offset, content=f"c{offset}"))
            continue
        found.append(
            assessment(
                f"a{article}",
                country=draw(st.sampled_from(COUNTRIES)),
                time=now,
                offset=offset,
                content=f"v{draw(st.integers(0, 2))}",
                evacuation=draw(st.integers(40, 99)) / 100,
                escalation=draw(st.sampled_from([None, 0.4, 0.91])),
                text=draw(st.sampled_from([None, "wire"])),
                signals={draw(st.sampled_from(["advisory", "leave_now", "evacuation_order", "coup"])): 0.9},
                dated=draw(st.booleans()),
                retracted=draw(st.integers(0, 9)) == 0,
            )
        )
    return found


Death = tuple[str | None, int]
"""The step at which a worker dies (None: after the last), and how many records before it were not committed."""


def lived(records: Sequence[AssessedRecord], folder: Path, deaths: dict[int, Death] | None = None) -> World:
    """The world after all these records, with a new worker after each death, which are named by offset."""
    return asyncio.run(_lived(records, folder, dict(deaths or {})))


async def _lived(records: Sequence[AssessedRecord], folder: Path, deaths: dict[int, Death]) -> World:
    world = World()
    worker, offset, committed = Worker(world, folder), 0, 0
    while offset < len(records):
        dies = offset in deaths
        world.broken, back = deaths.pop(offset, (None, 0))
        with contextlib.suppress(KafkaTimeoutError, PublishError):
            await worker.take(offset, records[offset])
            offset += not dies or world.broken is None
        if dies:
            committed = max(committed, offset - back)  # a commit is for good
            worker, offset = Worker(world, folder), committed
    return world


def messages(world: World) -> list[bytes]:
    """What a bot sees that drops repeated ids, without the two fields that say when."""
    first: dict[str, bytes] = {}
    for alert in world.alerts:
        kept = {name: value for name, value in alert.items() if name not in ("sent", "latency_ms")}
        first.setdefault(alert["alert_id"], orjson.dumps(kept))
    return list(first.values())


def test_the_stories_of_this_file_alert_update_and_cancel(tmp_path: Path) -> None:
    found = set()

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(stories())
    def look(records: list[AssessedRecord]) -> None:
        found.update(alert["msg_type"] for alert in lived(records, tmp_path).alerts)

    look()
    assert found == {"Alert", "Update", "Cancel"}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stories(),
    st.dictionaries(
        st.integers(0, 13), st.tuples(st.sampled_from([None, *STEPS]), st.sampled_from([0, 0, 1, 2, 6])), max_size=8
    ),
)
def test_however_often_the_worker_dies_the_alerts_are_the_same_bytes(
    tmp_path: Path, records: list[AssessedRecord], deaths: dict[int, Death]
) -> None:
    whole, torn = lived(records, tmp_path), lived(records, tmp_path, deaths)
    assert messages(torn) == messages(whole)
    assert torn.changelog == whole.changelog


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories())
def test_what_was_sent_is_the_same_when_the_topic_is_read_again(tmp_path: Path, records: list[AssessedRecord]) -> None:
    first, again = lived(records, tmp_path), lived(records, tmp_path)
    assert messages(first) == messages(again)
    assert len(messages(first)) == len(first.alerts), "an id came twice"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(stories(), min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_interleavings_of_article_partitions_end_in_the_same_incidents(
    tmp_path: Path, partitions: list[list[AssessedRecord]], random: Any
) -> None:
    """Reports that come from several article partitions, shuffled together in any way that keeps the order of each."""
    parts = [
        [_from(one, number) for one in part if isinstance(one, Assessment) and not one.retracted and not one.cleared]
        for number, part in enumerate(partitions)
    ]
    # Inside one lifetime and cool-down of each other: what time ends is a matter of when it is seen.
    parts = [[replace(one, kafka_timestamp_ms=NOW + one.input.offset) for one in part] for part in parts]
    in_turn = list(itertools.chain.from_iterable(parts))
    mixed = _shuffled([list(part) for part in parts], random)
    ends = [_evidence(lived(order, tmp_path)) for order in (in_turn, mixed)]
    assert ends[0] == ends[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories(), stories(), st.randoms(use_true_random=False))
def test_one_worker_for_two_partitions_says_what_two_workers_say(
    tmp_path: Path, first: list[AssessedRecord], second: list[AssessedRecord], random: Any
) -> None:
    other = [replace(one, country=OTHERS[one.country]) if isinstance(one, Assessment) else one for one in second]
    shared, apart = (asyncio.run(_both(first, other, tmp_path, random, alone=alone)) for alone in (False, True))
    assert sorted(messages(shared)) == sorted(messages(apart))
    assert shared.changelog == apart.changelog


async def _both(
    first: list[AssessedRecord], second: list[AssessedRecord], folder: Path, random: Any, *, alone: bool
) -> World:
    world = World()
    one = Worker(world, folder)
    workers = {0: one, 1: Worker(world, folder) if alone else one}
    todo = {0: list(enumerate(first)), 1: list(enumerate(second))}
    while any(todo.values()):
        number = random.choice([number for number, left in todo.items() if left])
        offset, record = todo[number].pop(0)
        await workers[number].take(offset, record, TopicPartition("assessments", number))
    return world


def _from(record: Assessment, partition: int) -> Assessment:
    article = replace(record.article, id=f"p{partition}-{record.article.id}")
    return replace(record, article=article, input=replace(record.input, partition=partition))


def _shuffled(parts: list[list[Assessment]], random: Any) -> list[Assessment]:
    found = []
    while any(parts):
        found.append(random.choice([part for part in parts if part]).pop(0))
    return found


def _evidence(world: World) -> dict[bytes, Any]:
    """Of each incident what analysts see at last: its entries, and when it was first and last seen."""
    found = {}
    for key, value in world.changelog.items():
        if key.startswith(b"progress|"):
            continue
        incident = state.decode(value)
        found[key] = (incident.entries, incident.first_seen, incident.last_seen)
    return found


def test_an_article_that_comes_again_after_its_retraction_alerts_under_a_new_id(tmp_path: Path) -> None:
    """Found by the reading again above: bots would have dropped the second alert as a repeat of the first."""
    gone = assessment(time=NOW + 1, offset=1, content="v2", retracted=True)
    world = lived([assessment(), gone, assessment(time=NOW + HOUR, offset=2, content="v3")], tmp_path)
    assert [alert["msg_type"] for alert in world.alerts] == ["Alert", "Cancel", "Alert"]
    assert len(messages(world)) == 3
