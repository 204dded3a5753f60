"""The demo for real, on a few articles: alerts from the worker through the broker, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from streams.alert.record import adapter

pytestmark = pytest.mark.embedded


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "demo", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def left_behind(folder: Path) -> list[str]:
    """Processes that know the demo's folder, and files in it."""
    found = [str(path) for path in folder.glob("tocsin-*")]
    for process in psutil.process_iter():
        try:
            if str(folder) in process.environ().get("TOCSIN_DATA_DIR", ""):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_alerts_come_as_json_lines_then_the_summary_and_ctrl_c_ends_what_was_kept(tmp_path: Path) -> None:
    # Settings of the person's own Kafka must not reach the demo: the fixture points them at a closed port.
    process = start(tmp_path, "--json", "--keep", "--limit", "8", "--rate", "20")
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "alert    http" in line:
            break
    assert "articles in" in said, said
    assert "TOCSIN_BROKERS=127.0.0.1:" in said
    assert len(left_behind(tmp_path)) >= 4
    (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)/\?tests", said)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/incidents", timeout=10) as page:
        assert "HT" in {incident["country"] for incident in json.load(page)["incidents"]}
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    alerts = [adapter.validate_json(line) for line in out.splitlines()]
    assert ("HT", "evacuation") in {(alert.country, alert.event) for alert in alerts}
    assert {alert.status for alert in alerts} == {"Exercise"}
    assert len({alert.alert_id for alert in alerts}) == len(alerts)
    assert {item.topic for alert in alerts for item in alert.inputs} == {"articles"}
    assert "Traceback" not in said + err
    assert "\x1b" not in said + err
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_whatever_ends_it_ends_everything(tmp_path: Path, number: int, code: int) -> None:
    process = start(tmp_path)
    end = time.monotonic() + 60
    while len(left_behind(tmp_path)) < 3 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(left_behind(tmp_path)) >= 3  # the folder and two stages
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 3
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    if number != signal.SIGKILL:
        assert left_behind(tmp_path) == []
