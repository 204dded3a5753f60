"""Every kind of fault that the harness can make, each a coroutine that makes it, waits, and takes it back.

A fault returns when its cause is gone; that the system recovers is judged at the end of the round.
"""

import asyncio
import os
import random
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiokafka.admin import RecordsToDelete
from aiokafka.errors import LeaderNotAvailableError
from aiokafka.structs import TopicPartition

from streams.kafka import clients
from tests.kafka.cluster import Node
from tests.kafka.crew import Stage
from tests.kafka.scene import Scene
from tests.kafka.tools import read_all

__all__ = ["FAULTS", "Fault", "kinds"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind. `make` says whether it happened. `needs_kafka`: the embedded broker keeps everything in memory and
    can't be restarted.
    """

    name: str
    what: str
    make: Callable[[Scene, random.Random], Awaitable[bool]]
    needs_kafka: bool = False


# Workers. A signal that its program could handle goes to those that were ready; before, it handles none.


async def _kill(scene: Scene, chance: random.Random, stage: Stage) -> bool:
    (await scene.crew.pick(stage, chance, ready=False)).send(signal.SIGKILL)
    return True


async def _end(scene: Scene, chance: random.Random, stage: Stage) -> bool:
    (await scene.crew.pick(stage, chance)).send(signal.SIGTERM)
    return True


async def _freeze(scene: Scene, chance: random.Random, stage: Stage) -> bool:
    member = await scene.crew.pick(stage, chance, ready=False)
    pid = member.pid
    scene.crew.frozen.add(pid)
    try:
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(1, scene.settings.session_timeout + 4))
    finally:
        scene.crew.frozen.discard(pid)
        if member.alive and member.pid == pid:
            os.kill(pid, signal.SIGCONT)
    return True


async def _scale(scene: Scene, chance: random.Random) -> bool:
    """2 -> 1 -> 2 -> 3 -> 2 workers of a stage: the group is shared out anew each time, in the middle of batches."""
    stage: Stage = chance.choice(("assess", "alert"))
    for change in (-1, 1, 1, -1):
        if change > 0:
            scene.crew.hire(stage)
        else:
            leaving = await scene.crew.pick(stage, chance)
            leaving.wanted = False
            leaving.send(signal.SIGTERM)
        await asyncio.sleep(chance.uniform(2, 4))
    return True


async def _memory(scene: Scene, chance: random.Random) -> bool:
    """The address space of a worker is closed: its next larger allocation fails, wherever that is."""
    member = await scene.crew.pick("assess", chance)
    pid = member.pid
    member.squeezed = True
    _limit(pid, resource.RLIMIT_AS, _address_space(pid))
    await asyncio.sleep(chance.uniform(2, 5))
    if member.alive and member.pid == pid:
        _limit(pid, resource.RLIMIT_AS, resource.RLIM_INFINITY)
        return False  # it needed no more
    return True


def _address_space(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


def _limit(pid: int, which: int, most: int) -> None:
    resource.prlimit(pid, which, (most, resource.RLIM_INFINITY))


async def _disk(scene: Scene, chance: random.Random) -> bool:
    """No file may grow: what a worker writes to its log fails as on a full disk."""
    member = await scene.crew.pick(chance.choice(("assess", "alert")), chance)
    pid = member.pid
    _limit(pid, resource.RLIMIT_FSIZE, 0)
    await asyncio.sleep(chance.uniform(2, 5))
    if member.alive and member.pid == pid:
        _limit(pid, resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
    return True


async def _clock(scene: Scene, chance: random.Random) -> bool:
    """The clock of a worker jumps by up to two hours, either way, and back."""
    member = await scene.crew.pick(chance.choice(("assess", "alert")), chance)
    pid = member.pid
    for offset in (chance.uniform(-7200, 7200), 0.0):
        (scene.fault_folder / f"clock-{pid}").write_text(str(offset))
        if member.pid != pid or member.told_at is not None:
            break  # who is ending has no handler any more
        member.send(signal.SIGUSR1)
        await asyncio.sleep(chance.uniform(2, 5))
    return True


async def _point(scene: Scene, chance: random.Random, name: str) -> bool:
    """Arm a fault point and wait until a worker has come to it."""
    file = scene.fault_folder / name
    file.touch()
    for _ in range(300):
        await asyncio.sleep(0.1)
        if not file.exists():
            return True
    file.unlink(missing_ok=True)
    return False


# Brokers.


Find = Callable[[Scene, random.Random], Awaitable[int | None]]
"""Which node: its number, None for any."""


async def _broker(scene: Scene, chance: random.Random, number: int, find: Find) -> bool:
    async with scene.brokers_busy:
        wanted = await find(scene, chance)
        found = [node for node in scene.kafka.nodes if node.number == wanted]
        await _down_and_up(chance, found[0] if found else chance.choice(scene.kafka.nodes), number)
    return True


async def _down_and_up(chance: random.Random, node: Node, number: int) -> None:
    await asyncio.to_thread(node.stop, number)
    await asyncio.sleep(chance.uniform(1, 5))
    node.launch()
    await asyncio.to_thread(node.wait_ready, 120)
    # In step again before the next one goes, or a partition would have no leader that is up to date.
    await asyncio.sleep(3)


async def _anyone(scene: Scene, chance: random.Random) -> int | None:
    return None


async def _leader(scene: Scene, chance: random.Random) -> int | None:
    topic = chance.choice((scene.articles, scene.settings.assessments_topic))
    partition = chance.randrange(scene.settings.partitions)
    async with clients.admin(scene.settings) as admin:
        (described,) = await admin.describe_topics([topic])
    return next((part["leader"] for part in described["partitions"] if part["partition"] == partition), None)


async def _coordinator(scene: Scene, chance: random.Random) -> int | None:
    async with clients.admin(scene.settings) as admin:
        return int(await admin.find_coordinator(chance.choice(("tocsin-assess", "tocsin-alert"))))


async def _rolling(scene: Scene, chance: random.Random) -> bool:
    async with scene.brokers_busy:
        for node in scene.kafka.nodes:
            await _down_and_up(chance, node, signal.SIGTERM)
    return True


async def _freeze_broker(scene: Scene, chance: random.Random) -> bool:
    node = chance.choice(scene.kafka.nodes)
    async with scene.brokers_busy:
        node.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(chance.uniform(1, 10))
        finally:
            node.send(signal.SIGCONT)
        await asyncio.sleep(2)
    return True


async def _delete(scene: Scene, chance: random.Random) -> bool:
    """Old records go, up to a little beyond what was committed: retention was too short for somebody's outage."""
    if scene.feed.kind == "compacted":
        return False  # Kafka refuses it (PolicyViolation) where compaction alone removes records
    parts = [TopicPartition(scene.articles, number) for number in range(scene.settings.partitions)]
    async with clients.admin(scene.settings) as admin, clients.consumer(scene.settings) as consumer:
        committed = await admin.list_consumer_group_offsets("tocsin-assess", partitions=parts)
        ends = await consumer.end_offsets(parts)
        if not set(parts) <= committed.keys() & ends.keys():
            raise LeaderNotAvailableError  # another fault's doing: we are asked to try again
        first = {part: max(0, committed[part].offset) for part in parts}
        before = {part: min(ends[part], first[part] + chance.randrange(10)) for part in parts}
        there = await read_all(scene.settings, scene.articles)
        await admin.delete_records({part: RecordsToDelete(end) for part, end in before.items()})
    limit = {part.partition: end for part, end in before.items()}
    known = {(record.partition, record.offset) for record in scene.deleted}
    scene.deleted += [r for r in there if r.offset < limit[r.partition] and (r.partition, r.offset) not in known]
    for part in parts:
        scene.unsure.setdefault(part.partition, []).append((first[part], before[part]))
    return any(before[part] > 0 for part in parts)


# The network between workers and brokers.


async def _net(scene: Scene, chance: random.Random, how: str) -> bool:
    async with scene.net_busy:
        for proxy in scene.proxies:
            if how == "delay":
                proxy.delay(chance.uniform(0.05, 0.5))
            else:
                getattr(proxy, how)()
        try:
            await asyncio.sleep(chance.uniform(1, 10))
        finally:
            for proxy in scene.proxies:
                proxy.heal()
    return True


def _all() -> Iterator[Fault]:
    for stage, does, how in (
        (stage, does, how)
        for stage in ("assess", "alert")
        for does, how in (("kill", _kill), ("term", _end), ("freeze", _freeze))
    ):
        words = {"kill": "SIGKILL", "term": "SIGTERM", "freeze": "SIGSTOP, later SIGCONT,"}[does]
        yield Fault(f"{does}-{stage}", f"{words} of a worker of the {stage} stage", partial(how, stage=stage))
    yield Fault("scale", "workers of a stage 2 -> 1 -> 2 -> 3 -> 2", _scale)
    yield Fault("memory", "no more memory for a worker", _memory)
    yield Fault("disk", "no file of a worker may grow", _disk)
    yield Fault("clock", "a worker's clock jumps by up to two hours and back", _clock)
    for name in ("tokeniser", "model", "policy", "publisher"):
        yield Fault(f"raise-{name}", f"an exception in the {name}", partial(_point, name=name))
    yield Fault("raise-memory", "MemoryError in the classifier", partial(_point, name="memory"))
    for name, where in (
        ("after-deliver", "between an alert's ack and the table's write"),
        ("in-store", "between the table's write and its ack"),
        ("after-store", "after the table's ack"),
        ("before-ack", "before its ack of an assessment"),
        ("before-ack-assess", "of the assess stage before its ack of an article"),
    ):
        yield Fault(f"die-{name}", f"SIGKILL of a worker {where}", partial(_point, name=name))
    for how, what in (
        ("cut", "connections cut and refused"),
        ("hold", "packets held back"),
        ("delay", "packets late by 50 to 500 ms"),
    ):
        yield Fault(f"net-{how}", f"network between workers and brokers: {what}", partial(_net, how=how))
    for name, number, find, what in (
        ("broker-kill", signal.SIGKILL, _anyone, "SIGKILL of a broker"),
        ("broker-stop", signal.SIGTERM, _anyone, "orderly stop of a broker"),
        ("leader-kill", signal.SIGKILL, _leader, "SIGKILL of a partition's leader"),
        ("coordinator-kill", signal.SIGKILL, _coordinator, "SIGKILL of a group's coordinator"),
    ):
        yield Fault(name, what, partial(_broker, number=number, find=find), needs_kafka=True)
    yield Fault("brokers-rolling", "all brokers stopped and started after each other", _rolling, needs_kafka=True)
    yield Fault("broker-freeze", "SIGSTOP, later SIGCONT of a broker", _freeze_broker, needs_kafka=True)
    yield Fault("delete-records", "records deleted under the consumer", _delete, needs_kafka=True)


FAULTS = {fault.name: fault for fault in _all()}


def kinds(*, embedded: bool) -> tuple[list[Fault], list[str]]:
    """The kinds that this broker can have, and the names of those that it can't."""
    possible = [fault for fault in FAULTS.values() if not (embedded and fault.needs_kafka)]
    return possible, [name for name, fault in FAULTS.items() if fault not in possible]
