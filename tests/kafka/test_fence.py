"""Late writes of a worker that lost its partition, on real brokers: seen, written over, and who is older stops."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.alert.fence import HEADER, Stamp
from streams.kafka import clients, topics
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.kafka.cluster import ApacheKafka
from tests.kafka.load import article
from tests.kafka.tools import Worker, all_through, feed, read_all, settings_for, until

ARTICLES = 60


async def _log(settings: Settings) -> dict[tuple[int, bytes], list[tuple[bytes | None, Stamp | None]]]:
    """By partition and key, the values and stamps of the changelog in the order of offsets."""
    found: dict[tuple[int, bytes], list[tuple[bytes | None, Stamp | None]]] = {}
    for record in sorted(await read_all(settings, settings.changelog_topic), key=lambda one: one.offset):
        stamp = Stamp.of(record.headers)
        found.setdefault((record.partition, record.key), []).append((record.value, stamp))
    return found


async def _write(settings: Settings, records: Mapping[tuple[int, bytes], bytes], stamp: Stamp) -> None:
    headers = [(HEADER, stamp.encode())]
    async with clients.producer(settings) as producer:
        for (partition, key), value in records.items():
            await producer.send_and_wait(
                settings.changelog_topic, value=value, key=key, partition=partition, headers=headers
            )


async def late_writes(settings: Settings) -> None:
    await topics.create(settings)
    with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
        for worker in (assess, alert):
            worker.wait_ready()

        await feed(settings, "articles", ((None, article(number, 2), ()) for number in range(ARTICLES)))

        await all_through(settings, alert, ARTICLES)
        log = await _log(settings)
        assert all(stamp is not None for writes in log.values() for _, stamp in writes)
        assert "written by others" not in alert.text(), "in a calm run nobody else writes"
        newest = {key: writes[-1][0] for key, writes in log.items() if not key[1].startswith(b"progress|")}
        changed = dict.fromkeys(newest, b"an older state")
        assert newest

        await _write(settings, changed, Stamp(0, 1, "frozen"))

        async def mended() -> bool:
            found = await _log(settings)
            ours = all(found[key][-1][1] not in (None, Stamp(0, 1, "frozen")) for key in changed)
            return ours and all(found[key][-1][0] == value for key, value in newest.items())

        # Ticks come by themselves, so no further article is needed.
        await until(mended, 60, "the newest incidents are the log's newest again")
        assert "written by others" in alert.text()

        await _write(settings, changed, Stamp(1 << 40, 1, "successor"))
        assert alert.process.wait(60) == 4, alert.text()[-2000:]
        assert "another worker writes the incidents" in alert.text()


@pytest.mark.kafka
@pytest.mark.requirement(1)
async def test_late_writes_on_apache_kafka(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    await late_writes(settings_for(apache_kafka.servers, embedded=False, folder=tmp_path, tick_interval=1))


@pytest.mark.embedded
@pytest.mark.requirement(1)
async def test_late_writes_on_the_embedded_broker(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    await late_writes(settings_for(embedded_broker.servers, embedded=True, folder=tmp_path, tick_interval=1))
