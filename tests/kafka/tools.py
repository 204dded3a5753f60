"""What tests of the running system share: settings, worker processes, feeding and reading topics."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaTimeoutError

from streams.kafka import clients
from streams.kafka.embedded import free_ports
from streams.kafka.scan import partitions_of, to_the_ends
from streams.settings import Settings

RECORD = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]


def settings_for(servers: str, *, embedded: bool, folder: Path, **more: Any) -> Settings:
    """Settings of a small installation, quick to join its group."""
    assess, alert = free_ports(2)
    values: dict[str, Any] = {
        "brokers": servers,
        "embedded_broker": embedded,
        "session_timeout": 6,
        "heartbeat_interval": 1,
        "assess_port": assess,
        "alert_port": alert,
        "data_dir": folder,
        "audit_topic": "audit",
        "partitions": 2,
    }
    return Settings(**{**values, **more})


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment of a worker process."""
    found = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value is None:
            continue
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        found[f"TOCSIN_{name.upper()}"] = text
    return found


class RawName(str):
    """A header's name that is encoded as the bytes that it was made of, UTF-8 or not."""

    __slots__ = ("raw",)

    def __new__(cls, raw: bytes) -> "RawName":
        made = super().__new__(cls, raw.decode("latin-1"))
        made.raw = raw
        return made

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self.raw


class Worker:
    """One stage as a process. Use as a context manager: it is ended with the test. `module` is what runs instead of
    the command line itself, in an environment with `more`.
    """

    def __init__(
        self, settings: Settings, stage: str, module: str = "streams.cli.main", more: Mapping[str, str] | None = None
    ) -> None:
        self.settings, self.stage = settings, stage
        self.log = Path(settings.data_dir) / f"{stage}-{time.monotonic_ns()}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "worker", "--stages", stage],
                stdout=log, stderr=log, env=environment(settings) | dict(more or {}), start_new_session=True,
            )  # fmt: skip

    @property
    def port(self) -> int:
        return self.settings.assess_port if self.stage == "assess" else self.settings.alert_port

    def status(self, name: str) -> tuple[int, str]:
        """Status and text of a page, whatever the status."""
        try:
            return 200, self.page(name)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def page(self, name: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
            return str(answer.read().decode())

    def metric(self, name: str) -> float:
        """Sum of a metric over its labels."""
        lines = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.page("metrics"), re.MULTILINE)
        return sum(float(value) for value in lines)

    def wait_ready(self, seconds: float = 60) -> "Worker":
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with suppress(OSError):
                if self.page("readyz") == "ok\n":
                    return self
            time.sleep(0.1)
        raise AssertionError(f"{self.stage} is not ready (exit {self.process.poll()}):\n{self.text()[-4000:]}")

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def kill(self, number: int = signal.SIGKILL) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(60)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()


async def feed(settings: Settings, topic: str, records: Iterable[RECORD], rate: float | None = None) -> None:
    """Produce records (key, value, headers), at most `rate` a second."""
    async with clients.producer(settings, linger_ms=5) as producer:
        begin, sent = time.monotonic(), []
        for number, (key, value, headers) in enumerate(records):
            if rate:
                await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
            sent.append(await producer.send(topic, value=value, key=key, headers=list(headers)))
        await asyncio.gather(*sent)


async def read_all(settings: Settings, topic: str) -> list[Any]:
    """Every record of a topic, from the beginning to its present end. Raises KafkaTimeoutError after 30 seconds."""
    try:
        async with (
            asyncio.timeout(30),
            aclosing(to_the_ends(settings, await partitions_of(settings, [topic]))) as found,
        ):
            return [record async for record in found]
    except TimeoutError as error:
        raise KafkaTimeoutError(f"{topic} could not be read to its end") from error


async def alerts(settings: Settings) -> list[dict[str, Any]]:
    """Every alert on the alerts topic."""
    return [json.loads(record.value) for record in await read_all(settings, settings.alerts_topic)]


async def all_through(settings: Settings, alert: "Worker", count: int) -> None:
    """Wait until so many articles have an outcome and `alert`, the one worker of its stage, has read all."""

    async def done() -> bool:
        audit = [json.loads(record.value) for record in await read_all(settings, "audit")]
        behind = alert.metric("tocsin_consumer_lag_messages")
        return len({(one["partition"], one["offset"]) for one in audit}) == count and behind == 0

    await until(done, 90, f"outcomes of {count} articles")


async def until(condition: Any, seconds: float, what: str, every: float = 0.3) -> Any:
    """Await `condition()` until it is true; its value. Fails with `what` otherwise."""
    end = time.monotonic() + seconds
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(every)
