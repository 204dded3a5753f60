"""The one script that checks all of it passes as it is, and fails for each file that is broken on purpose."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.prometheus import ROOT, binary

pytestmark = [
    pytest.mark.timeout(280),
    pytest.mark.skipif(binary("promtool") is None or binary("amtool") is None, reason="promtool and amtool are needed"),
]


def check(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "check"), "--root", str(root), *options]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What is deployed, and its tests, to be broken."""
    root = tmp_path / "copy"
    root.mkdir()
    for name in ("deploy", "streams", "models", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "weights", "*.jsonl"))
    (root / "models" / "weights").mkdir(exist_ok=True)
    shutil.copy(ROOT / "models" / "weights" / "manifest.json", root / "models" / "weights")
    for name in ("docker-compose.yml", ".dockerignore", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root)
    return root


def test_all_is_well() -> None:
    done = check(ROOT, "--quick")  # our own tests of it run beside this one
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout


def put(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text, f"{old!r} is not there any more"
        return text.replace(old, new, 1)

    return change


BROKEN = [
    ("docker-compose.yml", put("depends_on:", "depends_onn:"), "compose: its schema"),
    ("docker-compose.yml", put('"127.0.0.1:9092:9092"', '"9092:9092"'), "our own: compose"),
    ("docker-compose.yml", put("TOCSIN_BROKERS", "TOCSIN_BROKER"), "our own: compose"),
    ("deploy/Dockerfile", put("USER 10001", "USER root"), "Dockerfile"),
    ("deploy/prometheus/prometheus.yml", put("rule_files:", "rule_fils:"), "Prometheus' configuration"),
    ("deploy/prometheus/rules.in.yml", put("> 14.4", "> 14"), "rules are those"),
    ("deploy/prometheus/times.toml", put('down_for = "1m"', 'down_for = "2m"'), "rules are those"),
    ("deploy/prometheus/rules/tocsin.yml", put("for: 1m", "for: 2m"), "rules are those"),
    ("deploy/prometheus/rules/tocsin.yml", put("sum by (", "sum bye ("), "rules"),
    (
        "deploy/prometheus/tests/tocsin.yml",
        put("exp_samples: [{value: 1}]", "exp_samples: [{value: 3}]"),
        "fire and keep",
    ),
    ("deploy/alertmanager/alertmanager.yml", put("- name: pager", "- name: paper"), "Alertmanager's configuration"),
    ("deploy/alertmanager/alertmanager.yml", put('severity="critical"', 'severity="page"'), "critical wakes"),
    ("deploy/grafana/dashboards/world.json", put('"timezone": "utc"', '"timezone": "browser"'), "dashboards are"),
    ("deploy/grafana/dashboards/pipeline.json", put('"timezone": "utc"', '"timezone": "browser"'), "dashboards are"),
    ("deploy/grafana/build", put("graphTooltip", "graphTooltips"), "dashboards are"),
    ("deploy/grafana/provisioning/datasources/tocsin.yml", put("uid: tocsin-", "uid: other-"), "our own: grafana"),
    (
        "deploy/grafana/provisioning/dashboards/tocsin.yml",
        put("allowUiUpdates: false", "allowUiUpdates: true"),
        "our own: grafana",
    ),
    ("deploy/kubernetes/base/assess.yaml", put("readinessProbe:", "readynessProbe:"), "our own: kubernetes"),
    ("deploy/kubernetes/base/alert.yaml", put("runAsNonRoot: true", "runAsNonRoot: false"), "our own: kubernetes"),
    ("deploy/kubernetes/base/scaledobject.yaml", put("minReplicaCount", "minReplicas"), "our own: kubernetes"),
    ("deploy/kubernetes/base/kustomization.yaml", put("alert.yaml", "alerts.yaml"), "Kubernetes: base"),
    ("deploy/kubernetes/base/settings.env", put("TOCSIN_BROKERS", "TOCSIN_BROKER"), "our own: kubernetes"),
    ("deploy/kubernetes/overlays/production/settings.env", put("TOCSIN_TLS=", "TOCSIN_TSL="), "our own: kubernetes"),
    ("deploy/schemas/podmonitor-monitoring-v1.json", put("podMetricsEndpoints", "endpoints"), "our own: kubernetes"),
    ("deploy/schemas/scaledobject-keda-v1alpha1.json", put("minReplicaCount", "least"), "our own: kubernetes"),
    (
        "deploy/schemas/triggerauthentication-keda-v1alpha1.json",
        put("secretTargetRef", "secrets"),
        "our own: kubernetes",
    ),
    ("deploy/prometheus/targets/compose.yml", put("assess:6066", "assess:6060"), "our own: prometheus"),
    ("deploy/prometheus/targets/alertmanager/compose.yml", put("alertmanager:", "manager:"), "our own: prometheus"),
    (
        "deploy/prometheus/tests/slow.yml",
        put("exp_samples: [{value: 1}]", "exp_samples: [{value: 3}]"),
        "fire and keep",
    ),
    ("deploy/render", put("/ faster", "* faster"), "our own: prometheus"),
    ("deploy/constraints.txt", put("torch==", "torch>="), "our own: dockerfile"),
    (".dockerignore", put("!streams", "streams"), "our own: dockerfile"),
    ("deploy/SECURITY.md", put("--group tocsin-assess", "--group tocsin-asses"), "our own: rights"),
    ("deploy/feeds/starter.opml", put("<opml", "<opmll"), "our own: feeds"),
    ("deploy/RUNBOOK.md", put("### TocsinDown", "### TocsinGone"), "our own: prometheus"),
]


def test_every_yaml_file_is_read(copy: Path) -> None:
    files = [*(copy / "deploy").rglob("*.yml"), *(copy / "deploy").rglob("*.yaml"), copy / "docker-compose.yml"]
    for file in files:
        file.write_text(file.read_text() + "\nbroken: [unclosed\n")
    said = check(copy, "--only", "YAML").stdout
    assert [str(file) for file in files if str(file) not in said] == []


def test_nothing_of_what_is_deployed_is_left_out() -> None:
    """Every file is broken on purpose by a test of this module, but the script itself."""
    listed = {name for name, _, _ in BROKEN}
    tracked = subprocess.run(["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    left = [name for name in tracked if name not in listed and not name.endswith((".yml", ".yaml"))]
    assert left == ["deploy/check"]


@pytest.mark.parametrize(
    ("name", "change", "only"),
    BROKEN,
    ids=[f"{Path(name).name}-{number}" for number, (name, _, _) in enumerate(BROKEN)],
)
def test_whatever_is_broken_is_seen(copy: Path, name: str, change: Callable[[str], str], only: str) -> None:
    file = copy / name
    file.write_text(change(file.read_text()))
    done = check(copy, "--only", only)
    if "not here" in done.stdout and "FAILED" not in done.stdout:
        pytest.skip(done.stdout)
    assert done.returncode == 1, done.stdout
    assert "FAILED" in done.stdout
