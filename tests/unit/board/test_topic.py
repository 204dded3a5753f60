"""The board on brokers: it reads the last hours of the topic, follows it, and lives through the broker's death."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.alert.record import encode
from streams.board.source import AlertsTopic
from streams.kafka import clients, topics
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.conftest import BROKERS
from tests.kafka.cluster import ApacheKafka
from tests.kafka.tools import feed, settings_for
from tests.unit.board.support import alert, serving


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Any:
    """A broker of each kind."""
    name = "apache_kafka" if request.param == "apache" else "embedded_broker"
    return request.getfixturevalue(name)


def settings_of(broker: ApacheKafka | EmbeddedBroker, folder: Path, topic: str = "alerts") -> Settings:
    embedded = isinstance(broker, EmbeddedBroker)
    return settings_for(broker.servers, embedded=embedded, folder=folder, board_hours=24, alerts_topic=topic)


async def until(what: Callable[[], bool], seconds: float) -> None:
    for _ in range(int(seconds / 0.05)):
        if what():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to that")


async def put(settings: Settings, *values: bytes) -> None:
    await feed(settings, settings.alerts_topic, [(None, value, ()) for value in values])


async def test_it_reads_follows_and_disturbs_nobody(broker: ApacheKafka | EmbeddedBroker, tmp_path: Path) -> None:
    settings = settings_of(broker, tmp_path)
    async with serving(
        AlertsTopic(settings), brokers=settings.brokers, embedded_broker=settings.embedded_broker
    ) as board:
        desk = board.desk
        await until(lambda: desk.status.fault == "topic", 20)
        await topics.create(settings)
        await until(lambda: desk.status.state == "live", 30)
        assert desk.status.incidents == 0
        await put(settings, encode(alert(1)), b"no alert", encode(alert(1)), encode(alert(2)))
        await until(lambda: desk.status.incidents == 2, 10)
        await until(lambda: desk.status.strangers == 1, 10)
    source = AlertsTopic(settings)
    async with serving(source, brokers=settings.brokers, embedded_broker=settings.embedded_broker) as board:
        await until(lambda: board.desk.status.state == "live", 30)
        assert board.desk.status.incidents == 2, "another board reads it all again"


@pytest.mark.kafka
async def test_the_death_of_the_broker_is_said_and_leaves_no_gap(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    # A topic of its own: an old time after new ones is read with them.
    settings = settings_of(apache_kafka, tmp_path, "alerts-of-the-dead")
    await topics.create(settings)
    async with clients.producer(settings) as producer:
        long_ago = 1_700_000_000_000
        await producer.send_and_wait(settings.alerts_topic, encode(alert(7)), timestamp_ms=long_ago)
    async with serving(AlertsTopic(settings), brokers=settings.brokers) as board:
        desk = board.desk
        await until(lambda: desk.status.state == "live", 30)
        assert desk.status.incidents == 0, "the topic's own time decides where reading begins"
        await put(settings, encode(alert(10)))
        await until(lambda: desk.status.incidents == 1, 10)

        apache_kafka.nodes[0].send(signal.SIGSTOP)
        await until(lambda: desk.status.state == "lost", 15)
        apache_kafka.nodes[0].send(signal.SIGCONT)
        await until(lambda: desk.status.state == "live", 40)
        await put(settings, encode(alert(11)))
        await until(lambda: desk.status.incidents == 2, 10)

        await asyncio.to_thread(apache_kafka.stop, signal.SIGKILL)
        await until(lambda: desk.status.state == "lost", 15)
        since = desk.status.since
        await asyncio.sleep(3)
        assert desk.status.since == since
        await asyncio.to_thread(apache_kafka.start)
        await put(settings, encode(alert(12)), encode(alert(13)))
        await until(lambda: desk.status.incidents == 4, 40)
        await until(lambda: desk.status.state == "live", 10)
        assert desk.status.complete
