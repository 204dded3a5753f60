"""What `tocsin backtest` says is what the workers say: the same articles through Apache Kafka give the same alerts."""

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

pytestmark = pytest.mark.kafka

DAYS = 4


def alike(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Alerts by id, without the fields that say when they were sent."""
    return {one["alert_id"]: {name: one[name] for name in one if name not in ("sent", "latency_ms")} for one in found}


async def test_the_same_articles_through_kafka_give_the_same_alerts(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    items = [item for item in news() if item.at < news()[0].at + timedelta(days=DAYS)]
    end = int((items[-1].at + timedelta(days=3)).timestamp() * 1000)
    # No tick of the workers' own: their clock is today's, and ends everything of March. Nor may Kafka delete what
    # is as old as its timestamps say.
    odd = {"partitions": 1, "tick_interval": 3600.0, "retention_hours": 1_000_000.0}
    settings = settings_for(apache_kafka.servers, embedded=False, folder=tmp_path, **odd)
    alone = alike(alerts_of(settings, items, end))
    assert len(alone) > 10
    await topics.create(settings)
    async with clients.producer(settings) as producer:
        for item in items:
            await send(producer, settings, orjson.dumps(item.value), int(item.at.timestamp() * 1000))
        with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
            for worker in (assess, alert):
                worker.wait_ready()
            await all_through(settings, alert, len(items))
            # A clock stands until it has ticked twice.
            for time in (end - 1, end):
                tick = encode_assessed(Tick("1", "tick", "articles", 0, time))
                await producer.send_and_wait(settings.assessments_topic, tick, partition=0)

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
    run = backtest(settings, settings.environment)()
    records = timed([(number, item.line) for number, item in enumerate(items)], Limits())
    return [orjson.loads(encode(one)) for one in run.run(records, end) if isinstance(one, Alert)]
