"""A real Apache Kafka for tests: one node or several, KRaft, on free loopback ports, in a temporary folder."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Secure:
    """A second listener with TLS and a password (SCRAM), and rights for its user: a keystore with the key, and the CA,
    as PEM, for `localhost`.
    """

    user: str
    password: str
    keystore: Path
    ca: Path

    def properties(self, port: int) -> dict[str, str]:
        return {
            "listeners": f"SASL_SSL://127.0.0.1:{port}",
            "advertised.listeners": f"SASL_SSL://localhost:{port}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{self.user}",
        }


class Node:
    """One broker process. `stop` and `start` again keep its data."""

    def __init__(self, home: Path, folder: Path, number: int) -> None:
        self.home, self.folder, self.number = home, folder, number
        # Clients see `port`; `inside` is a second listener that a proxy stands before, on `outside`.
        self.port, self.controller, self.inside, self.outside, self.secure = free_ports(5)
        self.properties = folder / f"{number}.properties"
        self.log = folder / f"{number}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        with self.log.open("ab") as log:
            environment = {**os.environ, "LOG_DIR": str(self.folder / "logs"), "KAFKA_HEAP_OPTS": "-Xmx512m"}
            self.process = subprocess.Popen(
                [str(self.home / "bin" / "kafka-server-start.sh"), str(self.properties)],
                stdout=log, stderr=log, env=environment, start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.alive:
            if answers(self.port):
                return
            time.sleep(0.1)
        raise RuntimeError(f"Kafka does not start:\n{self.log.read_text()[-3000:]}")

    def send(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.send(signal.SIGCONT)  # a stopped process would not hear anything else
        self.send(number)
        if self.process is not None:
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.send(signal.SIGKILL)
                self.process.wait()


class ApacheKafka:
    """A cluster, of one node if not told otherwise. Use as a context manager."""

    def __init__(
        self, home: Path, extra: dict[str, str] | None = None, nodes: int = 1, secure: Secure | None = None
    ) -> None:
        self.home = home
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-kafka-"))
        self.nodes = [Node(home, self.folder, number) for number in range(1, nodes + 1)]
        self.replication = min(3, nodes)
        voters = {node.number: self.tool("kafka-storage.sh", "random-uuid") for node in self.nodes}
        cluster = self.tool("kafka-storage.sh", "random-uuid")
        initial = ",".join(f"{node.number}@127.0.0.1:{node.controller}:{voters[node.number]}" for node in self.nodes)
        for node in self.nodes:
            lines = self._properties(node)
            for key, value in (secure.properties(node.secure) if secure else {}).items():
                lines[key] = f"{lines[key]},{value}" if key in lines else value
            lines |= extra or {}
            node.properties.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
            self.tool(
                "kafka-storage.sh",
                "format",
                "-t",
                cluster,
                "--initial-controllers",
                initial,
                "-c",
                str(node.properties),
                *(("--add-scram", f"SCRAM-SHA-512=[name={secure.user},password={secure.password}]") if secure else ()),
            )

    def _properties(self, node: Node) -> dict[str, str]:
        copies, safe = str(self.replication), "2" if self.replication >= 3 else "1"
        return {
            "process.roles": "broker,controller",
            "node.id": str(node.number),
            "controller.quorum.bootstrap.servers": ",".join(f"127.0.0.1:{one.controller}" for one in self.nodes),
            "listeners": (
                f"PLAINTEXT://127.0.0.1:{node.port},PROXIED://127.0.0.1:{node.inside},"
                f"CONTROLLER://127.0.0.1:{node.controller}"
            ),
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port},PROXIED://127.0.0.1:{node.outside}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / f"data{node.number}"),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": safe,
            "min.insync.replicas": safe,
            "offsets.topic.num.partitions": "8",
            "transaction.state.log.num.partitions": "8",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
        }

    @property
    def port(self) -> int:
        """The client port of the first node."""
        return self.nodes[0].port

    @property
    def process(self) -> "subprocess.Popen[bytes] | None":
        """The process of the first node."""
        return self.nodes[0].process

    @property
    def servers(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def proxied_servers(self) -> str:
        """What a client is told whose way shall lead through proxies on every node's `outside`."""
        return ",".join(f"127.0.0.1:{node.outside}" for node in self.nodes)

    def tool(self, name: str, *arguments: str) -> str:
        environment = {**os.environ, "LOG_DIR": str(self.folder / "logs")}
        done = subprocess.run(
            [str(self.home / "bin" / name), *arguments], capture_output=True, text=True, env=environment, check=True
        )
        return done.stdout.strip()

    def start(self) -> "ApacheKafka":
        for node in self.nodes:
            if not node.alive:
                node.launch()
        for node in self.nodes:
            node.wait_ready()
        return self

    def stop(self, number: int = signal.SIGTERM) -> None:
        for node in self.nodes:
            node.send(number)
        for node in self.nodes:
            node.stop(number)

    def __enter__(self) -> "ApacheKafka":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
