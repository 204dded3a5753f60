"""A real Prometheus and a real Alertmanager, with the very configuration that compose mounts.

What differs is written beside it: the targets (processes of this machine), and times, where a test has no hours.
"""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streams.kafka.embedded import free_ports

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
HINT = "no Prometheus: install Debian's prometheus (and prometheus-alertmanager)"


def binary(*names: str) -> str | None:
    """The first of these programs that is here."""
    return next((found for name in names if (found := shutil.which(name))), None)


def render(out: Path, faster: float = 1) -> None:
    """The rules, every time divided by `faster`."""
    subprocess.run([str(DEPLOY / "render"), "--faster", str(faster), "--out", str(out)], check=True)


class _Server:
    """One program as a process; `ready` is a page that answers when it is."""

    def __init__(self, command: list[str], log: Path, ready: str) -> None:
        self.log, self._ready = log, ready
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)

    def wait_ready(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(self._ready, timeout=2) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{self.process.args} does not start:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class _Served:
    """What a server is ended with, when its block ends."""

    _server: _Server

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


class Prometheus(_Served):
    """Use as a context manager. `targets`: job to ports of this machine. `data`: a folder with blocks, or empty."""

    def __init__(
        self,
        folder: Path,
        targets: Mapping[str, list[int]],
        *,
        faster: float = 1,
        scrape: str = "15s",
        alertmanager: int | None = None,
        data: Path | None = None,
    ) -> None:
        self.folder = folder / "prometheus"
        shutil.copytree(DEPLOY / "prometheus", self.folder)
        render(self.folder / "rules" / "tocsin.yml", faster)
        config = (self.folder / "prometheus.yml").read_text()
        config = re.sub(r"(scrape_interval|evaluation_interval): 15s", rf"\1: {scrape}", config)
        config = config.replace("scrape_timeout: 10s", f"scrape_timeout: {scrape}")
        (self.folder / "prometheus.yml").write_text(config)
        (self.folder / "targets" / "compose.yml").unlink()
        (self.folder / "targets" / "alertmanager" / "compose.yml").unlink()
        groups = [
            {"targets": [f"127.0.0.1:{port}" for port in ports], "labels": {"job": job}}
            for job, ports in targets.items()
        ]
        (self.folder / "targets" / "here.yml").write_text(json.dumps(groups))
        if alertmanager is not None:
            found = [{"targets": [f"127.0.0.1:{alertmanager}"]}]
            (self.folder / "targets" / "alertmanager" / "here.yml").write_text(json.dumps(found))
        (self.port,) = free_ports(1)
        self._data = data or self.folder / "data"

    def __enter__(self) -> Self:
        program = binary("prometheus")
        assert program is not None, HINT
        command = [
            program,
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--storage.tsdb.retention.time=30d",
        ]
        self._server = _Server(command, self.folder / "log", f"http://127.0.0.1:{self.port}/-/ready")
        self._server.wait_ready()
        return self

    def _get(self, page: str, **query: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{page}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Samples of an instant query. Raises AssertionError with what Prometheus says of a wrong one."""
        return list(self._get("query", query=expr)["result"])

    def series(self, expr: str, seconds: float, step: float) -> list[dict[str, Any]]:
        """Lines of a range query over the last `seconds`."""
        now = time.time()
        return list(
            self._get("query_range", query=expr, start=f"{now - seconds}", end=f"{now}", step=f"{step}")["result"]
        )

    def firing(self) -> dict[str, dict[str, str]]:
        """Firing alerts: name to its labels."""
        return {
            one["labels"]["alertname"]: one["labels"]
            for one in self._get("alerts")["alerts"]
            if one["state"] == "firing"
        }

    def down(self) -> list[str]:
        """Targets that did not answer, with what went wrong."""
        return [
            f"{one['scrapeUrl']}: {one['lastError']}"
            for one in self._get("targets")["activeTargets"]
            if one["health"] != "up"
        ]


class Alertmanager(_Served):
    """The shipped configuration, with a webhook of this machine for each receiver. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "alertmanager"
        self._folder.mkdir()
        self.port, cluster = free_ports(2)
        self._cluster = cluster
        self.told: list[tuple[str, str, str]] = []
        """(receiver, status, alert name) of everything that was sent."""

    def __enter__(self) -> Self:
        told = self.told

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    told.append((body["receiver"], alert["status"], alert["labels"]["alertname"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self._hook.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self._hook.server_address[1]}/"
        config = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text()
        for name in ("pager", "chat"):
            hook = f"  - name: {name}\n    webhook_configs: [{{url: '{url}', send_resolved: true}}]"
            assert f"  - name: {name}\n" in config
            config = config.replace(f"  - name: {name}\n", f"{hook}\n")
        config = config.replace("group_wait: 10s", "group_wait: 1s").replace("group_interval: 1m", "group_interval: 2s")
        (self._folder / "alertmanager.yml").write_text(config)
        program = binary("alertmanager", "prometheus-alertmanager")
        assert program is not None, HINT
        command = [
            program,
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]
        self._server = _Server(command, self._folder / "log", f"http://127.0.0.1:{self.port}/-/ready")
        self._server.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._hook.shutdown()
