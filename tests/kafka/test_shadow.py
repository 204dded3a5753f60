"""A running worker with a second model beside the first: the same goes out as without it, and the metrics tell.

The second model is the first with other thresholds, so that what must differ is known. Both runs get the same records
with the same timestamps, each on a broker of its own, and score a record at a time, so that no bit depends on company.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.labels import EVENTS
from models.manifest import MANIFEST_NAME, PACKAGED_WEIGHTS
from streams.kafka import clients, topics
from streams.kafka.embedded import EmbeddedBroker
from streams.observe.vocabulary import AGREEMENTS
from streams.settings import Settings
from tests.kafka.load import articles
from tests.kafka.tools import Worker, environment, read_all, settings_for, until

pytestmark = pytest.mark.embedded

STRICT = {"high_recall": 0.9, "default": 0.98, "high_precision": 0.99}
LOOSE = {"high_recall": 0.001, "default": 0.002, "high_precision": 0.5}
HOSTILE = {
    "title": "Leave \x1b[31mHaiti\x07 now, embassy tells citizens",
    "text": "The embassy told all \u202ecitizens\u202c to leave Haiti at once.\r\n12:00:00 error streams: forged\x00",
}
START_MS = int(time.time() * 1000)
WRITTEN = ("assessments", "alerts", "articles.dlq", "assessments.dlq", "audit", "feedback")
MOMENTS = {"dlq.ts", "ce_time"}


@dataclass
class Run:
    """What one run wrote, said and counted, and how it ended."""

    written: dict[str, list[Any]]
    counts: dict[str, int]
    page: str
    log: str
    codes: tuple[int, int]

    def metric(self, name: str, **labels: str) -> float:
        """Sum of a metric of stage 1 over the labels that are not given."""
        return total(self.page, name, **labels)


def total(page: str, name: str, **labels: str) -> float:
    found = 0.0
    for shown, value in re.findall(rf"^tocsin_{name}(?:{{([^}}]*)}})? (\S+)$", page, re.MULTILINE):
        if all(f'{key}="{text}"' in shown for key, text in labels.items()):
            found += float(value)
    return found


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged weights, with other thresholds."""
    folder = tmp_path_factory.mktemp("weights") / "other"
    shutil.copytree(PACKAGED_WEIGHTS, folder)
    path = folder / MANIFEST_NAME
    manifest = json.loads(path.read_text("utf-8"))
    manifest["thresholds"] = {"escalation": STRICT, "evacuation": LOOSE}
    path.write_text(json.dumps(manifest | {"version": "other"}), "utf-8")
    return folder


def shown(topic: str, record: Any) -> Any:
    """A record of `topic` without what the wall clock put into it."""
    headers = [(name, value) for name, value in record.headers if name not in MOMENTS]
    value = record.value
    if topic == "alerts":
        value = json.loads(value) | {"sent": None, "latency_ms": None}
    return record.partition, record.offset, record.key, value, headers


async def take_part(settings: Settings, values: list[bytes], assess: Worker, alert: Worker) -> str:
    """Feed `values` and wait until both stages, and the second model, have nothing left to do; stage 1's metrics."""
    async with clients.producer(settings) as producer:
        for number, value in enumerate(values):
            await producer.send_and_wait("articles", value=value, key=b"k", timestamp_ms=START_MS + number)

    async def ended() -> bool:
        return len(await read_all(settings, "audit")) == len(values)

    async def judged() -> bool:
        return total(alert.page("metrics"), "stage_duration_seconds_count", stage="policy") >= assessments

    async def compared() -> str:
        page = assess.page("metrics")
        scored = sum(total(page, "score_count", label=event) for event in EVENTS)
        seen = total(page, "shadow_sentences_total") + len(EVENTS) * total(page, "shadow_skipped_sentences_total")
        return page if seen == scored or settings.shadow_weights is None else ""

    await until(ended, 120, "every article's outcome")
    assessments = len(await read_all(settings, "assessments"))
    await until(judged, 60, "every assessment judged")
    return str(await until(compared, 60, "every sentence compared or left out"))


def run(folder: Path, values: list[bytes], shadow: Path | None) -> Run:
    with EmbeddedBroker() as broker:
        settings = settings_for(
            broker.servers, embedded=True, folder=folder, partitions=1, tick_interval=600, batch_articles=1,
            torch_threads=1, **({"shadow_weights": shadow} if shadow else {}),
        )  # fmt: skip
        asyncio.run(topics.create(settings))
        with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
            assess.wait_ready()
            alert.wait_ready()
            page = asyncio.run(take_part(settings, values, assess, alert))
            codes = assess.kill(15), alert.kill(15)
            made = asyncio.run(topics.existing(settings))
            records = {name: asyncio.run(read_all(settings, name)) for name in made}
            written = {name: [shown(name, record) for record in records[name]] for name in WRITTEN}
            counts = {name: len(found) for name, found in records.items()}
            return Run(written, counts, page, assess.text(), codes)


@pytest.fixture(scope="module")
def values(founding_story: dict[str, Any]) -> list[bytes]:
    """The founding story, something hostile, rubbish, and eighteen articles of which two are alarms."""
    return [json.dumps(founding_story).encode(), json.dumps(HOSTILE).encode(), b"rubbish", *articles(18)]


@pytest.fixture(scope="module")
def runs(values: list[bytes], other: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same without and with a second model."""
    folder = tmp_path_factory.mktemp("shadow")
    return run(folder / "without", values, None), run(folder / "with", values, other)


@pytest.mark.parametrize("topic", WRITTEN)
def test_the_same_is_published_with_a_second_model_as_without(runs: tuple[Run, Run], topic: str) -> None:
    without, shadowed = runs
    assert shadowed.written[topic] == without.written[topic]


def test_there_was_something_to_publish(runs: tuple[Run, Run], values: list[bytes]) -> None:
    for one in runs:
        assert len(one.written["audit"]) == len(values)
        assert len(one.written["assessments"]) >= 4
        assert len(one.written["articles.dlq"]) == 1
        alerts = [value for _, _, _, value, _ in one.written["alerts"]]
        assert {alert["country"] for alert in alerts} == {"UA", "HT", "LB"}
        assert "other" not in {alert["model"]["version"] for alert in alerts}


def test_nothing_is_on_any_further_topic(runs: tuple[Run, Run]) -> None:
    without, shadowed = runs
    assert shadowed.counts == without.counts


def test_the_metrics_say_who_calls_what_evidence(runs: tuple[Run, Run]) -> None:
    _, shadowed = runs
    found = {
        event: {one: shadowed.metric("shadow_sentences_total", event=event, agreement=one) for one in AGREEMENTS}
        for event in EVENTS
    }
    left_out = shadowed.metric("shadow_skipped_sentences_total")
    for event in EVENTS:
        scored = shadowed.metric("score_count", label=event)
        assert sum(found[event].values()) + left_out == scored > 100
        assert shadowed.metric("shadow_difference_count", event=event) == scored - left_out
    strict, loose = found["escalation"], found["evacuation"]
    assert strict["first_only"] > 0
    assert strict["neither"] > 0
    assert strict["second_only"] == 0, "the same scores, a higher threshold"
    assert loose["second_only"] > 0
    assert loose["both"] > 0
    assert loose["first_only"] == 0, "the same scores, a lower threshold"
    assert shadowed.metric("shadow_difference_sum") < 0.01, "the same weights"
    assert shadowed.metric("shadow_running") == 1
    assert shadowed.metric("config_threshold", label="escalation", kind="evidence") == pytest.approx(
        runs[0].metric("config_threshold", label="escalation", kind="evidence")
    )


def test_without_a_second_model_its_metrics_stay_at_zero(runs: tuple[Run, Run]) -> None:
    without, _ = runs
    assert "tocsin_shadow_running 0.0" in without.page
    assert without.metric("shadow_sentences_total") == 0
    assert without.metric("shadow_difference_count") == 0
    assert "shadow" not in without.log


def test_the_log_names_the_model_the_differences_and_the_sum(runs: tuple[Run, Run]) -> None:
    _, shadowed = runs
    messages = [json.loads(line)["message"] for line in shadowed.log.splitlines()]
    assert [text for text in messages if text.startswith("shadow model tocsin-minilm other (")]
    assert [text for text in messages if text.startswith("shadow differs on evacuation: first 0.")]
    summary = [text for text in messages if text.startswith("shadow summary ")]
    assert len(summary) == len(EVENTS)
    for event, text in zip(EVENTS, summary, strict=True):
        first_only = shadowed.metric("shadow_sentences_total", event=event, agreement="first_only")
        assert event in text
        assert f"'first_only': {first_only:.0f}" in text
    assert all(line.isprintable() for line in shadowed.log.splitlines())
    assert not [text for text in messages if text.startswith("12:00:00")]


def test_both_runs_stopped_in_order(runs: tuple[Run, Run]) -> None:
    for one in runs:
        assert one.codes == (0, 0), one.log[-2000:]


@pytest.mark.parametrize("how", ["option", "setting"])
def test_a_folder_that_is_not_there_ends_the_start_with_one_sentence(
    embedded_broker: EmbeddedBroker, tmp_path: Path, how: str
) -> None:
    """As an option it must reach the stages' own processes as well."""
    missing = tmp_path / "none"
    setting = {"shadow_weights": missing} if how == "setting" else {}
    settings = settings_for(embedded_broker.servers, embedded=True, folder=tmp_path, **setting)
    asyncio.run(topics.create(settings))
    chosen = ["--stages", "assess"] if how == "setting" else ["--shadow", str(missing)]
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli.main", "worker", *chosen],
        capture_output=True, text=True, timeout=90, env=environment(settings),
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    (said,) = [entry["message"] for entry in entries if entry["level"] == "ERROR"]
    assert said.startswith(f"stage assess ends: {missing}")
    assert "Traceback" not in done.stderr
