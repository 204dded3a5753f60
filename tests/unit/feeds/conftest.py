"""No test of feeds sees the settings of the person who runs it."""

import os

import pytest


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("TOCSIN_"):
            monkeypatch.delenv(name)
    # A closed port: no test reaches a Kafka by accident.
    monkeypatch.setenv("TOCSIN_BROKERS", "127.0.0.1:1")
