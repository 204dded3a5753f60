"""The alert stage's order: deliver, write the table, ack. A fault at any step leaves all that follows undone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from streams.alert import incident as state
from streams.assess.record import Tick
from streams.errors import DeadLetterLimitError, PublishError
from tests.contract.world import STEPS, Worker, World
from tests.unit.alert.builders import HOUR, NOW, assessment


@pytest.fixture
def world() -> World:
    return World()


async def test_an_alert_is_delivered_then_stored_then_acked(world: World, tmp_path: Path) -> None:
    await Worker(world, tmp_path).take(0, assessment())
    assert world.journal == STEPS
    assert world.acked == [0]
    sent = state.decode(world.changelog[b"Actual|UA|evacuation"]).sent
    assert sent is not None
    assert sent.alert_id == world.alerts[0]["alert_id"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.requirement(3)
async def test_a_fault_leaves_everything_after_it_undone(world: World, tmp_path: Path, step: str) -> None:
    world.broken = step
    worker = Worker(world, tmp_path)
    with pytest.raises(KafkaTimeoutError if step == "ack" else PublishError):
        await worker.take(0, assessment())
    done = STEPS[: STEPS.index(step)]
    assert world.journal == done
    assert len(world.alerts) == ("alerts" in done)
    assert len(world.changelog) == ("changelog" in done) + ("progress" in done)
    assert len(worker.table) == ("changelog" in done), "memory must not run ahead of the changelog"
    assert world.acked == []


@pytest.mark.requirement(2)
async def test_a_crash_between_delivery_and_table_repeats_the_alert_under_its_id(world: World, tmp_path: Path) -> None:
    world.broken = "changelog"
    with pytest.raises(PublishError):
        await Worker(world, tmp_path).take(0, assessment())
    world.broken = None
    await Worker(world, tmp_path).take(0, assessment())
    first, second = world.alerts
    wall_clock = {"sent", "latency_ms"}
    assert first["alert_id"] == second["alert_id"]
    assert {k: v for k, v in first.items() if k not in wall_clock} == {
        k: v for k, v in second.items() if k not in wall_clock
    }
    assert world.acked == [0]


async def test_a_crash_between_table_and_ack_sends_nothing_again(world: World, tmp_path: Path) -> None:
    world.broken = "ack"
    with pytest.raises(KafkaTimeoutError):
        await Worker(world, tmp_path).take(0, assessment())
    world.broken = None
    await Worker(world, tmp_path).take(0, assessment())
    assert len(world.alerts) == 1
    assert world.acked == [0]


async def test_a_crash_before_the_table_of_an_update_repeats_that_update(world: World, tmp_path: Path) -> None:
    """Two lives in the middle of a story: the update has the same id and sequence, and refers to the first alert."""
    worker = Worker(world, tmp_path)
    await worker.take(0, assessment("a1", signals={"advisory": 0.9}))
    worse = assessment("a2", offset=1, time=NOW + HOUR, signals={"evacuation_order": 0.95})
    world.broken = "changelog"
    with pytest.raises(PublishError):
        await worker.take(1, worse)
    world.broken = None
    await Worker(world, tmp_path).take(1, worse)
    assert [alert["msg_type"] for alert in world.alerts] == ["Alert", "Update", "Update"]
    assert world.alerts[1]["alert_id"] == world.alerts[2]["alert_id"] != world.alerts[0]["alert_id"]
    assert world.alerts[2]["references"] == [world.alerts[0]["alert_id"]]
    assert [alert["sequence"] for alert in world.alerts] == [0, 1, 1]


async def test_a_fault_at_the_second_event_of_an_article_acks_nothing(world: World, tmp_path: Path) -> None:
    """Both events of one assessment have to be through before it counts; the repeat sends only what is missing."""
    both = assessment(escalation=0.95, evacuation=0.95, signals={"leave_now": 0.9, "armed_action": 0.9})
    worker = Worker(world, tmp_path)
    store, calls = worker.table.store, [0]

    async def second_fails(*args: Any) -> None:
        calls[0] += 1
        if calls[0] == 2:
            world.broken = "changelog"
        await store(*args)

    worker.table.store = second_fails  # type: ignore[method-assign]  # a fault put in
    with pytest.raises(PublishError):
        await worker.take(0, both)
    assert world.acked == []
    world.broken = None
    await Worker(world, tmp_path).take(0, both)
    ids = [alert["alert_id"] for alert in world.alerts]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert ids[1] == ids[2]
    assert world.acked == [0]


async def test_a_cancel_is_delivered_before_its_incident_is_forgotten(world: World, tmp_path: Path) -> None:
    await Worker(world, tmp_path).take(0, assessment())
    # The first tick of all says nothing yet.
    early, tick = (Tick("1", "tick", "articles", 0, NOW + hours * HOUR) for hours in (1, 37))
    worker = Worker(world, tmp_path)
    await worker.take(1, early)
    world.broken = "changelog"
    with pytest.raises(PublishError):
        await worker.take(2, tick)
    assert world.changelog.keys() == {b"Actual|UA|evacuation", b"progress|0"}
    world.broken = None
    world.journal.clear()
    # What time it is outlives the worker.
    await Worker(world, tmp_path).take(2, tick)
    assert world.journal == STEPS
    assert [alert["msg_type"] for alert in world.alerts] == ["Alert", "Cancel", "Cancel"]
    assert world.alerts[1]["alert_id"] == world.alerts[2]["alert_id"]
    assert world.acked == [0, 1, 2]
    # Its echo dies away in silence.
    await Worker(world, tmp_path).take(3, Tick("1", "tick", "articles", 0, NOW + 50 * HOUR))
    assert world.changelog.keys() == {b"progress|0"}
    assert len(world.alerts) == 3


async def test_an_undecodable_record_is_acked_after_its_dead_letter(world: World, tmp_path: Path) -> None:
    worker = Worker(world, tmp_path)
    await worker.take(0, b"{bad")
    assert world.journal == ["assessments.dlq", "progress", "ack"]
    assert world.letters[0]["dlq.reason"] == b"undecodable"
    world.broken = "assessments.dlq"
    with pytest.raises(PublishError):
        await worker.take(1, b"{bad")
    assert world.acked == [0]


async def test_the_dead_letter_limit_is_reached_before_the_letter_is_written(world: World, tmp_path: Path) -> None:
    worker = Worker(world, tmp_path, dead_letter_run=3)
    await worker.take(0, b"{bad")
    await worker.take(1, b"{bad")
    with pytest.raises(DeadLetterLimitError):
        await worker.take(2, b"{bad")
    assert len(world.letters) == 2
    assert world.acked == [0, 1]


async def test_an_assessment_without_consequence_is_only_stored_and_acked(world: World, tmp_path: Path) -> None:
    await Worker(world, tmp_path).take(0, assessment(evacuation=0.45, signals={}))
    assert world.journal == ["changelog", "progress", "ack"]
    assert world.alerts == []


async def test_a_refused_alert_stops_the_worker_and_is_not_acked(world: World, tmp_path: Path) -> None:
    """An alert is bounded far below the request size, so a refusal is a fault of ours: nothing may pass over it."""
    world.broken, world.error = "alerts", MessageSizeTooLargeError()
    with pytest.raises(PublishError):
        await Worker(world, tmp_path).take(0, assessment())
    assert world.acked == []
    assert world.changelog == {}


async def test_the_same_article_again_changes_nothing(world: World, tmp_path: Path) -> None:
    worker = Worker(world, tmp_path)
    await worker.take(0, assessment())
    await worker.take(1, replace(assessment(), kafka_timestamp_ms=NOW))
    assert world.journal == [*STEPS, "progress", "ack"]
