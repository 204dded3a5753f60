"""Rules, their tests and their entries in the runbook belong together; Alertmanager sends each to the right people."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.observe.metrics import build
from tests.deploy.prometheus import DEPLOY, binary, render

RULES = DEPLOY / "prometheus" / "rules" / "tocsin.yml"
promtool = pytest.mark.skipif(binary("promtool") is None, reason="promtool is not installed")
amtool = pytest.mark.skipif(binary("amtool") is None, reason="amtool is not installed")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_the_shipped_rules_are_those_of_their_source(tmp_path: Path) -> None:
    render(tmp_path / "rules.yml")
    assert (tmp_path / "rules.yml").read_text() == RULES.read_text(), "run deploy/render"


def test_thirty_times_as_fast_every_time_is_a_thirtieth(tmp_path: Path) -> None:
    render(tmp_path / "rules.yml", faster=30)
    fast = {rule["alert"]: rule for rule in yaml.safe_load((tmp_path / "rules.yml").read_text())["groups"][1]["rules"]}
    assert fast["TocsinDown"]["for"] == "2s"
    assert "[10s]" in fast["TocsinStalled"]["expr"]
    assert fast["TocsinCanaryFailing"]["expr"].endswith("> 10")
    assert fast["TocsinDown"]["expr"] == next(rule["expr"] for rule in alerts() if rule["alert"] == "TocsinDown")


def test_every_alert_says_how_bad_what_and_where_to_read_on() -> None:
    found = alerts()
    assert len(found) >= 20
    for rule in found:
        assert re.fullmatch(r"Tocsin[A-Z][A-Za-z]+", rule["alert"])
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert len(rule["annotations"]["summary"]) < 110
        assert rule["annotations"]["runbook_url"].endswith(f"#{rule['alert'].lower()}")


def test_every_alert_has_its_entry_in_the_runbook_and_no_other_is_there() -> None:
    entries = re.findall(r"^### (Tocsin\w+)", (DEPLOY / "RUNBOOK.md").read_text(), re.MULTILINE)
    assert sorted(entries) == sorted(rule["alert"] for rule in alerts())


def test_every_alert_is_seen_to_fire_and_to_keep_quiet() -> None:
    files = (DEPLOY / "prometheus" / "tests").glob("*.yml")
    cases = [case for file in files for case in yaml.safe_load(file.read_text())["tests"]]
    fires: dict[str, set[bool]] = {}
    for case in cases:
        for test in case.get("promql_expr_test", []):
            (name,) = re.findall(r'alertname="(\w+)"', test["expr"])
            fires.setdefault(name, set()).add(test["exp_samples"][0]["value"] > 0)
    assert fires == {rule["alert"]: {True, False} for rule in alerts()}


def test_every_metric_that_is_asked_for_exists() -> None:
    from streams.canary.metrics import build as build_canary

    known = {"up", "process_start_time_seconds", "process_resident_memory_bytes"}
    for registry in (build().registry, build_canary(0).registry):
        for family in registry.collect():
            known |= {sample.name for sample in family.samples}
            known |= {f"{family.name}{tail}" for tail in ("", "_total", "_bucket", "_count", "_sum")}
    for rule in alerts():
        for name in re.findall(r"\b((?:tocsin|process)_[a-z_]+)\b", rule["expr"]):
            assert name in known, f"{rule['alert']}: {name}"


@promtool
def test_promtool_accepts_the_configuration() -> None:
    for what, file in (("config", "prometheus.yml"), ("rules", "rules/tocsin.yml")):
        done = subprocess.run(
            ["promtool", "check", what, str(DEPLOY / "prometheus" / file)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@promtool
@pytest.mark.requirement(14)
def test_each_rule_fires_and_keeps_quiet_when_it_should() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", str(DEPLOY / "prometheus" / "tests" / "tocsin.yml")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@amtool
@pytest.mark.parametrize(("severity", "receiver"), [("critical", "pager"), ("warning", "chat"), ("info", "nobody")])
def test_who_hears_what(severity: str, receiver: str) -> None:
    file = DEPLOY / "alertmanager" / "alertmanager.yml"
    assert subprocess.run(["amtool", "check-config", str(file)], capture_output=True).returncode == 0
    for rule in (rule["alert"] for rule in alerts() if rule["labels"]["severity"] == severity):
        ask = ["amtool", "config", "routes", "test", f"--config.file={file}"]
        done = subprocess.run([*ask, f"alertname={rule}", f"severity={severity}"], capture_output=True, text=True)
        assert done.stdout.split() == [receiver], rule


def test_compose_has_every_target_at_its_port() -> None:
    services = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]
    folder = DEPLOY / "prometheus" / "targets"
    for file in (folder / "compose.yml", folder / "alertmanager" / "compose.yml"):
        for group in yaml.safe_load(file.read_text()):
            for target in group["targets"]:
                service, _, port = target.partition(":")
                assert f"127.0.0.1:{port}:{port}" in services[service]["ports"], target
                assert group.get("labels", {}).get("job", f"tocsin-{service}") == f"tocsin-{service}"


def test_what_silences_what_exists() -> None:
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    names = {rule["alert"] for rule in alerts()}
    for rule in config["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            assert set(re.findall(r"Tocsin\w+", matcher)) <= names, matcher
