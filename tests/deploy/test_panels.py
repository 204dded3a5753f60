"""Every query of every panel is put to a real Prometheus that scraped real processes, and returns data.

Panels that look back over days get a past: blocks that promtool makes of a week of samples, before Prometheus starts.
"""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from streams.cli.demo_feed import articles
from streams.kafka import topics
from streams.kafka.embedded import EmbeddedBroker, free_ports
from tests.deploy.drill import Installation
from tests.deploy.prometheus import DEPLOY, HINT, Prometheus, binary
from tests.kafka.tools import feed, settings_for, until

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.timeout(280),
    pytest.mark.skipif(binary("prometheus") is None or binary("promtool") is None, reason=HINT),
]
_DAY, _STEP, _DAYS = 86_400, 1_800, 8
_WHO = 'job="tocsin-alert",instance="past:1"'
_PAST = {
    "tocsin_alerts_total": [
        ('event="escalation",severity="Extreme",msg_type="Alert"', 1),
        ('event="evacuation",severity="Severe",msg_type="Update"', 2),
    ],
    "tocsin_alerts_by_country_total": [('country="UA"', 1), ('country="SD"', 2), ('country="XX"', 3)],
    "tocsin_score_bucket": [
        (f'label="{label}",le="{le}"', share)
        for label in ("escalation", "evacuation")
        for le, share in (("0.5", 80), ("1.0", 100), ("+Inf", 100))
    ],
    "tocsin_score_count": [('label="escalation"', 100), ('label="evacuation"', 100)],
}
"""By metric: labels, and by how much the counter grows each step."""


def past(now: float) -> str:
    """Eight days of them, up to two hours ago, as OpenMetrics text; with what a recording rule made of them."""
    steps = list(enumerate(range(int(now) - _DAYS * _DAY, int(now) - 7_200, _STEP)))
    lines = []
    for name, members in _PAST.items():
        lines.append(f"# TYPE {name} unknown")
        lines += [f"{name}{{{labels},{_WHO}}} {step * grows} {at}" for labels, grows in members for step, at in steps]
    name = "tocsin:alerts_by_country:increase1d"
    lines.append(f"# TYPE {name} unknown")
    lines += [
        f"{name}{{{labels}}} {48 * grows} {at}"
        for labels, grows in _PAST["tocsin_alerts_by_country_total"]
        for _, at in steps
    ]
    return "\n".join([*lines, "# EOF", ""])


def queries() -> list[tuple[str, str]]:
    """(panel, query) of both dashboards, the variables put in as Grafana does with All."""
    found = []
    for file in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                expr = (
                    target["expr"].replace("$job", ".+").replace("$instance", ".+").replace("$__rate_interval", "30s")
                )
                found.append((f"{file.stem}: {panel['title']}", expr))
    return found


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("panels")
    data = folder / "data"
    (folder / "past.txt").write_text(past(time.time()))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "past.txt"), str(data)],
        check=True, capture_output=True,
    )  # fmt: skip
    (canary_port,) = free_ports(1)
    with EmbeddedBroker() as broker:
        settings = settings_for(
            broker.servers, embedded=True, folder=folder, canary_port=canary_port, canary_interval=1, audit_topic=None
        )
        here = Installation(settings, broker, folder)
        try:
            asyncio.run(_begin(here))
            ports = {
                "tocsin-assess": [settings.assess_port],
                "tocsin-alert": [settings.alert_port],
                "tocsin-canary": [canary_port],
            }
            with Prometheus(folder, ports, scrape="1s", data=data) as found:
                time.sleep(4)  # counters are to move under its eyes
                asyncio.run(_work(here))
                time.sleep(6)
                yield found
        finally:
            for worker in here.workers.values():
                worker.kill()
            if here.canary is not None:
                os.killpg(here.canary.pid, signal.SIGTERM)
                here.canary.wait(20)


async def _begin(here: Installation) -> None:
    await topics.create(here.settings)
    for stage in ("assess", "alert"):
        here.start(stage)
    for stage in ("assess", "alert"):
        await here.ready(stage)
    here.sing()


async def _work(here: Installation) -> None:
    demo = articles(datetime.now(UTC))
    await feed(here.settings, here.settings.articles_topics[0], [(None, one.value, ()) for one in demo])
    alert = here.workers["alert"]

    async def done() -> bool:
        sent = await asyncio.to_thread(alert.metric, "tocsin_alerts_total")
        tests = await asyncio.to_thread(alert.metric, "tocsin_test_alerts_total")
        return sent >= 15 and tests >= 2

    await until(done, 120, "alerts of the demo's articles and of the canary")


@pytest.fixture(scope="module")
def answers(prometheus: Prometheus) -> dict[tuple[str, str], list[dict[str, Any]]]:
    return {(panel, expr): prometheus.query(expr) for panel, expr in queries()}


def test_every_target_answers(prometheus: Prometheus) -> None:
    assert prometheus.down() == []


def test_every_query_of_every_panel_returns_data(answers: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    assert len(answers) > 40
    # Nothing of it happens in a healthy installation, and a sum of nothing is 0, not nothing: these do return data.
    assert [f"{panel}: {expr}" for (panel, expr), found in answers.items() if not found] == []


def test_what_the_panels_say_is_true(answers: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    values = {panel: found for (panel, _), found in answers.items()}
    assert float(values["pipeline: Stages that answer"][0]["value"][1]) == 3
    assert float(values["pipeline: Canary"][0]["value"][1]) < 30
    usual = {one["metric"]["country"]: float(one["value"][1]) for one in values["world: Today against the usual"]}
    assert usual, "no country with a usual day"


def test_nothing_fires_in_a_healthy_installation(prometheus: Prometheus) -> None:
    assert prometheus.firing() == {}
