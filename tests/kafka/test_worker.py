"""A running worker on a real broker: the founding story, hostile records, health, metrics, and an orderly stop."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from streams.alert.record import adapter
from streams.kafka import topics
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.conftest import BROKERS, broker_of
from tests.kafka.cluster import ApacheKafka
from tests.kafka.load import article
from tests.kafka.tools import RawName, Worker, alerts, feed, read_all, settings_for, until

LARGE = 4_000_000


@dataclass
class System:
    settings: Settings
    assess: Worker
    alert: Worker

    async def ended(self, count: int) -> dict[tuple[int, int], str]:
        """Outcomes by (partition, offset) when at least `count` articles have ended."""

        async def enough() -> list[Any]:
            found = await read_all(self.settings, "audit")
            return found if len(found) >= count else []

        records = await until(enough, 60, f"{count} outcomes")
        entries = [json.loads(record.value) for record in records]
        return {(entry["partition"], entry["offset"]): entry["outcome"] for entry in entries}


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Iterator[ApacheKafka | EmbeddedBroker]:
    with broker_of(request.param, {"message.max.bytes": str(LARGE), "replica.fetch.max.bytes": str(LARGE)}) as started:
        yield started


@pytest.fixture(scope="module")
def system(broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    settings = settings_for(
        broker.servers,
        embedded=isinstance(broker, EmbeddedBroker),
        folder=tmp_path_factory.mktemp("worker"),
        input_message_bytes=LARGE - 100_000,
        fetch_bytes=LARGE,
        request_bytes=LARGE,
        tick_interval=2,
    )
    asyncio.run(topics.create(settings))
    with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
        assess.wait_ready()
        alert.wait_ready()
        yield System(settings, assess, alert)


async def test_the_founding_story(system: System, founding_story: dict[str, Any]) -> None:
    await feed(system.settings, "articles", [(None, json.dumps(founding_story).encode(), ())])

    async def both() -> list[dict[str, Any]]:
        found = await alerts(system.settings)
        return found if len(found) >= 2 else []

    found = await until(both, 30, "two alerts")
    await asyncio.sleep(2)  # a third alert would come now
    found = await alerts(system.settings)
    assert sorted((alert["country"], alert["event"], alert["msg_type"]) for alert in found) == [
        ("UA", "escalation", "Alert"),
        ("UA", "evacuation", "Alert"),
    ]
    for alert in found:
        adapter.validate_python(alert)
        quotes = " ".join(piece["quote"] for piece in alert["evidence"])
        assert "ruled out sending troops for an eventual evacuation" not in quotes
        for piece in alert["evidence"]:
            field = founding_story["text"] if piece["field"] == "body" else founding_story[piece["field"]]
            assert piece["quote"] in field
    (evacuation,) = [alert for alert in found if alert["event"] == "evacuation"]
    quotes = [piece["quote"] for piece in evacuation["evidence"]]
    assert any("must leave the country now" in quote for quote in quotes)
    assert any("have to leave now by commercial or private means" in quote for quote in quotes)


POISON = {
    "empty value": "empty",
    "JSON null": "empty",
    "scrapy-cluster failure literal": "undecodable",
    "deep nesting": "too_deep",
    "big int": "no_text",
    "null title": "no_text",
}
"""Those that are refused, by reason; all others are repaired and scored."""


async def test_poison_ends_in_a_dead_letter_or_a_repaired_article(system: System, poison: dict[str, bytes]) -> None:
    before = len(await read_all(system.settings, "audit"))
    await feed(
        system.settings, "articles", [(b"k", value, (("poison", name.encode()),)) for name, value in poison.items()]
    )
    outcomes = await system.ended(before + len(poison))
    inputs = {
        (record.partition, record.offset): dict(record.headers).get("poison", b"").decode()
        for record in await read_all(system.settings, "articles")
    }
    letters = {
        dict(record.headers).get("poison", b"").decode(): record
        for record in await read_all(system.settings, "articles.dlq")
    }
    for place, name in inputs.items():
        if name in POISON:
            assert outcomes[place] == "rejected", name
            headers = dict(letters[name].headers)
            assert headers["dlq.reason"].decode() == POISON[name], name
            assert (headers["dlq.topic"], int(headers["dlq.offset"])) == (b"articles", place[1])
            assert letters[name].value == poison[name], "a dead letter keeps its bytes"
            assert letters[name].key == b"k"
        elif name:
            assert outcomes[place] != "rejected", name
            assert name not in letters


async def test_two_megabytes_end_as_oversized(system: System) -> None:
    before = len(await read_all(system.settings, "audit"))
    value = json.dumps({"title": "Large", "text": "x" * 2_000_000}).encode()
    await feed(system.settings, "articles", [(None, value, (("large", b"1"),))])
    await system.ended(before + 1)
    letters = [r for r in await read_all(system.settings, "articles.dlq") if ("large", b"1") in r.headers]
    assert [dict(letter.headers)["dlq.reason"] for letter in letters] == [b"oversized"]
    assert letters[0].value == value


async def test_a_header_name_that_is_no_text_stops_nothing(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(await read_all(system.settings, "audit"))
    name = RawName(b"\xff\xfe")
    with monkeypatch.context() as patched:  # aiokafka's quick builder takes no such name
        for module in ("producer", "message_accumulator"):
            patched.setattr(f"aiokafka.producer.{module}.DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
        await feed(system.settings, "articles", [(None, b"{odd name", ((name, b"1"),))])
    await feed(system.settings, "articles", [(None, article(7), ())])
    await system.ended(before + 2)
    letters = [r for r in await read_all(system.settings, "articles.dlq") if r.value == b"{odd name"]
    assert [letter.headers[0] for letter in letters] == [("\\xff\\xfe", b"1")]


async def test_an_unknown_status_is_a_dead_letter_and_statuses_never_mix(system: System) -> None:
    value = article(5)
    before = len(await read_all(system.settings, "audit"))
    await feed(
        system.settings,
        "articles",
        [(None, value, (("tocsin-status", b"Drill"),)), (None, value, (("tocsin-status", b"Exercise"),))],
    )
    await system.ended(before + 2)

    async def exercised() -> list[Any]:
        return [alert for alert in await alerts(system.settings) if alert["status"] == "Exercise"]

    assert len(await until(exercised, 20, "the exercise's alert")) == 1
    reasons = [dict(record.headers)["dlq.reason"] for record in await read_all(system.settings, "articles.dlq")]
    assert b"bad_status" in reasons


async def test_alert_headers_let_bots_filter_without_parsing(system: System) -> None:
    for record in await read_all(system.settings, "alerts"):
        alert, headers = json.loads(record.value), {name: value.decode() for name, value in record.headers}
        assert record.key.decode() == alert["dedup_key"]
        assert headers["ce_id"] == alert["alert_id"]
        assert headers["ce_type"] == "tocsin.alert.v1"
        assert (headers["event"], headers["country"], headers["severity"]) == (
            alert["event"],
            alert["country"],
            alert["severity"],
        )


def test_the_bot_of_the_readme_prints_the_storys_alerts(system: System) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    code = readme.split("```python\n")[1].split("```")[0].replace("127.0.0.1:9092", system.settings.brokers)
    bot = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True)
    timer = threading.Timer(40, bot.kill)
    timer.start()
    try:
        assert bot.stdout is not None
        lines = [bot.stdout.readline() for _ in range(2)]
    finally:
        timer.cancel()
        bot.kill()
        bot.wait()
        bot.stdout.close()
    assert all(line.startswith("Alert | ") and "Ukraine" in line for line in lines), lines


async def test_ticks_reach_every_assessments_partition(system: System) -> None:
    async def ticked() -> bool:
        records = await read_all(system.settings, "assessments")
        ticks = {r.partition for r in records if ("tocsin-kind", b"tick") in r.headers}
        return ticks == set(range(system.settings.partitions))

    await until(ticked, 20, "ticks")


async def test_rubbish_on_the_assessments_topic_is_a_dead_letter(system: System) -> None:
    await feed(system.settings, "assessments", [(b"UA", b'{"kind":"assessment","country":5}', ())])

    async def letter() -> list[Any]:
        return await read_all(system.settings, "assessments.dlq")

    (record,) = await until(letter, 20, "the dead letter")
    assert record.value == b'{"kind":"assessment","country":5}'
    assert dict(record.headers)["dlq.stage"] == b"alert"


def test_health_pages(system: System) -> None:
    for worker in (system.assess, system.alert):
        assert worker.page("livez") == "ok\n"
        assert worker.page("readyz") == "ok\n"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool: install Debian's package prometheus")
def test_promtool_accepts_the_metrics(system: System) -> None:
    for worker in (system.assess, system.alert):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=worker.page("metrics"), text=True, capture_output=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_metrics_were_really_set(system: System) -> None:
    assert system.assess.metric("tocsin_model_loaded") == 1
    for name in (
        "articles_received_total", "articles_processed_total", "articles_rejected_total", "dead_letters_total",
        "articles_by_language_total", "sanitized_total", "stage_duration_seconds_count", "event_loop_lag_seconds_count",
        "batch_padded_tokens_count", "inference_batch_size_count", "input_tokens_count", "score_count",
        "commit_age_seconds_count", "last_article_timestamp_seconds",
    ):  # fmt: skip
        assert system.assess.metric(f"tocsin_{name}") > 0, name
    for name in (
        "alerts_total", "alerts_by_country_total", "end_to_end_latency_seconds_count", "last_alert_timestamp_seconds",
        "incident_table_entries", "incidents",
    ):  # fmt: skip
        assert system.alert.metric(f"tocsin_{name}") > 0, name


def test_sigterm_stops_both_within_their_bound(system: System) -> None:
    begin = time.monotonic()
    for worker in (system.assess, system.alert):
        assert worker.kill(15) == 0, Path(worker.log).read_text()[-2000:]
    assert time.monotonic() - begin < 30
