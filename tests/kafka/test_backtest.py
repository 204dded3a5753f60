"""What `tocsin backtest` says is what the workers say: the fortnight through Apache Kafka gives the same alerts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from streams.alert.record import Alert, encode
from streams.assess.record import Tick
from streams.assess.record import encode as encode_assessed
from streams.backtest.feed import timed
from streams.ingest.article import Limits
from streams.kafka import clients, topics
from streams.settings import Settings
from tests.fortnight.news import backtest, news
from tests.kafka.cluster import ApacheKafka
from tests.kafka.tools import Worker, alerts, all_through, settings_for, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

TICK = timedelta(hours=12)
"""Between ticks, in both ways: each stands for a wait until all before it is worked off."""


def alike(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Alerts by id, without the fields that say when they were sent."""
    return {one["alert_id"]: {name: one[name] for name in one if name not in ("sent", "latency_ms")} for one in found}


async def test_the_same_articles_through_kafka_give_the_same_alerts(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    items = news()
    tick = int(TICK.total_seconds() * 1000)
    first, last = (int(item.at.timestamp() * 1000) // tick * tick + tick for item in (items[0], items[-1]))
    ticks = range(first, last + 3 * 86_400_000, tick)
    # No tick of the workers' own: their clock is today's, and ends everything of March. Nor may Kafka delete what
    # is as old as its timestamps say.
    odd = {"partitions": 1, "tick_interval": 3600.0, "retention_hours": 1_000_000.0}
    settings = settings_for(apache_kafka.servers, embedded=False, folder=tmp_path, **odd)
    alone = alike(alerts_of(settings, items, ticks[-1]))
    assert len(alone) > 50
    await topics.create(settings)
    async with clients.producer(settings) as producer:
        with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
            for worker in (assess, alert):
                worker.wait_ready()
            sent = 0
            for end in ticks:
                while sent < len(items) and int(items[sent].at.timestamp() * 1000) < end:
                    item = items[sent]
                    await send(producer, settings, orjson.dumps(item.value), int(item.at.timestamp() * 1000))
                    sent += 1
                await all_through(settings, alert, sent)
                # A clock stands until it has ticked twice.
                for time in (end - 1, end) if end == first else (end,):
                    value = encode_assessed(Tick("1", "tick", "articles", 0, time))
                    await producer.send_and_wait(settings.assessments_topic, value, partition=0)
            assert sent == len(items)

            async def told() -> bool:
                return len(await alerts(settings)) >= len(alone)

            await until(told, 60, f"{len(alone)} alerts")
            for worker in (assess, alert):
                assert worker.kill(15) == 0, worker.text()[-2000:]
    through_kafka = alike(await alerts(settings))
    assert set(through_kafka) == set(alone)
    assert through_kafka == alone


async def send(producer: AIOKafkaProducer, settings: Settings, value: bytes, at: int) -> None:
    headers = [("tocsin-status", b"Exercise")]
    await producer.send_and_wait(settings.articles_topics[0], value, partition=0, timestamp_ms=at, headers=headers)


def alerts_of(settings: Settings, items: list[Any], end: int) -> list[dict[str, Any]]:
    run = backtest(settings, settings.environment, int(TICK.total_seconds() * 1000))()
    records = timed([(number, item.line) for number, item in enumerate(items)], Limits())
    return [orjson.loads(encode(one)) for one in run.run(records, end) if isinstance(one, Alert)]
