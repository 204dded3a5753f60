"""A batcher with everything around it in the test's hands: classifier, publisher, acks."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson

from models.labels import LABELS
from streams.assess.accounts import AssessAccounts
from streams.assess.batcher import Batcher, Ports
from streams.assess.places import Gazetteer
from streams.assess.work import Reader
from streams.kafka.deadletters import DeadLetterLimit
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery, Outgoing
from streams.observe.metrics import build
from streams.settings import Settings

TOPIC = "articles"
ARTICLES = TopicPartition(TOPIC, 0)


class Brain:
    """A classifier that answers by the text alone, and then wrong in the last bits, as padding makes a real one."""

    labels = LABELS
    manifest = SimpleNamespace(
        name="brain", version="1", sha256="0" * 64,
        thresholds={"escalation": SimpleNamespace(default=0.5), "evacuation": SimpleNamespace(default=0.5)},
        aggregation={},
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.least = 0.0
        self.broken = 0
        """How many calls more raise, whatever they ask."""
        self.speechless = 0
        """How many calls of the tokeniser more raise, whatever they ask."""

    def token_lengths(self, texts: Sequence[str], contexts: Any) -> list[int]:
        if self.speechless or any("venom" in text for text in texts):
            self.speechless = max(0, self.speechless - 1)
            raise RuntimeError("no such token")
        return [len(text.split()) + 2 for text in texts]

    def scores(self, texts: Sequence[str], contexts: Any) -> Any:
        if self.broken or any("poison" in text for text in texts):
            self.broken = max(0, self.broken - 1)
            raise RuntimeError("index out of range")
        self.calls.append(len(texts))
        noise = (len(texts) % 7) * 1e-6
        rows = [[byte / 256 for byte in hashlib.sha256(text.encode()).digest()[: len(LABELS)]] for text in texts]
        plain = np.maximum(np.round(np.array(rows, dtype=np.float64), 2), self.least)
        return plain.astype(np.float32) + np.float32(noise)


class Post:
    """A publisher whose acks the test gives; `refuse` and `fail` pick records by their bytes."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.acked: list[Outgoing] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_send: Callable[[Outgoing], Exception | None] = lambda _: None
        self.at_ack: Callable[[Outgoing], Exception | None] = lambda _: None

    async def send(self, record: Outgoing) -> "asyncio.Future[Any]":
        error = self.at_send(record)
        if error:
            raise error
        self.sent.append(record)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        return future

    async def confirm(self, record: Outgoing, future: "asyncio.Future[Any]") -> None:
        await self.gate.wait()
        error = self.at_ack(record)
        if error:
            raise error
        self.acked.append(record)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        sent = [(record, await self.send(record)) for record in records]
        for record, future in sent:
            await self.confirm(record, future)


class Line:
    """A batcher with everything around it in the test's hands."""

    def __init__(self, gazetteer: Gazetteer, **config: Any) -> None:
        self.settings = Settings(**{"batch_wait": 0.01, "audit_topic": "audit"} | config)
        self.brain, self.post, self.metrics = Brain(), Post(), build()
        self.finished: list[int] = []
        self.faults: list[BaseException] = []
        self.pools = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.reader = Reader(self.settings, self.brain, gazetteer)  # type: ignore[arg-type]  # a stand-in
        self.batcher = Batcher(
            self.settings,
            Ports(
                reader=self.reader,
                publisher=self.post,  # type: ignore[arg-type]  # a stand-in
                finish=lambda delivery: self.finished.append(delivery.offset),
                fatal=self._fatal,
                helper=self.pools[0],
                model=self.pools[1],
                limit=DeadLetterLimit.of(self.settings),
                refusals=DeadLetterLimit.of(self.settings),
                accounts=AssessAccounts(self.metrics),
                partitions=1,
            ),
        )

    async def _fatal(self, error: BaseException) -> None:
        self.faults.append(error)

    async def put(self, values: Sequence[bytes], first: int = 0) -> None:
        for offset, value in enumerate(values, first):
            await self.batcher.put(delivery(offset, value))

    def letters(self) -> dict[int, str]:
        """Offset and reason of every dead letter that was acknowledged."""
        return {
            int(record.headers["dlq.offset"]): record.headers["dlq.reason"].decode()
            for record in self.post.acked
            if record.topic.endswith(".dlq")
        }


def delivery(offset: int, value: bytes) -> Delivery:
    return Delivery(ARTICLES, offset, 1_764_000_000_000 + offset, b"key", value, (), 1, None)


def story(number: int, extra: str = "") -> bytes:
    text = (
        f"The government of Lebanon ordered citizens to leave the town at once, report {number} said on Friday. "
        f"Shelling near the border with Israel has grown worse since Monday, officials said {extra}. "
        f"Commercial flights from Beirut still run, but they are full, an airline told reporters."
    )
    return orjson.dumps({"title": f"Leave Lebanon now, embassy {number} says {extra}", "text": text, "language": "en"})


@asynccontextmanager
async def line(gazetteer: Gazetteer, *, started: bool = True, **config: Any) -> AsyncIterator[Line]:
    made = Line(gazetteer, **config)
    try:
        if started:
            await made.batcher.start()
        yield made
    finally:
        await made.batcher.stop()
        for pool in made.pools:
            pool.shutdown()
