"""Beyond the last record: open transactions, logs that end before our position, holes that stay empty."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.errors import BrokerError
from streams.kafka import intake as intake_module
from streams.kafka import reread
from streams.kafka.ledger import Hole, TopicPartition
from streams.kafka.reread import Piece, Rereader
from streams.settings import Settings
from tests.contract.desk import TOPIC, desk

TP = TopicPartition(TOPIC, 0)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nobody waits."""

    async def at_once(seconds: float) -> None:
        return

    monkeypatch.setattr(asyncio, "sleep", at_once)


async def test_what_no_step_went_over_stays_due(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(intake_module, "_QUIET", 0.0)
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed(range(3))
        await at.drained()
        at.bench.consumer.stable_end = lambda tp: 9  # the high watermark; the records of 3 to 8 are not to be had
        at.reader.knows_until = 3
        await at.intake.sweep()
        assert await at.bench.commit() == {0: 3}, "silence is no proof that they never were"
        await at.bench.feed(range(3, 9))
        await at.drained()
        assert at.offsets == list(range(9))


async def test_a_log_that_ends_before_our_position_stops_the_worker(tmp_path: Path, monkeypatch: Any) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed(range(5))
        await at.drained()
        at.bench.log[0].clear()
        at.bench.record(0)
        ends = [5, 1]

        async def log_end(tp: Any) -> int:
            return ends[0]

        at.bench.consumer.log_end = log_end
        await at.intake.sweep()  # only the last fetch knew less: a new leader does, for a moment
        ends.pop(0)
        hurry(monkeypatch)
        with pytest.raises(BrokerError, match=r"articles\[0\] ends at 1, but 5 is the next offset"):
            await at.intake.sweep()


async def test_whether_a_log_ends_before_an_offset_is_asked_of_its_leader(tmp_path: Path, monkeypatch: Any) -> None:
    async with desk(tmp_path, auto=True) as at:
        await at.bench.feed(range(5))
        await at.drained()
        assert not await at.intake.ends_before(TP, 5)
        hurry(monkeypatch)
        at.bench.consumer.stable_end = lambda tp: 3  # what a new leader knew at first
        assert not await at.intake.ends_before(TP, 5)
        assert await at.intake.ends_before(TP, 6)


class Client:
    """A consumer without a broker: `script` says what each poll gives and where the position is then."""

    def __init__(self, end: int, script: list[tuple[list[int], int]], beginning: int = 0) -> None:
        self.end, self.script, self.beginning, self.at = end, script, beginning, 0

    def assign(self, parts: Any) -> None: ...

    async def beginning_offsets(self, parts: list[Any]) -> dict[Any, int]:
        return {parts[0]: self.beginning}

    async def end_offsets(self, parts: list[Any]) -> dict[Any, int]:
        return {parts[0]: self.end}

    def seek(self, part: Any, at: int) -> None:
        self.at = at

    async def getmany(self, part: Any, timeout_ms: int) -> dict[Any, list[Any]]:
        offsets, self.at = self.script.pop(0) if self.script else ([], self.at)
        return {part: [SimpleNamespace(offset=offset) for offset in offsets]}

    async def position(self, part: Any) -> int:
        return self.at


async def steps(monkeypatch: Any, hole: Hole, *clients: Any) -> list[tuple[int | None, int]]:
    """(offset or None, end) of each step, where connection after connection gives `clients`."""
    given = iter(clients)

    class Connection:
        async def __aenter__(self) -> Any:
            found = next(given)
            if isinstance(found, Exception):
                raise found
            return found

        async def __aexit__(self, *error: object) -> None:
            return

    monkeypatch.setattr(reread.clients, "consumer", lambda settings: Connection())
    hurry(monkeypatch)
    reader = Rereader(Settings())
    found: AsyncIterator[Piece] = reader.pieces(TP, hole, lambda: False)
    return [(piece.record.offset if piece.record else None, piece.end) async for piece in found]


async def test_records_and_what_the_position_moves_over(monkeypatch: Any) -> None:
    client = Client(20, [([4, 6], 7), ([], 9), ([12, 13], 14)])
    found = await steps(monkeypatch, Hole(3, 13), client)
    assert found == [(4, 4), (6, 6), (None, 7), (None, 9), (12, 12), (None, 13)]


async def test_deleted_offsets_are_passed(monkeypatch: Any) -> None:
    client = Client(20, [([], 8), ([8, 9], 10)], beginning=8)
    assert await steps(monkeypatch, Hole(3, 10), client) == [(None, 8), (8, 8), (9, 9), (None, 10)]


async def test_silence_is_asked_again_and_proves_nothing(monkeypatch: Any) -> None:
    silent = [Client(20, []) for _ in range(5)]
    away = KafkaConnectionError("no leader")
    found = await steps(monkeypatch, Hole(3, 6), *silent, away, Client(20, [([3, 5], 6)]))
    assert [step for step in found if step != (None, 3)] == [(3, 3), (5, 5), (None, 6)]


async def test_an_open_transaction_ends_the_reading_before_it(monkeypatch: Any) -> None:
    client, later = Client(5, [([3, 4], 5)]), Client(5, [])
    assert await steps(monkeypatch, Hole(3, 9), client, later) == [(3, 3), (4, 4), (None, 5)]


async def test_it_ends_when_the_partition_is_taken(monkeypatch: Any) -> None:
    class Silent:
        async def __aenter__(self) -> Client:
            return Client(20, [])

        async def __aexit__(self, *error: object) -> None:
            return

    monkeypatch.setattr(reread.clients, "consumer", lambda settings: Silent())
    asked = iter(range(100))
    reader = Rereader(Settings())
    pieces = reader.pieces(TP, Hole(0, 9), lambda: next(asked) > 3)
    async with asyncio.timeout(5):
        assert {piece.record for piece in [piece async for piece in pieces]} <= {None}
    await reader.close()
