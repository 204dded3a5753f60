"""No single record, and nothing on the changelog, stops the alert stage for ever; a fault of ours stops it at once."""

from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from streams.alert import docket
from streams.alert.progress import Progress, encode
from streams.alert.table import IncidentTable, make_table
from streams.assess.record import Tick
from streams.errors import DeadLetterLimitError, UnpublishableError
from streams.kafka.app import make_app
from streams.kafka.deadletters import write_letters
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Outgoing
from streams.settings import Settings
from tests.contract.world import Worker, World
from tests.unit.alert.builders import NOW, assessment


def failing(monkeypatch: pytest.MonkeyPatch, times: int, error: BaseException) -> None:
    """Make the policy raise so often."""
    decide, left = docket.decide, [times]

    def broken(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error
        return decide(*args, **kwargs)

    monkeypatch.setattr(docket, "decide", broken)


async def test_a_passing_fault_costs_no_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    failing(monkeypatch, 1, RuntimeError("once"))
    await Worker(world, tmp_path).take(0, assessment())
    assert (len(world.alerts), world.letters, world.acked) == (1, [], [0])


async def test_a_record_that_always_raises_becomes_a_dead_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    failing(monkeypatch, 2, ValueError("year 3170843 is out of range"))
    worker = Worker(world, tmp_path)
    await worker.take(0, assessment())
    await worker.take(1, assessment())
    (letter,) = world.letters
    assert (letter["dlq.reason"], letter["dlq.stage"]) == (b"model_failure", b"alert")
    assert letter["dlq.error"] == b"judging raised ValueError"
    assert (len(world.alerts), world.acked) == (1, [0, 1])


async def test_where_all_raise_the_stage_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    failing(monkeypatch, 1_000, RuntimeError("a bug of ours"))
    worker = Worker(world, tmp_path, dead_letter_run=3)
    for offset in range(2):
        await worker.take(offset, assessment())
    with pytest.raises(DeadLetterLimitError):
        await worker.take(2, assessment())
    assert world.acked == [0, 1]


async def test_no_memory_is_no_records_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    failing(monkeypatch, 1, MemoryError())
    with pytest.raises(MemoryError):
        await Worker(world, tmp_path).take(0, assessment())
    assert (world.letters, world.acked) == ([], [])


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b"null"])
async def test_a_stray_table_value_is_no_incident(tmp_path: Path, value: bytes) -> None:
    world = World()
    world.append(b"Actual|UA|evacuation", value)
    worker = Worker(world, tmp_path)
    worker.stage.assigned({0})
    worker.stage.sample()
    await worker.take(0, Tick("1", "tick", "articles", 0, NOW))
    await worker.take(1, assessment())
    assert (len(world.alerts), world.acked) == (1, [0, 1])


async def test_what_was_forgotten_is_read_from_its_start_when_it_comes_back(tmp_path: Path) -> None:
    """Faust may give up a rebalance before it has forgotten how far it had read a partition that went away."""
    app = make_app("test-table", Settings(data_dir=tmp_path))
    table = make_table(app, "incidents")
    recovery = app.tables.recovery
    for number in (0, 1):
        tp = TP("test-table-incidents-changelog", number)
        recovery.add_active(table, tp)
        recovery.active_offsets[tp] = recovery.active_highwaters[tp] = 7
    view = IncidentTable(table)
    table.data[b"progress|1"] = encode(Progress(offset=7, newest=NOW))
    assert view.progress(1).offset == 7
    view.keep({0}, 1)
    assert {tp.partition: offset for tp, offset in recovery.active_offsets.items()} == {0: 7}
    assert view.progress(1) == Progress()
    recovery.add_active(table, TP("test-table-incidents-changelog", 1))
    assert recovery.active_offsets[TP("test-table-incidents-changelog", 1)] is None


async def test_what_comes_again_passes_by_unless_the_log_is_another(tmp_path: Path) -> None:
    """A topic that was made anew within the difference of two machines' clocks: its end tells."""
    world = World()
    worker = Worker(world, tmp_path)
    for offset in range(3):
        await worker.take(offset, assessment(f"a{offset}", offset=offset, country=("UA", "LB", "SD")[offset]))
    await worker.take(1, assessment("a1", offset=1, country="LB"))
    assert (len(world.alerts), world.acked) == (3, [0, 1, 2, 1])
    again = Worker(world, tmp_path)
    end, intake = 1, again.stage.intake

    async def ends_before(tp: TopicPartition, offset: int) -> bool:
        return end < offset

    intake.ends_before = ends_before  # type: ignore[method-assign]  # a broker's answer
    await again.take(0, assessment("a9", offset=0, country="HT"))
    assert len(world.alerts) == 4
    end = 2
    await again.take(1, assessment("a8", offset=1, country="NE"))
    assert len(world.alerts) == 5


class Post:
    """A publisher whose topic takes no value of more than ten bytes."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    async def publish(self, records: Any) -> None:
        if any(len(record.value or b"") > 10 for record in records):
            raise UnpublishableError("too large")
        self.taken += records


async def test_a_letter_that_is_too_large_goes_without_its_value() -> None:
    post = Post()
    letter = Outgoing("articles.dlq", b"k", b"x" * 11, {"dlq.bytes": b"11"})
    audit = Outgoing("audit", b"k", b"short")
    await write_letters(post, [letter, audit])
    assert [(record.topic, record.value, dict(record.headers)) for record in post.taken] == [
        ("articles.dlq", None, {"dlq.bytes": b"11"}),
        ("audit", b"short", {}),
    ]
    with pytest.raises(UnpublishableError):
        await write_letters(post, [Outgoing("audit", b"k", b"x" * 11)])
