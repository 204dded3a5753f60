"""A worker is killed in the middle of 500 articles and started again: every article ends, no alert is missing."""

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.kafka import topics
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.kafka.cluster import ApacheKafka
from tests.kafka.load import article
from tests.kafka.tools import Worker, alerts, feed, read_all, settings_for, until
from tests.kafka.verdict import expected_alerts

ARTICLES = 500
SENTENCES = 2


async def kill_and_restart(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await topics.create(settings)
    with ExitStack() as stack:
        first = [stack.enter_context(Worker(settings, stage)) for stage in ("assess", "alert")]
        for worker in first:
            worker.wait_ready()
        await feed(settings, "articles", ((None, article(number, SENTENCES), ()) for number in range(ARTICLES)))

        async def in_the_middle() -> bool:
            return first[0].metric("tocsin_articles_processed_total") >= ARTICLES / 5

        await until(in_the_middle, 60, "a fifth of the articles")
        for worker in first:
            assert worker.kill() != 0
        before = len(await read_all(settings, "audit"))
        assert before < ARTICLES, "the kill came too late to prove anything"
        second = [stack.enter_context(Worker(settings, stage)) for stage in ("assess", "alert")]
        for worker in second:
            worker.wait_ready()
        records = await read_all(settings, "articles")
        inputs = {(record.partition, record.offset) for record in records}
        assert len(inputs) == ARTICLES

        async def all_ended() -> bool:
            audit = [json.loads(record.value) for record in await read_all(settings, "audit")]
            return {(entry["partition"], entry["offset"]) for entry in audit} == inputs

        await until(all_ended, 120, "an outcome for every article")
        _, expected = expected_alerts(settings, records)
        assert len(expected) >= 30

        async def all_alerted() -> bool:
            return {alert["alert_id"] for alert in await alerts(settings)} >= expected

        await until(all_alerted, 60, "every alert")
        sent = Counter(alert["alert_id"] for alert in await alerts(settings))
        audit = Counter((r.value) for r in await read_all(settings, "audit"))
        assert set(sent) == expected
        for worker in second:
            assert worker.kill(15) == 0, worker.text()[-2000:]
    with capsys.disabled():
        print(
            f"\n{ARTICLES} articles, killed after {before}: lost 0, repeated {sum(audit.values()) - ARTICLES};"
            f" {len(expected)} alerts: lost 0, repeated {sum(sent.values()) - len(expected)}"
        )


@pytest.mark.kafka
@pytest.mark.requirement(1)
@pytest.mark.requirement(2)
async def test_kill_on_apache_kafka(
    apache_kafka: ApacheKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await kill_and_restart(settings_for(apache_kafka.servers, embedded=False, folder=tmp_path), capsys)


@pytest.mark.embedded
@pytest.mark.requirement(1)
@pytest.mark.requirement(2)
async def test_kill_on_the_embedded_broker(
    embedded_broker: EmbeddedBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await kill_and_restart(settings_for(embedded_broker.servers, embedded=True, folder=tmp_path), capsys)
