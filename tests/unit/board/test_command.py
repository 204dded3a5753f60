"""`tocsin board` as a process: it says where it is, serves without a broker, and ends as it should."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from streams.settings import child_environment
from tests.unit.cli.support import command

NOBODY = {"TOCSIN_BROKERS": "127.0.0.1:1", "TOCSIN_BOARD_PORT": "0"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_serves_without_a_broker_and_ends_when_told(number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "board"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment() | NOBODY,
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith("tocsin: the board is at http://127.0.0.1:")
        address = said.rsplit(" ", 1)[1].strip()
        for _ in range(200):
            with urllib.request.urlopen(f"{address}api/incidents", timeout=10) as answer:
                status = json.loads(answer.read())["status"]
            if status["state"] == "lost":
                break
            time.sleep(0.05)
        assert status["fault"] == "broker"
        assert "127.0.0.1:1" in status["why"]
        process.send_signal(number)
        out, more = process.communicate(timeout=30)
        assert (process.returncode, out, more) == (code, "", "")
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_ends_it_with_7(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_BROKERS", "127.0.0.1:1")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = command("board", "--port", str(other.getsockname()[1]))
    assert (done.code, done.out, done.err.count("\n")) == (7, "", 1)
    assert "TOCSIN_BOARD_PORT" in done.err


def test_a_wrong_port_is_a_wrong_command_line() -> None:
    assert command("board", "--port", "70000").code == 2
