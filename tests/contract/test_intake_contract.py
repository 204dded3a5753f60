"""Intake, ledger and transport against Faust's real conductor: each offset once, in order, none committed too early."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.errors import SettingsError
from streams.kafka import transport, versions
from streams.kafka.ledger import Hole, TopicPartition
from tests.contract.desk import ARTICLES, TOPIC, desk
from tests.contract.faust_harness import until


async def test_records_in_order_are_worked_on_and_committed(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed(range(20))
        await at.drained()
        assert at.offsets == list(range(20))
        assert await at.bench.commit() == {0: 20}
        assert at.reader.asked == []


async def test_a_commit_that_does_not_go_ahead_is_seen(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.bench.feed(range(2))
        await at.drained()
        at.finish(1)
        assert at.intake.commit_stalled == 0.0, "behind an unfinished record nothing can be committed"
        at.finish(0)
        await asyncio.sleep(0.03)
        assert (before := at.intake.commit_stalled) >= 0.03
        at.intake.committed({TopicPartition(TOPIC, 0): 1})
        assert 0 < at.intake.commit_stalled < before, "it went ahead, if not all the way"
        assert (await at.bench.commit(), at.intake.commit_stalled) == ({0: 2}, 0.0)


async def test_repeated_records_pass_by(tmp_path: Path) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed([0, 1, 2, 1, 0, 2, 3, 3, 4])
        await at.drained()
        assert at.offsets == [0, 1, 2, 3, 4]
        assert await at.bench.commit() == {0: 5}
        assert not at.bench.consumer.unacked


@pytest.mark.requirement(21)
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


@pytest.mark.requirement(1)
async def test_listeners_know_a_partition_before_any_of_it_is_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the second partition's book waits for its broker, what Faust dropped of the first may be swept up already;
    the incident table must have begun its epoch by then.
    """
    monkeypatch.setattr("streams.kafka.intake._QUIET", 0.0)
    async with desk(tmp_path, auto=True, partitions=2) as at:
        told: list[tuple[set[int], int]] = []
        at.app.on_assigned(TOPIC, lambda numbers: told.append((numbers, len(at.given))))
        for offset in range(3):
            at.bench.record(offset)
        answered = asyncio.Event()

        async def start_position(tp: Any) -> int:
            if tp.partition == 1:
                await answered.wait()
            return 0

        at.bench.consumer.start_position = start_position
        rebalance = asyncio.create_task(at.rebalance())
        await until(lambda: bool(at.intake._ledger.partitions))
        at.bench.consumer._read_offset[TP(TOPIC, 0)] = 2
        await at.intake.sweep()
        assert at.offsets == [0, 1, 2], "the sweep must have come in between, or this test shows nothing"
        assert told == [({0, 1}, 0)]
        answered.set()
        await rebalance


@pytest.mark.parametrize("mess", [[0, 3, 1, 2, 3, 7], [5], [0, 1, 9, 2, 9, 10, 0], [2, 2, 2, 12, 12, 3]])
@pytest.mark.requirement(10)
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
    versions.require("faust-streaming", "the transport")
    monkeypatch.setattr(versions, "version", lambda name: "0.15.4")
    with pytest.raises(SettingsError, match=r"0\.15\.4 is installed.*0\.15\.3"):
        versions.require("faust-streaming", "the transport")
    with pytest.raises(SettingsError, match=r"0\.15\.4"):
        transport.LedgerTransport([], None, configure=lambda _: None)
