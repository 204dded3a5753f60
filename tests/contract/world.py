"""The alert stage with everything around it in the test's hands, and a world that outlives its workers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from aiokafka.errors import KafkaTimeoutError

from streams.alert import rules
from streams.alert.fence import HEADER, Fence, Stamp
from streams.alert.stage import AlertStage
from streams.alert.table import IncidentTable
from streams.assess.record import AssessedRecord, encode
from streams.kafka.ledger import Hole, TopicPartition
from streams.kafka.records import Delivery
from streams.kafka.reread import Piece
from streams.observe.metrics import build
from streams.settings import Settings
from tests.unit.alert.builders import NOW

__all__ = ["STEPS", "Worker", "World"]

TP = TopicPartition("assessments", 0)
STEPS = ["alerts", "changelog", "progress", "ack"]


class World:
    """What outlives a worker: the topics, and the journal of steps. `broken` names the step that raises."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.alerts: list[dict[str, Any]] = []
        self.letters: list[dict[str, bytes]] = []
        self.log: dict[int, list[tuple[bytes, bytes | None, bytes]]] = {}
        """The changelog: by partition, key, value and stamp by offset."""
        self.acked: list[int] = []
        self.generation = 0
        self.broken: str | None = None
        self.error: Exception = KafkaTimeoutError()

    @property
    def changelog(self) -> dict[bytes, bytes]:
        """What the log's newest records say, whoever wrote them."""
        newest = {key: value for records in self.log.values() for key, value, _ in records}
        return {key: value for key, value in newest.items() if value is not None}

    def append(self, key: bytes, value: bytes | None, stamp: bytes = b"", partition: int = 0) -> int:
        """Write to the changelog; the offset."""
        records = self.log.setdefault(partition, [])
        records.append((key, value, stamp))
        return len(records) - 1

    def step(self, name: str) -> None:
        if self.broken == name:
            raise self.error
        self.journal.append(name)


class FakeTable:
    """Faust's table as far as IncidentTable knows it; its data is what the changelog held when it was made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.fence = Fence(f"worker-{id(self)}")
        self.data: dict[bytes, bytes] = {}
        for partition, records in world.log.items():
            for offset, (key, value, stamp) in enumerate(records):
                if not self.fence.read(partition, offset, key, Stamp.decode(stamp)):
                    continue
                self.data.pop(key, None)
                if value is not None:
                    self.data[key] = value
        self.changelog_topic = self
        recovery = SimpleNamespace(active_offsets={}, flush_buffers=lambda: None)
        self.app = SimpleNamespace(tables=SimpleNamespace(recovery=recovery))

    def _on_changelog_sent(self, future: Any) -> None:
        raise AssertionError("Faust's callback would write the table a second time")

    async def send(
        self, *, key: bytes, value: bytes | None, partition: int, headers: dict[str, bytes], **_: Any
    ) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            self._world.step("progress" if key.startswith(b"progress|") else "changelog")
        except Exception as error:  # noqa: BLE001  (the test chooses it)
            future.set_exception(error)
            return future
        offset = self._world.append(key, value, headers[HEADER], partition)
        future.set_result(SimpleNamespace(offset=offset))
        return future


class LogReader:
    """Stands in for the rereader of the changelog."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def pieces(self, tp: TopicPartition, hole: Hole, abandoned: Callable[[], bool]) -> AsyncIterator[Piece]:
        records = self._world.log[tp.partition]
        for offset in range(hole.first, min(hole.end, len(records))):
            key, _, stamp = records[offset]
            yield Piece(SimpleNamespace(key=key, headers=[(HEADER, stamp)]), offset)
        yield Piece(None, hole.end)

    async def close(self) -> None:
        return


class FakeApp:
    """As much of an app as the publisher and the intake ask for."""

    consumer_generation_id = 1

    def __init__(self, world: World) -> None:
        self._world = world
        self.consumer = SimpleNamespace(ack=lambda message: None, flow_active=True)

    async def maybe_start_producer(self) -> "FakeApp":
        return self

    async def send(
        self, topic: str, key: bytes | None, value: bytes, partition: int | None, time: None, headers: Any
    ) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            self._world.step(topic)
        except Exception as error:  # noqa: BLE001  (the test chooses it)
            future.set_exception(error)
            return future
        if topic == "alerts":
            self._world.alerts.append(orjson.loads(value))
        else:
            self._world.letters.append(dict(headers))
        future.set_result(None)
        return future


class Worker:
    """One life of the stage: what it knows besides `world` is lost with it."""

    def __init__(self, world: World, tmp_path: Path, **config: Any) -> None:
        self.world = world
        app: Any = FakeApp(world)
        table = IncidentTable(FakeTable(world))
        settings = Settings(data_dir=tmp_path, **config)
        self.metrics = build()
        self.stage = AlertStage(app, settings, self.metrics, rules.load(None), table, {"UA": "Ukraine"})
        self.table = table
        world.generation += 1
        for partition in (0, 1):
            table.fence.take(partition, world.generation)
        self.stage._guard._reader = LogReader(world)  # type: ignore[assignment]  # stands in
        intake: Any = self.stage.intake
        intake._ledger.enter(app.consumer_generation_id)
        intake.finish = self._finish

    def _finish(self, delivery: Delivery) -> None:
        self.world.step("ack")
        self.world.acked.append(delivery.offset)

    async def take(self, offset: int, value: bytes | AssessedRecord, tp: TopicPartition = TP) -> None:
        raw = value if isinstance(value, bytes) else encode(value)
        await self.stage._work(Delivery(tp, offset, NOW, b"UA", raw, (), 1, None))
