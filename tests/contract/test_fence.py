"""A worker that has lost its partition and does not know it: whatever it still writes changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.alert import guard
from streams.alert.fence import HEADER, Fence, Stamp
from streams.alert.table import IncidentTable, make_table
from streams.assess.record import Assessment, Tick
from streams.errors import BrokerError, FencedError
from streams.kafka.app import make_app
from streams.kafka.reread import Piece
from streams.settings import Settings
from tests.contract.test_replay import messages, stories
from tests.contract.world import Worker, World
from tests.unit.alert.builders import HOUR, NOW, assessment

pytestmark = pytest.mark.requirement(1)

KEY = b"Actual|UA|evacuation"
SECOND = assessment("a1", offset=1, publisher="other", text="other words")
"""The record after the first: another report of the same incident."""


async def _begun(folder: Path) -> tuple[World, Worker, bytes]:
    """A world in which one worker has judged one report, and the incident as it is then."""
    world = World()
    worker = Worker(world, folder)
    await worker.take(0, assessment("a0", offset=0))
    return world, worker, world.changelog[KEY]


async def test_an_older_incident_behind_a_newer_one_is_not_read_and_is_written_over(tmp_path: Path) -> None:
    world, frozen, old = await _begun(tmp_path)
    owner = Worker(world, tmp_path)
    await owner.take(1, SECOND)
    new = world.changelog[KEY]
    assert new != old
    world.append(KEY, old, frozen.table.fence.stamp(0).encode())
    assert Worker(world, tmp_path).table._table.data[KEY] == new

    await owner.take(2, Tick("1", "tick", "articles", 0, NOW))
    assert world.changelog[KEY] == new, "a reader that knows nothing of epochs, or a compaction, finds the newest"
    assert owner.table._table.data == world.changelog


async def test_a_deletion_is_not_undone(tmp_path: Path) -> None:
    world, frozen, old = await _begun(tmp_path)
    owner = Worker(world, tmp_path)
    # The first tick says nothing yet, the second ends it, and the third its echo.
    for offset, hours in ((1, 1), (2, 37), (3, 50)):
        await owner.take(offset, Tick("1", "tick", "articles", 0, NOW + hours * HOUR))
    assert KEY not in world.changelog, "the story must end for this test to mean anything"
    world.append(KEY, old, frozen.table.fence.stamp(0).encode())
    await owner.take(4, Tick("1", "tick", "articles", 0, NOW + 50 * HOUR))
    assert KEY not in world.changelog


async def test_who_lost_the_partition_stops_and_acks_nothing(tmp_path: Path) -> None:
    world, frozen, _ = await _begun(tmp_path)
    await Worker(world, tmp_path).take(1, assessment("a1", offset=1, country="LB"))
    with pytest.raises(FencedError, match="away for longer than its session") as caught:
        await frozen.take(1, assessment("a1", offset=1, country="LB"))
    assert caught.value.exit_code == 4
    assert world.acked == [0, 1]


async def test_who_reads_a_late_write_at_its_start_writes_the_newer_state_again(tmp_path: Path) -> None:
    world, frozen, old = await _begun(tmp_path)
    await Worker(world, tmp_path).take(1, SECOND)
    new = world.changelog[KEY]
    world.append(KEY, old, frozen.table.fence.stamp(0).encode())
    await Worker(world, tmp_path).take(2, assessment("a2", offset=2, country="LB"))
    assert world.changelog[KEY] == new


async def test_what_no_worker_wrote_counts_at_a_start(tmp_path: Path) -> None:
    """There is nothing to fence it with; it may be a repair by hand."""
    world, _, at_first = await _begun(tmp_path)
    await Worker(world, tmp_path).take(1, SECOND)
    world.append(KEY, at_first)
    assert Worker(world, tmp_path).table._table.data[KEY] == at_first


def test_who_comes_later_has_the_higher_epoch_whatever_the_group_counts() -> None:
    """Also where the group was made anew, and begins to count at one, and where nobody wrote in between."""
    early, late = Fence("early"), Fence("late")
    for fence in (early, late):
        assert fence.read(0, 7, KEY, Stamp(100, 1, "before"))
    early.take(0, 1)
    late.take(0, 2)
    assert late.stamp(0).epoch > early.stamp(0).epoch > 100


def test_two_owners_differ_where_generations_begin_with_zero() -> None:
    first, second = Fence("first"), Fence("second")
    first.take(0, 0)
    second.take(0, 1)
    assert second.stamp(0).epoch > first.stamp(0).epoch


def test_who_has_read_of_a_newer_epoch_than_its_own_writes_nothing() -> None:
    fence = Fence("late")
    fence.take(0, 3)
    fence.stamp(0)
    assert fence.read(0, 0, KEY, Stamp(9, 1, "other"))
    with pytest.raises(FencedError, match="epoch 9, ours is 4"):
        fence.stamp(0)
    fence.take(0, 5)
    assert fence.stamp(0).epoch > 9


async def test_what_lies_in_fausts_buffer_comes_before_our_epoch(tmp_path: Path) -> None:
    """Faust flushes at the next rebalance or stop what it read last; by then we may have written over it."""
    app = make_app("test-table", Settings(data_dir=tmp_path))
    table = make_table(app, "incidents")
    view, recovery = IncidentTable(table), app.tables.recovery
    headers = [(HEADER, Stamp(5, 9, "frozen").encode())]
    message = SimpleNamespace(topic="changelog", partition=0, offset=3, key=KEY, value=b"old", headers=headers)
    recovery.buffers[table].append(SimpleNamespace(message=message, key=KEY, value=b"old"))
    view.keep({0}, 6)
    assert table.data[KEY] == b"old"
    assert not recovery.buffers[table]


def test_a_late_second_copy_of_our_own_write_is_passed_by_and_a_log_may_be_read_twice() -> None:
    fence = Fence("reader")
    log = [Stamp(5, 1, "w"), Stamp(5, 2, "w"), Stamp(5, 1, "w"), Stamp(5, 3, "w")]
    for _ in range(2):
        assert [fence.read(0, offset, b"%d" % offset, stamp) for offset, stamp in enumerate(log)] == [1, 1, 0, 1]
    assert fence.stale(0) == [b"2"]


async def test_our_own_record_that_the_client_sent_twice_fences_nobody(tmp_path: Path) -> None:
    world, worker, old = await _begun(tmp_path)
    await worker.take(1, SECOND)
    new = world.changelog[KEY]
    world.append(KEY, old, worker.table.fence.stamp(0).encode())
    await worker.take(2, Tick("1", "tick", "articles", 0, NOW))
    assert world.changelog[KEY] == new


async def test_a_foreign_record_without_a_key_is_passed_by(tmp_path: Path) -> None:
    world, worker, _ = await _begun(tmp_path)
    world.append(None, b"x")  # type: ignore[arg-type]  # a producer that knows nothing of us
    await worker.take(1, assessment("a1", offset=1, country="LB"))
    assert world.acked == [0, 1]


class Silent:
    """A leader that gives none of its records."""

    async def pieces(self, *_: object) -> AsyncIterator[Piece]:
        return
        yield

    async def close(self) -> None:
        return


async def test_a_leader_that_does_not_give_its_records_ends_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_PATIENCE", 1)
    world, worker, _ = await _begun(tmp_path)
    world.append(KEY, b"x", Stamp(0, 1, "frozen").encode())
    worker.stage._guard._reader = Silent()  # type: ignore[assignment]  # stands in
    with pytest.raises(BrokerError, match="does not give its records from 2 on"):
        await worker.take(1, assessment("a1", offset=1, country="LB"))
    assert world.acked == [0]


async def test_a_rebalance_does_not_wait_for_the_mending(tmp_path: Path) -> None:
    """Whoever has the partition afterwards reads it again."""
    world, worker, _ = await _begun(tmp_path)
    world.append(KEY, b"x", Stamp(0, 1, "frozen").encode())
    worker.stage._app.consumer.flow_active = False
    worker.stage._guard._reader = Silent()  # type: ignore[assignment]  # stands in
    await worker.take(1, assessment("a1", offset=1, country="LB"))
    assert world.acked == [0, 1]


@pytest.mark.parametrize("value", [None, b"", b"x", b"-1 1 w", b"\xff\xfe", b"9" * 40, "² 1 w".encode(), b"1 1 W"])
def test_what_is_no_stamp_is_none(value: bytes | None) -> None:
    assert Stamp.decode(value) is None


def test_a_stamp_comes_back() -> None:
    assert Stamp.decode(Stamp(7, 12, "abc-0").encode()) == Stamp(7, 12, "abc-0")


Wake = tuple[int, int]
"""Which of the workers that lost the partition wakes, and how many records it tries."""


async def _haunted(
    records: list[Assessment | Tick], folder: Path, takeovers: set[int], wakes: dict[int, list[Wake]]
) -> World:
    """Each takeover leaves a worker behind that does not know of it. It goes on where it was when it wakes."""
    world = World()
    owner, ghosts = Worker(world, folder), []
    for offset, record in enumerate(records):
        if offset in takeovers:
            ghosts.append([owner, offset])
            owner = Worker(world, folder)
        await owner.take(offset, record)
        for which, count in wakes.get(offset, []):
            if not ghosts:
                continue
            ghost = ghosts[which % len(ghosts)]
            for _ in range(count):
                worker, at = ghost
                if at >= len(records):
                    break
                try:
                    await worker.take(at, records[at])
                except FencedError:
                    ghosts.remove(ghost)
                    break
                ghost[1] = at + 1
        assert Worker(world, folder).table._table.data == owner.table._table.data, "a start here reads another state"
    await owner.take(len(records), Tick("1", "tick", "articles", 0, NOW))
    assert world.changelog == owner.table._table.data
    return world


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stories(),
    st.sets(st.integers(0, 13), max_size=5),
    st.dictionaries(st.integers(0, 13), st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), max_size=2)),
)
def test_workers_that_wake_change_neither_the_table_nor_what_bots_see(
    tmp_path: Path, records: list[Assessment | Tick], takeovers: set[int], wakes: dict[int, list[Wake]]
) -> None:
    haunted = asyncio.run(_haunted(records, tmp_path, takeovers, wakes))
    quiet = asyncio.run(_haunted(records, tmp_path, set(), {}))
    assert messages(haunted) == messages(quiet)
    assert haunted.changelog == quiet.changelog
