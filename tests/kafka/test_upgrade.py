"""What an upgrade meets: two versions on one table and one topic, and another number of `assessments` partitions."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.cli.checks import Check
from streams.cli.checks_kafka import kafka
from streams.kafka import clients, topics
from streams.settings import Settings
from tests.kafka.clean import SEED, clean, logs
from tests.kafka.cluster import ApacheKafka
from tests.kafka.load import article
from tests.kafka.rounds import Plan
from tests.kafka.tools import RECORD, Worker, alerts, all_through, feed, read_all, settings_for, until
from tests.kafka.verdict import expected_alerts

pytestmark = pytest.mark.kafka


async def test_two_versions_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records and table entries of a newer version, which have further fields, are read, and rewritten, by this one."""
    plan = Plan(SEED, faults=4, nodes=1, only="kill-alert", pause=(4.0, 5.0), mixed=True)
    await clean(plan, tmp_path, capsys)
    for stage in ("assess", "alert"):
        newer = ["a worker of the next version" in text for text in logs(tmp_path, stage)]
        assert any(newer)
        assert not all(newer)
        assert not any("holds no" in text for text in logs(tmp_path, stage))


def numbered(first: int, end: int) -> Iterable[RECORD]:
    return ((None, article(number, 2), ()) for number in range(first, end))


async def through(settings: Settings, count: int) -> None:
    """Run both stages until so many articles have an outcome and the alert stage has read all; then stop them."""
    with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
        for worker in (assess, alert):
            worker.wait_ready()
        await all_through(settings, alert, count)
        for worker in (assess, alert):
            assert worker.kill(15) == 0, worker.text()[-2000:]


async def test_another_number_of_assessments_partitions(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    """Refused as it is; by the steps that the refusal names it works, and every alert is there."""
    settings = settings_for(apache_kafka.servers, embedded=False, folder=tmp_path)
    await topics.create(settings)
    await feed(settings, "articles", numbered(0, 120))
    await through(settings, 120)
    before = {alert["alert_id"] for alert in await alerts(settings)}
    assert before

    async with clients.admin(settings) as admin:
        await admin.create_partitions({settings.assessments_topic: NewPartitions(total_count=4)})
    with Worker(settings, "alert") as refused:
        assert refused.process.wait(60) == 4
        assert "make the changelog anew" in refused.text()
    wider = settings.model_copy(update={"partitions": 4})
    async with clients.admin(settings) as admin:
        await admin.delete_topics([settings.changelog_topic])

        async def gone() -> bool:
            return settings.changelog_topic not in await admin.list_topics()

        await until(gone, 30, "the changelog is deleted")
    made = await topics.create(wider)
    assert [name for name, new in made.items() if new] == [settings.changelog_topic]

    await feed(wider, "articles", numbered(120, 240))
    await through(wider, 240)
    _, expected = expected_alerts(wider, await read_all(wider, "articles"))
    assert {alert["alert_id"] for alert in await alerts(wider)} == expected
    assert len(expected) > len(before)


async def test_doctor_tells_a_changelog_that_an_older_version_made(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    settings = settings_for(apache_kafka.servers, embedded=False, folder=tmp_path)
    await topics.create(settings)

    async def table() -> Check:
        return next(check for check in [one async for one in kafka(settings)] if check.name == "table")

    assert (await table()).verdict == "ok"
    older = {"cleanup.policy": "compact", "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.1"}
    async with clients.admin(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.changelog_topic, older)])
    found = await table()
    assert found.verdict == "failed"
    assert found.fix is not None
    assert found.fix.endswith("--add-config min.compaction.lag.ms=300000")
