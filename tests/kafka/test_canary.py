"""The canary against running stages: its articles come out as alerts, and their absence is said."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from streams.kafka import topics
from streams.kafka.embedded import free_ports
from streams.settings import Settings
from tests.conftest import BROKERS, broker_of
from tests.kafka.tools import Worker, alerts, environment, settings_for, until

pytestmark = pytest.mark.timeout(200)


def once(settings: Settings, wait: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.cli.main", "canary", "--once", "--wait", str(wait)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(settings))


def sing(settings: Settings) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "streams.cli.main", "canary"]
    return subprocess.Popen(command, env=environment(settings), stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", BROKERS)
async def test_it_comes_through_every_partition_and_says_so_when_it_does_not(kind: str, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with broker_of(kind) as broker:
        settings = settings_for(
            broker.servers, embedded=kind == "embedded", folder=tmp_path, canary_port=port, canary_interval=0.5
        )
        await topics.create(settings)
        with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
            assess.wait_ready()
            alert.wait_ready()
            first = once(settings, 60)
            assert first.returncode == 0, first.stdout + first.stderr
            assert sorted(line.split(":")[0] for line in first.stdout.splitlines()) == ["partition 0", "partition 1"]
            found = await alerts(settings)
            assert {(one["status"], one["country"], one["event"]) for one in found} == {("Test", "ZZ", "evacuation")}

            canary = sing(settings)
            try:

                def metric(name: str) -> float:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
                        lines = [line.split() for line in page.read().decode().splitlines()]
                    return sum(float(line[1]) for line in lines if line[0].split("{")[0] == name)

                async def sung() -> bool:
                    try:
                        return metric("tocsin_canary_alerts_total") >= 4
                    except OSError:
                        return False

                await until(sung, 60, "four test articles that came out as alerts")
                assert time.time() - metric("tocsin_canary_last_success_timestamp_seconds") < 30
                # Nothing of it is news of the world.
                assert alert.metric("tocsin_alerts_total") == 0
                assert alert.metric("tocsin_incidents") == 0
                assert alert.metric("tocsin_test_alerts_total") >= 6
                assert assess.metric("tocsin_test_articles_total") >= 6
            finally:
                os.kill(canary.pid, signal.SIGTERM)
                assert canary.wait(30) == 0
            alert.kill()
            silent = once(settings, 5)
            assert silent.returncode == 1
            assert "2 test articles did not come out within 5 s" in silent.stderr
    nobody = once(settings, 5)
    assert nobody.returncode in (1, 4)
    assert "no Kafka answers" in nobody.stderr
