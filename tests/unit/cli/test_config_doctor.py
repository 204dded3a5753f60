"""`config show` hides secrets and tells sources; `doctor` answers every question and never hangs."""

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from streams.cli import checks
from streams.cli.checks_kafka import _advertised
from streams.settings import Settings
from tests.unit.cli.support import command


def test_config_shows_value_and_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text("partitions = 8\nretention_hours = 24\n", encoding="utf-8")
    monkeypatch.setenv("TOCSIN_CONFIG", str(file))
    monkeypatch.setenv("TOCSIN_PARTITIONS", "6")
    done = command("config", "show", "--json")
    assert done.code == 0
    found = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
    assert len(found) == len(Settings.model_fields)
    assert (found["TOCSIN_PARTITIONS"]["value"], found["TOCSIN_PARTITIONS"]["source"]) == ("6", "environment")
    assert found["TOCSIN_RETENTION_HOURS"]["source"] == f"file {file}"
    assert found["TOCSIN_STALE_HOURS"]["source"] == "default"
    assert all(row["description"] for row in found.values())


@pytest.mark.parametrize("options", [[], ["--json"], ["--markdown"]])
def test_config_never_prints_a_secret(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    monkeypatch.setenv("TOCSIN_SASL_PASSWORD", "hushhush")
    done = command("config", "show", *options)
    assert done.code == 0
    assert "hushhush" not in done.out + done.err
    if not options:
        assert "TOCSIN_SASL_PASSWORD=(set, not shown)" in done.out


def test_the_markdown_table_has_a_row_a_setting() -> None:
    lines = command("config", "show", "--markdown").out.splitlines()
    assert len(lines) == len(Settings.model_fields) + 2
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines)
    assert "| `TOCSIN_PARTITIONS` | `4` |" in "\n".join(lines)


def test_doctor_without_a_broker_fails_quickly_and_says_what_to_do() -> None:
    begin = time.monotonic()
    done = command("doctor", "--json")
    assert done.code == 1
    found = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
    assert found["broker"]["verdict"] == "failed"
    assert "TOCSIN_BROKERS" in found["broker"]["fix"]
    for name in ("python", "torch", "weights", "faust-streaming", "aiokafka", "settings", "codecs"):
        assert found[name]["verdict"] == "ok", found[name]
    assert time.monotonic() - begin < 30


def test_doctor_offline_is_content_with_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_ASSESS_PORT", "0")
    monkeypatch.setenv("TOCSIN_ALERT_PORT", "0")
    done = command("doctor", "--offline")
    assert done.code == 0
    assert all(line.startswith("ok ") for line in done.out.splitlines())


def test_doctor_tells_bad_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PARTITIONS", "many")
    done = command("doctor")
    assert done.code == 1
    assert done.out.startswith("FAILED settings")


def named(name: str, found: Any) -> Any:
    return next(check for check in found if check.name == name)


def test_doctor_sees_a_taken_port_wrong_weights_and_other_versions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(assess_port=taken.getsockname()[1], alert_port=0, weights=tmp_path)
        monkeypatch.setattr(checks, "installed", lambda name: "0.0.1")
        found = list(checks.local(settings))
    assert named("port assess", found).verdict == "unknown"
    assert named("port alert", found).verdict == "ok"
    assert named("weights", found).verdict == "failed"
    for name in ("faust-streaming", "aiokafka"):
        assert named(name, found).verdict == "failed"
        assert "pip install" in named(name, found).fix


def test_doctor_warns_of_an_address_that_nobody_answers_at() -> None:
    check = asyncio.run(_advertised("127.0.0.1", 1))
    assert check.verdict == "failed"
    assert "advertised.listeners" in check.fix
    with socket.create_server(("127.0.0.1", 0)) as there:
        assert asyncio.run(_advertised("127.0.0.1", there.getsockname()[1])).verdict == "ok"


def test_doctor_does_not_wait_for_a_broker_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("TOCSIN_BROKERS", f"127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        done = command("doctor", "--json")
    assert done.code == 1
    assert json.loads(done.out.splitlines()[-1])["name"] == "broker"
    assert time.monotonic() - begin < 20
