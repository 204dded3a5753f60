"""A running system to break: brokers behind proxies, workers that are kept running, and a steady feed of articles."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka import clients, topics
from streams.kafka.embedded import EmbeddedBroker, free_ports
from streams.settings import Settings
from tests.kafka.cluster import ApacheKafka
from tests.kafka.crew import Crew, Stage
from tests.kafka.load import watched_article
from tests.kafka.proxy import Proxy
from tests.kafka.tools import Worker, settings_for

__all__ = ["Feed", "Scene", "set_up"]

_COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "2000",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "3000",
}


@dataclass(frozen=True, slots=True)
class Feed:
    """How articles come: `rate` a second, every `poison`th rubbish. `kind`: plain; in transactions, a fifth of them
    aborted; or on a compacted topic, where a later article under the same key takes the place of an earlier one.
    """

    kind: Literal["plain", "transactions", "compacted"] = "plain"
    rate: float = 20.0
    poison: int = 50


@dataclass
class Scene:
    """What there is to break. `settings` lead to the brokers directly, those of the workers through the proxies."""

    settings: Settings
    broker: ApacheKafka | EmbeddedBroker
    proxies: list[Proxy]
    crew: Crew
    feed: Feed
    fed: int = 0
    deleted: list[Any] = field(default_factory=list)
    """Records of the articles topic that were there when they were deleted."""
    unsure: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """By partition: runs of offsets (first, end) that were deleted while they may not have been read."""
    brokers_busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One node at a time: two of three away would be no cluster."""
    net_busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def kafka(self) -> ApacheKafka:
        assert isinstance(self.broker, ApacheKafka), "the embedded broker has no such fault"
        return self.broker

    @property
    def articles(self) -> str:
        return self.settings.articles_topics[0]

    @property
    def fault_folder(self) -> Path:
        return fault_folder(self.settings)

    async def keep_feeding(self, stop: asyncio.Event, chance: random.Random) -> None:
        """Produce articles until told to stop. What a broker refuses for now is sent again: repeats are harmless."""
        more: dict[str, Any] = {}
        if self.feed.kind == "transactions":
            more["transactional_id"] = "tocsin-test-feed"
        elif isinstance(self.broker, ApacheKafka):
            more["enable_idempotence"] = True
        while not stop.is_set():
            with suppress(KafkaError, BrokerError, OSError, asyncio.TimeoutError):
                async with clients.producer(self.settings, linger_ms=5, **more) as producer:
                    await self._feed(producer, stop, chance)
            await asyncio.sleep(0.2)

    async def _feed(self, producer: Any, stop: asyncio.Event, chance: random.Random) -> None:
        batch = max(1, round(self.feed.rate / 5))
        while not stop.is_set():
            begin = time.monotonic()
            numbers = range(self.fed, self.fed + batch)
            if self.feed.kind == "transactions":
                await producer.begin_transaction()
                await self._send(producer, numbers)
                if chance.random() < 0.2:
                    await producer.abort_transaction()
                    continue
                await producer.commit_transaction()
            else:
                await self._send(producer, numbers)
            self.fed += batch
            await asyncio.sleep(max(0.0, begin + batch / self.feed.rate - time.monotonic()))

    async def _send(self, producer: Any, numbers: range) -> None:
        compacted = self.feed.kind == "compacted"
        sent = []
        for number in numbers:
            key, value = watched_article(number, once=compacted)
            if number % self.feed.poison == self.feed.poison - 1:
                key, value = b"rubbish %d" % number, b"{rubbish %d" % number
            elif compacted and key.isdigit():
                key = b"%d" % (number % 40)
            sent.append(await producer.send(self.articles, value=value, key=key))
        await asyncio.gather(*sent)


def fault_folder(settings: Settings) -> Path:
    """Where fault points are armed."""
    return Path(settings.data_dir) / "faults"


def _starter(settings: Settings, drop: float, mixed: bool) -> Any:
    started = itertools.count()

    def start(stage: Stage) -> Worker:
        assess, alert = free_ports(2)
        own = settings.model_copy(update={"assess_port": assess, "alert_port": alert})
        more = {"FAULT_FOLDER": str(fault_folder(settings)), "FAULT_DROP": str(drop), "OMP_NUM_THREADS": "1"}
        # The crew starts both stages twice: the second of each is a newer one.
        more |= {"FAULT_NEXT": "1"} if mixed and next(started) % 4 >= 2 else {}
        return Worker(own, stage, "tests.kafka.faulty", more)

    return start


@asynccontextmanager
async def set_up(
    broker: ApacheKafka | EmbeddedBroker,
    folder: Path,
    chance: random.Random,
    feed: Feed,
    drop: float = 0.0,
    *,
    mixed: bool = False,
) -> AsyncIterator[Scene]:
    """Topics, proxies, two workers of each stage, all ready; everything is ended behind."""
    embedded = isinstance(broker, EmbeddedBroker)
    replication = 1 if embedded else broker.replication
    settings = settings_for(broker.servers, embedded=embedded, folder=folder, replication=replication, partitions=4)
    pairs = [(broker.advertised, broker.port)] if embedded else [(node.outside, node.inside) for node in broker.nodes]
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(port, target)) for port, target in pairs]
        through = ",".join(f"127.0.0.1:{proxy.port}" for proxy in proxies)
        crew = Crew(_starter(settings.model_copy(update={"brokers": through}), drop, mixed), chance)
        scene = Scene(settings, broker, proxies, crew, feed)
        scene.fault_folder.mkdir(parents=True)
        if feed.kind == "compacted":
            topic = NewTopic(scene.articles, settings.partitions, replication, topic_configs=_COMPACTED)
            async with clients.admin(settings) as admin:
                await admin.create_topics([topic])
        await topics.create(settings)
        try:
            for stage in ("assess", "alert", "assess", "alert"):
                crew.hire(stage)
            await crew.wait_ready()
            yield scene
        finally:
            for member in crew.members:
                member.worker.kill()
