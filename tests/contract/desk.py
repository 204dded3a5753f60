"""An intake on a bench: everything that it was given, with Faust's real conductor in front of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from streams.kafka.app import StageApp, make_app
from streams.kafka.intake import Intake
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery
from streams.observe.metrics import Metrics, build
from streams.settings import Settings
from tests.contract.faust_harness import Bench, LogReader, until

__all__ = ["ARTICLES", "TOPIC", "Desk", "desk"]

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
        return self.metrics.registry.get_sample_value("tocsin_ledger_holes_total", {"kind": kind}) or 0.0

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
async def desk(
    tmp_path: Path, *, auto: bool = False, start: dict[int, int] | None = None, partitions: int = 1
) -> AsyncIterator[Desk]:
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

    async with Bench.of(app, TOPIC, start=start or {}, partitions=partitions) as bench:
        reader = LogReader(bench)
        app.intake._rereader = reader  # type: ignore[assignment]  # stands in
        made = Desk(app, metrics, bench, reader, given)

        async def fatal(error: BaseException) -> None:  # the real one ends the process
            made.faults.append(error)

        app.fatal = fatal  # type: ignore[method-assign]  # stands in
        app.on_partitions_revoked.connect(app._revoked)
        app.consumer_generation_id = 1
        await bench.run(agent, "contract-agent")
        yield made
        assert made.faults == []
