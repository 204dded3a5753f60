"""Every kind of fault that the harness can make, each a coroutine that makes it, waits, and takes it back.

A fault returns when its cause is gone; that the system recovers is judged at the end of the round.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition

from streams.kafka import clients
from tests.kafka.cluster import Node
from tests.kafka.scene import Scene, Stage

__all__ = ["FAULTS", "Fault", "kinds"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind. `needs_kafka`: the embedded broker keeps everything in memory and can't be restarted."""

    name: str
    what: str
    make: Callable[[Scene], Awaitable[None]]
    needs_kafka: bool = False


# Workers.


async def _kill(scene: Scene, stage: Stage) -> None:
    (await scene.pick(stage)).send(signal.SIGKILL)


async def _end(scene: Scene, stage: Stage) -> None:
    (await scene.pick(stage)).send(signal.SIGTERM)


async def _freeze(scene: Scene, stage: Stage) -> None:
    member = await scene.pick(stage)
    pid = member.worker.process.pid
    with _frozen(scene, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(scene.chance.uniform(1, scene.settings.session_timeout + 4))
        finally:
            if member.alive:
                os.kill(pid, signal.SIGCONT)


@contextmanager
def _frozen(scene: Scene, pid: int) -> Iterator[None]:
    scene.frozen.add(pid)
    try:
        yield
    finally:
        scene.frozen.discard(pid)


async def _scale(scene: Scene) -> None:
    """1 -> 3 -> 2 -> 1, and back to 2: the group is shared out anew each time, in the middle of batches."""
    for change in (1, 1, -1, -1):
        if change > 0 and len(scene.members) < 5:
            scene.hire("assess")
        elif change < 0 and len(scene.living("assess")) > 1:
            leaving = await scene.pick("assess")
            leaving.wanted = False
            leaving.send(signal.SIGTERM)
        await asyncio.sleep(scene.chance.uniform(2, 4))
    while sum(member.wanted for member in scene.members if member.stage == "assess") < 2:
        scene.hire("assess")


async def _memory(scene: Scene) -> None:
    """The address space of a worker is closed: its next larger allocation fails, wherever that is."""
    member = await scene.pick("assess")
    pid = member.worker.process.pid
    used = _address_space(pid)
    resource.prlimit(pid, resource.RLIMIT_AS, (used, resource.RLIM_INFINITY))
    await asyncio.sleep(scene.chance.uniform(2, 5))
    if member.alive and member.worker.process.pid == pid:
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _address_space(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()


async def _disk(scene: Scene) -> None:
    """No file may grow: what a worker writes to its log fails as on a full disk."""
    member = await scene.pick(scene.chance.choice(("assess", "alert")))
    pid = member.worker.process.pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    await asyncio.sleep(scene.chance.uniform(2, 5))
    if member.alive and member.worker.process.pid == pid:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


async def _clock(scene: Scene) -> None:
    """The clock of a worker jumps by up to two hours, either way, and back."""
    member = await scene.pick(scene.chance.choice(("assess", "alert")))
    for offset in (scene.chance.uniform(-7200, 7200), 0.0):
        (scene.fault_folder / "clock").write_text(str(offset))
        member.send(signal.SIGUSR1)
        await asyncio.sleep(scene.chance.uniform(2, 5))


async def _point(scene: Scene, name: str) -> None:
    """Arm a fault point and wait until a worker has come to it."""
    file = scene.fault_folder / name
    file.touch()
    for _ in range(300):
        await asyncio.sleep(0.1)
        if not file.exists():
            return
    file.unlink(missing_ok=True)


# Brokers.


async def _broker(scene: Scene, node: Node, number: int) -> None:
    async with scene.broker_lock:
        await _down_and_up(scene, node, number)


async def _down_and_up(scene: Scene, node: Node, number: int) -> None:
    await asyncio.to_thread(node.stop, number)
    await asyncio.sleep(scene.chance.uniform(1, 5))
    node.launch()
    await asyncio.to_thread(node.wait_ready)
    # In step again before the next one goes, or a partition would have no leader that is up to date.
    await asyncio.sleep(3)


async def _any_node(scene: Scene, number: int) -> None:
    await _broker(scene, scene.chance.choice(scene.kafka.nodes), number)


async def _leader(scene: Scene) -> None:
    topic = scene.chance.choice((scene.settings.articles_topics[0], scene.settings.assessments_topic))
    partition = scene.chance.randrange(scene.settings.partitions)
    async with clients.admin(scene.settings) as admin:
        (described,) = await admin.describe_topics([topic])
    number = next(part["leader"] for part in described["partitions"] if part["partition"] == partition)
    await _broker(scene, _node(scene, number), signal.SIGKILL)


async def _coordinator(scene: Scene) -> None:
    async with clients.admin(scene.settings) as admin:
        number = await admin.find_coordinator(scene.chance.choice(("tocsin-assess", "tocsin-alert")))
    await _broker(scene, _node(scene, number), signal.SIGKILL)


def _node(scene: Scene, number: int) -> Node:
    found = [node for node in scene.kafka.nodes if node.number == number]
    return found[0] if found else scene.chance.choice(scene.kafka.nodes)


async def _rolling(scene: Scene) -> None:
    async with scene.broker_lock:
        for node in scene.kafka.nodes:
            await _down_and_up(scene, node, signal.SIGTERM)


async def _freeze_broker(scene: Scene) -> None:
    node = scene.chance.choice(scene.kafka.nodes)
    async with scene.broker_lock:
        node.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(scene.chance.uniform(1, 10))
        finally:
            node.send(signal.SIGCONT)
        await asyncio.sleep(2)


async def _delete(scene: Scene) -> None:
    """Old records go, up to a little beyond what was committed: the operator's retention was too short."""
    topic = scene.settings.articles_topics[0]
    parts = [TopicPartition(topic, number) for number in range(scene.settings.partitions)]
    async with clients.admin(scene.settings) as admin:
        committed = await admin.list_consumer_group_offsets("tocsin-assess", partitions=parts)
        async with clients.consumer(scene.settings) as consumer:
            ends = await consumer.end_offsets(parts)
        before = {
            part: RecordsToDelete(min(ends[part], max(0, committed[part].offset) + scene.chance.randrange(10)))
            for part in parts
        }
        await admin.delete_records(before)


# The network between workers and brokers.


async def _net(scene: Scene, how: str) -> None:
    async with scene.net_lock:
        for proxy in scene.proxies:
            if how == "delay":
                proxy.delay(scene.chance.uniform(0.05, 0.5))
            else:
                getattr(proxy, how)()
        try:
            await asyncio.sleep(scene.chance.uniform(1, 10))
        finally:
            for proxy in scene.proxies:
                proxy.heal()


def _all() -> Iterator[Fault]:
    for stage in ("assess", "alert"):
        yield Fault(
            f"kill-{stage}", f"SIGKILL of a worker of the {stage} stage", lambda s, stage=stage: _kill(s, stage)
        )
        yield Fault(f"term-{stage}", f"SIGTERM of a worker of the {stage} stage", lambda s, stage=stage: _end(s, stage))
        yield Fault(f"freeze-{stage}", "SIGSTOP, later SIGCONT of one", lambda s, stage=stage: _freeze(s, stage))
    yield Fault("scale", "workers of the first stage 1 -> 3 -> 2 -> 1", _scale)
    yield Fault("memory", "no more memory for a worker", _memory)
    yield Fault("disk", "no file of a worker may grow", _disk)
    yield Fault("clock", "a worker's clock jumps by up to two hours and back", _clock)
    for name in ("tokeniser", "model", "policy", "publisher"):
        yield Fault(f"raise-{name}", f"an exception in the {name}", lambda s, name=name: _point(s, name))
    yield Fault("raise-memory", "MemoryError in the classifier", lambda s: _point(s, "memory"))
    for name in ("after-deliver", "after-store", "before-ack"):
        yield Fault(f"die-{name}", f"SIGKILL of the alert stage {name}", lambda s, name=name: _point(s, name))
    for how, what in (
        ("cut", "connections cut and refused"),
        ("hold", "packets held back"),
        ("delay", "packets late by 50 to 500 ms"),
    ):
        yield Fault(f"net-{how}", f"network between workers and brokers: {what}", lambda s, how=how: _net(s, how))
    yield Fault("broker-kill", "SIGKILL of a broker", lambda s: _any_node(s, signal.SIGKILL), needs_kafka=True)
    yield Fault("broker-stop", "orderly stop of a broker", lambda s: _any_node(s, signal.SIGTERM), needs_kafka=True)
    yield Fault("leader-kill", "SIGKILL of a partition's leader", _leader, needs_kafka=True)
    yield Fault("coordinator-kill", "SIGKILL of a group's coordinator", _coordinator, needs_kafka=True)
    yield Fault("brokers-rolling", "all brokers stopped and started after each other", _rolling, needs_kafka=True)
    yield Fault("broker-freeze", "SIGSTOP, later SIGCONT of a broker", _freeze_broker, needs_kafka=True)
    yield Fault("delete-records", "records deleted under the consumer", _delete, needs_kafka=True)


FAULTS = {fault.name: fault for fault in _all()}


def kinds(*, embedded: bool) -> tuple[list[Fault], list[str]]:
    """The kinds that this broker can have, and the names of those that it can't."""
    possible = [fault for fault in FAULTS.values() if not (embedded and fault.needs_kafka)]
    return possible, [name for name, fault in FAULTS.items() if fault not in possible]
