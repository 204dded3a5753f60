"""Reading the alerts topic: from some hours ago, over an outage without a gap, and never in silence about one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from streams.alert.record import encode
from streams.board import source as module
from streams.board.desk import Desk
from streams.board.source import AlertsTopic
from streams.errors import BrokerError, TopicMissingError
from streams.kafka import clients
from streams.settings import Settings
from tests.unit.board.support import COUNTRIES, alert

HOUR = 3_600_000


@dataclass
class Record:
    """As aiokafka gives it."""

    offset: int
    timestamp: int
    value: bytes | None


class Topic:
    """A topic that a test writes, and the client that reads it. `fault` is what every request ends with."""

    def __init__(self, partitions: int = 2) -> None:
        self.kept: list[list[Record]] = [[] for _ in range(partitions)]
        self.begins = [0] * partitions
        self.fault: BaseException | None = None
        self.clients = 0
        self.places: dict[TopicPartition, int] = {}
        self.early: Callable[[], None] | None = None

    def write(self, partition: int, value: bytes | None, ago_hours: float = 0.0) -> None:
        offset = self.begins[partition] + len(self.kept[partition])
        stamp = int(datetime.now(UTC).timestamp() * 1_000 - ago_hours * HOUR)
        self.kept[partition].append(Record(offset, stamp, value))

    def parts(self) -> list[TopicPartition]:
        return [TopicPartition("alerts", number) for number in range(len(self.kept))]

    def _answer(self) -> None:
        if self.fault is not None:
            raise self.fault

    @asynccontextmanager
    async def consumer(self, _settings: Settings) -> AsyncIterator["Topic"]:
        self._answer()
        self.clients += 1
        self.places = {}
        yield self

    async def partitions_of(self, _settings: Settings, _names: list[str]) -> list[TopicPartition]:
        self._answer()
        return self.parts()

    def assign(self, parts: list[TopicPartition]) -> None:
        assert parts == self.parts()

    def seek(self, part: TopicPartition, offset: int) -> None:
        self.places[part] = offset

    async def seek_to_beginning(self, *parts: TopicPartition) -> None:
        self.places |= {part: self.begins[part.partition] for part in parts}

    async def end_offsets(self, parts: list[TopicPartition]) -> dict[TopicPartition, int]:
        self._answer()
        return {part: self.begins[part.partition] + len(self.kept[part.partition]) for part in parts}

    async def offsets_for_times(self, times: dict[TopicPartition, int]) -> dict[TopicPartition, Any]:
        if self.early is not None:
            self.early()
        found: dict[TopicPartition, Any] = {}
        for part, since in times.items():
            later = [one.offset for one in self.kept[part.partition] if one.timestamp >= since]
            found[part] = SimpleNamespace(offset=later[0]) if later else None
        return found

    async def position(self, part: TopicPartition) -> int:
        return self.places[part]

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        await asyncio.sleep(0.001)
        found = {}
        for part in list(self.places):
            first = self.places[part] - self.begins[part.partition]
            if self.fault is None and (records := self.kept[part.partition][first : first + max_records]):
                found[part] = records
                self.places[part] += len(records)
        return found

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return set(range(len(self.kept)))


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    made = Topic()
    monkeypatch.setattr(clients, "consumer", made.consumer)
    monkeypatch.setattr(module, "partitions_of", made.partitions_of)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_PROBE_SECONDS", 0.01)
    return made


@asynccontextmanager
async def following(**more: Any) -> AsyncIterator[Desk]:
    desk = Desk(COUNTRIES, hours=168, topic="alerts")
    task = asyncio.create_task(AlertsTopic(Settings(**more)).follow(desk, lambda: None))
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


async def until(what: Callable[[], bool]) -> None:
    for _ in range(2_500):
        if what():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came to that")


async def test_it_reads_the_hours_that_are_asked_for_and_follows(topic: Topic) -> None:
    topic.write(0, b"too old to be read", ago_hours=30)
    topic.write(0, encode(alert(1)), ago_hours=2)
    topic.write(1, b"too old to be read", ago_hours=30)
    async with following(board_hours=24) as desk:
        await until(lambda: desk.status.state == "live")
        assert (desk.status.incidents, desk.status.strangers) == (1, 0)
        topic.write(1, encode(alert(2)))
        topic.write(0, None)
        await until(lambda: desk.status.incidents == 2)
        await until(lambda: desk.status.strangers == 1)


async def test_what_comes_while_it_asks_is_not_skipped(topic: Topic) -> None:
    def early() -> None:
        # Between the question for the time and the first read, as by a broker's clock that is behind.
        topic.write(0, encode(alert(1)), ago_hours=50)
        topic.early = None

    topic.early = early
    async with following(board_hours=24) as desk:
        await until(lambda: desk.status.incidents == 1)


async def test_an_outage_is_said_and_leaves_no_gap_and_no_repeat(topic: Topic) -> None:
    topic.write(0, encode(alert(1)))
    async with following() as desk:
        await until(lambda: desk.status.state == "live")
        topic.fault = KafkaConnectionError("away")
        topic.write(0, encode(alert(2)))
        topic.write(0, b"no alert")
        await until(lambda: desk.status.state == "lost")
        assert desk.status.fault == "broker"
        assert "127.0.0.1:9092" in desk.status.why
        topic.fault = BrokerError("no Kafka answers at 127.0.0.1:9092")
        await until(lambda: desk.status.why.startswith("no Kafka answers"))
        topic.fault = None
        await until(lambda: desk.status.state == "live")
        assert (desk.status.incidents, desk.status.strangers) == (2, 1)
        assert topic.clients >= 2


async def test_a_broker_that_says_nothing_is_lost(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.05)
    async with following() as desk:
        await until(lambda: desk.status.state == "live")
        silent = asyncio.Event()

        async def silence(_parts: object) -> dict[TopicPartition, int]:
            await silent.wait()
            return {}

        monkeypatch.setattr(topic, "end_offsets", silence)
        await until(lambda: desk.status.state == "lost")
        assert "TimeoutError" in desk.status.why


async def test_a_missing_topic_is_another_sentence(topic: Topic) -> None:
    topic.fault = TopicMissingError("there is no topic alerts; run `tocsin topics create`")
    async with following() as desk:
        await until(lambda: desk.status.state == "lost")
        assert (desk.status.fault, desk.status.complete) == ("topic", False)
        topic.fault = None
        await until(lambda: desk.status.state == "live")


async def test_new_partitions_are_read(topic: Topic) -> None:
    async with following() as desk:
        await until(lambda: desk.status.state == "live")
        topic.kept.append([])
        topic.begins.append(0)
        topic.write(2, encode(alert(3)))
        await until(lambda: desk.status.incidents == 1)


async def test_the_embedded_broker_is_read_from_its_beginning(topic: Topic) -> None:
    topic.write(0, encode(alert(1)), ago_hours=300)
    async with following(embedded_broker=True) as desk:
        await until(lambda: desk.status.incidents == 1)
