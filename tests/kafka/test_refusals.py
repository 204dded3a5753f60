"""What a worker refuses to start with, and how it says so: one sentence, its own exit code, nothing left behind."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streams.kafka import topics
from streams.kafka.embedded import EmbeddedBroker, free_ports
from streams.settings import Settings
from tests.kafka.tools import Worker, environment, feed, read_all, settings_for, until


def start(settings: Settings, stage: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", "worker", "--stages", stage],
        capture_output=True, text=True, timeout=90, env=environment(settings),
    )  # fmt: skip


def test_no_broker(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    done = start(settings_for(f"127.0.0.1:{port}", embedded=False, folder=tmp_path), "alert")
    assert done.returncode == 4
    assert "no Kafka answers" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.embedded
def test_missing_topics(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    done = start(settings_for(embedded_broker.servers, embedded=True, folder=tmp_path, alerts_topic="other"), "alert")
    assert done.returncode == 4
    assert "tocsin topics create" in done.stderr


@pytest.mark.embedded
def test_a_taken_port(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_for(
            embedded_broker.servers, embedded=True, folder=tmp_path, alert_port=taken.getsockname()[1]
        )
        asyncio.run(topics.create(settings))
        done = start(settings, "alert")
    assert done.returncode == 7, done.stderr
    assert "can't be listened on" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.embedded
@pytest.mark.requirement(5)
async def test_nothing_but_rubbish_stops_the_worker_and_leaves_the_lag(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker:
        settings = settings_for(broker.servers, embedded=True, folder=tmp_path, dead_letter_run=50, partitions=1)
        await topics.create(settings)
        await feed(settings, "articles", ((None, b"rubbish %d" % n, ()) for n in range(300)))
        with Worker(settings, "assess") as worker:

            async def ended() -> bool:
                return worker.process.poll() is not None

            await until(ended, 60, "the worker to stop")
            assert worker.process.returncode == 6, worker.text()[-2000:]
            assert "were all unusable" in worker.text()
        assert len(await read_all(settings, "articles.dlq")) < 50
