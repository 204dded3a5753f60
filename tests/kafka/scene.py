"""A running system to break: brokers behind proxies, workers that are restarted when they end, and a steady feed.

The scene plays the orchestrator: a worker that ends is started again after a moment, whatever ended it, and how it
ended is kept for the verdict.
"""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka import clients, topics
from streams.kafka.embedded import EmbeddedBroker, free_ports
from streams.settings import Settings
from tests.kafka.cluster import ApacheKafka
from tests.kafka.load import watched_article
from tests.kafka.proxy import Proxy
from tests.kafka.tools import Worker, settings_for, until

__all__ = ["Ended", "Feed", "Member", "Scene", "set_up"]

Stage = Literal["assess", "alert"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker ended: exit code (negative: that signal), and whether the scene asked it to."""

    stage: Stage
    code: int
    asked: bool
    log: Path


@dataclass
class Member:
    """One worker process at a time, in a place that is to be filled as long as `wanted`."""

    stage: Stage
    worker: Worker
    wanted: bool = True
    asked: bool = False
    """Whether the present process was told to end."""
    again_at: float | None = None

    @property
    def alive(self) -> bool:
        return self.worker.process.poll() is None

    def send(self, number: int) -> None:
        """Send the process a signal, if it lives. A signal that ends it is noted as asked for."""
        if self.alive:
            self.asked = self.asked or number in (signal.SIGKILL, signal.SIGTERM)
            with suppress(ProcessLookupError):
                os.killpg(self.worker.process.pid, number)


@dataclass(frozen=True, slots=True)
class Feed:
    """How articles come: `rate` a second; in transactions, of which some are aborted; every `poison`th is rubbish."""

    rate: float = 25.0
    transactions: bool = False
    poison: int = 50


@dataclass
class Scene:
    """What there is to break. `settings` lead to the brokers directly, `worker_settings` through the proxies."""

    settings: Settings
    worker_settings: Settings
    broker: ApacheKafka | EmbeddedBroker
    proxies: list[Proxy]
    chance: random.Random
    drop: float = 0.0
    members: list[Member] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    fed: int = 0
    frozen: set[int] = field(default_factory=set)
    broker_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One node at a time: two of three away would be no cluster."""
    net_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def kafka(self) -> ApacheKafka:
        assert isinstance(self.broker, ApacheKafka), "the embedded broker has no such fault"
        return self.broker

    @property
    def fault_folder(self) -> Path:
        return Path(self.settings.data_dir) / "faults"

    def hire(self, stage: Stage) -> Member:
        """Start one more worker, in a place of its own."""
        member = Member(stage, self._start(stage))
        self.members.append(member)
        return member

    def _start(self, stage: Stage) -> Worker:
        assess, alert = free_ports(2)
        settings = self.worker_settings.model_copy(update={"assess_port": assess, "alert_port": alert})
        more = {"FAULT_FOLDER": str(self.fault_folder), "FAULT_DROP": str(self.drop), "OMP_NUM_THREADS": "1"}
        return Worker(settings, stage, "tests.kafka.faulty", more)

    def living(self, stage: Stage | None = None) -> list[Member]:
        """Members whose process runs and is not stopped, of one stage or both."""
        return [
            member
            for member in self.members
            if member.alive and stage in (None, member.stage) and member.worker.process.pid not in self.frozen
        ]

    async def pick(self, stage: Stage) -> Member:
        """One living member of the stage; waits for one."""
        return self.chance.choice(await until(lambda: self._living(stage), 120, f"a living {stage} worker", 0.1))

    async def _living(self, stage: Stage) -> list[Member]:
        return self.living(stage)

    async def keep(self) -> None:
        """Start again what ended, for ever, as an orchestrator does."""
        while True:
            for member in list(self.members):
                if member.alive:
                    continue
                if member.again_at is None:
                    self._note(member)
                    member.again_at = time.monotonic() + self.chance.uniform(0.2, 2.0)
                if not member.wanted:
                    self.members.remove(member)
                elif time.monotonic() >= member.again_at:
                    member.worker = self._start(member.stage)
                    member.again_at, member.asked = None, False
            await asyncio.sleep(0.1)

    def _note(self, member: Member) -> None:
        code = member.worker.process.returncode
        self.ended.append(Ended(member.stage, code, member.asked, member.worker.log))

    async def feed(self, how: Feed, stop: asyncio.Event) -> None:
        """Produce articles until told to stop. What a broker refuses for now is sent again: repeats are harmless."""
        more: dict[str, Any] = {"transactional_id": "tocsin-test-feed"} if how.transactions else {}
        if isinstance(self.broker, ApacheKafka):
            more["enable_idempotence"] = True
        while not stop.is_set():
            with suppress(KafkaError, BrokerError, OSError, asyncio.TimeoutError):
                async with clients.producer(self.settings, linger_ms=5, **more) as producer:
                    await self._feed(producer, how, stop)

    async def _feed(self, producer: Any, how: Feed, stop: asyncio.Event) -> None:
        batch = max(1, round(how.rate / 5))
        while not stop.is_set():
            begin = time.monotonic()
            numbers = range(self.fed, self.fed + batch)
            if how.transactions:
                aborted = self.chance.random() < 0.2
                await producer.begin_transaction()
                await self._send(producer, how, numbers)
                if aborted:
                    await producer.abort_transaction()
                    continue
                await producer.commit_transaction()
            else:
                await self._send(producer, how, numbers)
            self.fed += batch
            await asyncio.sleep(max(0.0, begin + batch / how.rate - time.monotonic()))

    async def _send(self, producer: Any, how: Feed, numbers: range) -> None:
        topic = self.settings.articles_topics[0]
        sent = []
        for number in numbers:
            rubbish = how.poison and number % how.poison == how.poison - 1
            value = b"{rubbish %d" % number if rubbish else watched_article(number)
            sent.append(await producer.send(topic, value=value, key=b"%d" % number))
        await asyncio.gather(*sent)

    async def stop_all(self, seconds: float = 60) -> list[Ended]:
        """End every worker with SIGTERM and wait; how each ended. One that does not is killed: -9, not asked for."""
        for member in self.members:
            member.wanted = False
            member.send(signal.SIGTERM)
        found = []
        end = time.monotonic() + seconds
        for member in self.members:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(member.worker.process.wait, max(0.1, end - time.monotonic()))
            if member.alive:
                os.killpg(member.worker.process.pid, signal.SIGKILL)
                member.worker.process.wait()
                member.asked = False
            if member.again_at is None:
                found.append(Ended(member.stage, member.worker.process.returncode, member.asked, member.worker.log))
        self.members.clear()
        return found


@asynccontextmanager
async def set_up(
    broker: ApacheKafka | EmbeddedBroker, folder: Path, chance: random.Random, **more: Any
) -> AsyncIterator[Scene]:
    """Topics, proxies, two workers of the first stage and one of the second, all ready; everything ended behind."""
    embedded = isinstance(broker, EmbeddedBroker)
    replication = 1 if embedded else broker.replication
    drop = more.pop("drop", 0.0)
    settings = settings_for(
        broker.servers, embedded=embedded, folder=folder, replication=replication, partitions=4, **more
    )
    with ExitStack() as stack:
        if embedded:
            pairs = [(broker.advertised, broker.port)]
        else:
            pairs = [(node.outside, node.inside) for node in broker.nodes]
        proxies = [stack.enter_context(Proxy(port, target)) for port, target in pairs]
        through = ",".join(f"127.0.0.1:{proxy.port}" for proxy in proxies)
        scene = Scene(settings, settings.model_copy(update={"brokers": through}), broker, proxies, chance, drop)
        scene.fault_folder.mkdir(parents=True)
        await topics.create(settings)
        try:
            for stage in ("assess", "assess", "alert"):
                scene.hire(stage)
            for member in scene.members:
                await asyncio.to_thread(member.worker.wait_ready, 120)
            yield scene
        finally:
            for member in scene.members:
                member.worker.kill()
