"""A real Apache Kafka for tests: one node, KRaft, on free loopback ports, in a temporary folder."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from streams.kafka.embedded import answers, free_ports
from streams.settings import kafka_home

BESIDE = Path(__file__).parents[2].parent / "shared" / "kafka"
HINT = "no Apache Kafka: set KAFKA_HOME to the folder of one (it needs Java 17)"


def find_kafka() -> Path | None:
    """The folder of an Apache Kafka: `KAFKA_HOME`, else one beside the project; None if there is neither or no Java."""
    for folder in (kafka_home(), BESIDE):
        if folder and (folder / "bin" / "kafka-server-start.sh").exists() and shutil.which("java"):
            return folder.resolve()
    return None


class ApacheKafka:
    """One broker node. Use as a context manager; `kill` and `start` again keep its data."""

    def __init__(self, home: Path, extra: dict[str, str] | None = None) -> None:
        self.home = home
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-kafka-"))
        self.port, controller = free_ports(2)
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "offsets.topic.num.partitions": "8",
            "transaction.state.log.num.partitions": "8",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            **(extra or {}),
        }
        self.properties = self.folder / "server.properties"
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        cluster = self.tool("kafka-storage.sh", "random-uuid")
        self.tool("kafka-storage.sh", "format", "--standalone", "-t", cluster, "-c", str(self.properties))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def tool(self, name: str, *arguments: str) -> str:
        environment = {**os.environ, "LOG_DIR": str(self.folder / "logs")}
        done = subprocess.run(
            [str(self.home / "bin" / name), *arguments], capture_output=True, text=True, env=environment, check=True
        )
        return done.stdout.strip()

    def start(self) -> "ApacheKafka":
        log = (self.folder / "server.log").open("ab")
        environment = {**os.environ, "LOG_DIR": str(self.folder / "logs"), "KAFKA_HEAP_OPTS": "-Xmx512m"}
        self.process = subprocess.Popen(
            [str(self.home / "bin" / "kafka-server-start.sh"), str(self.properties)],
            stdout=log, stderr=log, env=environment, start_new_session=True,
        )  # fmt: skip
        log.close()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if answers(self.port):
                return self
            time.sleep(0.1)
        raise RuntimeError(f"Kafka does not start:\n{(self.folder / 'server.log').read_text()[-3000:]}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def __enter__(self) -> "ApacheKafka":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
