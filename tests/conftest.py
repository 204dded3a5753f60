"""Fixtures for all rooms: fixture files, brokers, and worker processes."""

import base64
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.embedded import EmbeddedBroker
from tests.kafka.cluster import HINT, ApacheKafka, find_kafka

FIXTURES = Path(__file__).parent / "fixtures"


def pytest_configure() -> None:
    """A shell starts what it puts into the background with SIGINT ignored, which the processes of the tests would
    inherit, and some of them are ended by it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need an Apache Kafka are skipped by name, with one line that says how to enable them."""
    if find_kafka() is None:
        for item in items:
            if item.get_closest_marker("kafka"):
                item.add_marker(pytest.mark.skip(reason=HINT))


@pytest.fixture(scope="session")
def founding_story() -> dict[str, Any]:
    """The story that the project began with, as a crawler stored it."""
    return dict(json.loads((FIXTURES / "founding_story.json").read_text("utf-8")))


@pytest.fixture(scope="session")
def poison() -> dict[str, bytes]:
    """Hostile and broken record values by name."""
    lines = (FIXTURES / "poison_messages.jsonl").read_text("utf-8").splitlines()
    return {(item := json.loads(line))["name"]: base64.b64decode(item["value_b64"]) for line in lines}


BROKERS = [pytest.param("apache", marks=pytest.mark.kafka), pytest.param("embedded", marks=pytest.mark.embedded)]
"""Parameters of a fixture that gives every kind of broker."""


def broker_of(kind: str, extra: dict[str, str] | None = None) -> ApacheKafka | EmbeddedBroker:
    """A broker of that kind, not yet started; `extra` are settings of an Apache Kafka."""
    if kind == "embedded":
        return EmbeddedBroker()
    home = find_kafka()
    assert home is not None, HINT
    return ApacheKafka(home, extra)


@pytest.fixture(scope="module")
def apache_kafka() -> Iterator[ApacheKafka]:
    """A fresh Apache Kafka for the tests of one module."""
    with broker_of("apache") as broker:
        yield broker


@pytest.fixture(scope="module")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """A fresh embedded broker for the tests of one module."""
    with EmbeddedBroker() as broker:
        yield broker
