"""An orderly stop under full load: within its bound, with code 0, and with nothing done twice by who comes next."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from streams.checks import worst_drain
from streams.kafka import topics
from tests.kafka.cluster import ApacheKafka
from tests.kafka.load import articles
from tests.kafka.tools import Worker, alerts, feed, read_all, settings_for, until

ARTICLES = 600
_PARTING = 10.0
"""Seconds beside the drain: the last commit, leaving the group, closing connections."""


@pytest.mark.kafka
@pytest.mark.requirement(19)
async def test_sigterm_in_the_middle_of_a_backlog(
    apache_kafka: ApacheKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(apache_kafka.servers, embedded=False, folder=tmp_path)
    bound = worst_drain(settings) + _PARTING
    await topics.create(settings)
    await feed(settings, "articles", ((None, value, ()) for value in articles(ARTICLES, 4)))
    with Worker(settings, "alert") as alert:
        alert.wait_ready()
        stops = []
        for share in (0.1, 0.2):
            with Worker(settings, "assess") as assess:
                assess.wait_ready()

                async def busy(worker: Worker = assess, least: float = share * ARTICLES / 2) -> bool:
                    return worker.metric("tocsin_articles_processed_total") >= least

                await until(busy, 60, "the middle of the work")
                begin = time.monotonic()
                assert assess.kill(15) == 0, assess.text()[-2000:]
                stops.append(time.monotonic() - begin)
        done = len(await read_all(settings, "audit"))
        assert 0 < done < ARTICLES, "the stop came too late to prove anything"
        begin = time.monotonic()
        assert alert.kill(15) == 0, alert.text()[-2000:]
        stops.append(time.monotonic() - begin)
    with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
        assess.wait_ready()
        alert.wait_ready()

        async def all_ended() -> bool:
            return (
                len(await read_all(settings, "audit")) >= ARTICLES and alert.metric("tocsin_consumer_lag_messages") == 0
            )

        await until(all_ended, 150, "an outcome for every article")
        for worker in (assess, alert):
            assert worker.kill(15) == 0, worker.text()[-2000:]
    places = Counter((one["partition"], one["offset"]) for one in map(_entry, await read_all(settings, "audit")))
    ids = Counter(alert["alert_id"] for alert in await alerts(settings))
    with capsys.disabled():
        print(f"\nstopped in {', '.join(f'{one:.1f}' for one in stops)} s; the bound is {bound:.0f} s")
    assert max(stops) < bound
    assert len(places) == places.total() == ARTICLES
    assert len(ids) == ids.total() > 0


def _entry(record: object) -> dict[str, int]:
    return dict(json.loads(record.value))  # type: ignore[attr-defined]  # aiokafka has no types
