"""The demo's installation: an embedded broker, its topics, and a worker, each a process of its own, on free ports.

Guarantees: when the block ends, however it ends, all of it is gone, the temporary folder too; a worker that dies is
reported with the last lines of its log. If we are killed outright, the kernel ends what we started. Settings of the
environment do not reach it. Refuses to run without the extra `embedded`.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.errors import TocsinError
from streams.kafka.embedded import HOST, EmbeddedBroker, end_with_parent, free_ports
from streams.settings import PREFIX, Settings, child_environment

__all__ = ["STAGES", "Installation", "WorkerDiedError"]

STAGES = ("assess", "alert")
_DRAIN_SECONDS = 8.0
_LOG_LINES = 6


class WorkerDiedError(TocsinError):
    """A stage of the demo's worker ended by itself."""


class Installation:
    """Use as a context manager: entering starts the broker; `start_workers` the stages, once there are topics."""

    def __init__(self, *, board: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
        self._broker = EmbeddedBroker()
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        *found, last = free_ports(len(STAGES) + 1)
        self.ports = dict(zip(STAGES, found, strict=True))
        self.board = last if board else None
        """Port of the board, if there is one."""
        self.settings: Settings

    def __enter__(self) -> Self:
        try:
            self._broker.start()
            values = {
                "environment": "demo",
                "brokers": self._broker.servers,
                "embedded_broker": True,
                "session_timeout": 6.0,
                "heartbeat_interval": 1.0,
                "audit_topic": "audit",
                "partitions": 2,
                "assess_port": self.ports["assess"],
                "alert_port": self.ports["alert"],
                "data_dir": self._folder / "faust",
                "board_port": self.board or 0,
            }
            # Every field is given, so that nothing of the environment or of a settings file is asked for.
            defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
            self.settings = Settings(**{**defaults, **values})
            self._overrides = {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start_workers(self) -> None:
        """Start both stages, as `tocsin worker` does, and the board, if there is to be one."""
        for stage in STAGES:
            self._start(stage, "worker", "--stages", stage)
        if self.board is not None:
            self._start("board", "board")

    def _start(self, name: str, *command: str) -> None:
        environment = child_environment() | self._overrides
        with self._log(name).open("wb") as log:
            self._workers[name] = subprocess.Popen(
                [sys.executable, "-m", "streams.cli.main", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True, preexec_fn=end_with_parent(signal.SIGTERM),
            )  # fmt: skip

    def _log(self, stage: str) -> Path:
        return self._folder / f"{stage}.log"

    def ready(self) -> bool:
        """Whether both stages say that they are. Raises WorkerDiedError."""
        self.check()
        return all(_get(port, "/readyz") is not None for port in self.ports.values())

    def drained(self, *, fed: bool) -> bool:
        """Whether the alert stage has finished everything that stage 1 wrote, by its own metrics. `fed`: stage 1 has
        written something, so the metrics must know of it."""
        lags = re.findall(
            rb"^tocsin_consumer_lag_messages{[^}]*} (\S+)$", _get(self.ports["alert"], "/metrics") or b"", re.M
        )
        return (bool(lags) or not fed) and not any(float(lag) for lag in lags)

    def check(self) -> None:
        """Raise WorkerDiedError if a stage has ended."""
        for stage, process in self._workers.items():
            code = process.poll()
            if code is not None:
                raise WorkerDiedError(f"the worker's stage {stage} ended with exit code {code}: {self._tail(stage)}")

    def _tail(self, stage: str) -> str:
        lines = self._log(stage).read_text("utf-8", "replace").splitlines()
        said = [text for text in map(_message, lines) if text]
        return " / ".join(said[-_LOG_LINES:]) or "it wrote no log"

    def close(self) -> None:
        """End everything; may be called twice."""
        for process in self._workers.values():
            _signal(process, signal.SIGTERM)
        end = time.monotonic() + _DRAIN_SECONDS
        for process in self._workers.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        self._workers.clear()
        self._broker.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _get(port: int, page: str) -> bytes | None:
    """The page, if the stage answers with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _message(line: str) -> str:
    """What a log line says, if it is worth telling: warnings and errors of our JSON lines, anything else whole."""
    try:
        entry = json.loads(line)
        return str(entry["message"]) if entry["level"] in ("WARNING", "ERROR", "CRITICAL") else ""
    except (ValueError, KeyError, TypeError):
        return line.strip()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)
