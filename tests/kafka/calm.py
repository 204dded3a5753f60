"""One fault at a time: made, waited for until all is well again, and what it cost. `rounds --alone` prints it."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from tests.kafka.faults import FAULTS, Fault
from tests.kafka.scene import Scene
from tests.kafka.verdict import Books, books

__all__ = ["Mark", "calm", "made_alone", "table"]

_LIMIT = 150.0
_SECONDS_OF_FEED = 4
_ENDING = 4.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What one fault cost. `seconds`: from its beginning until every worker was ready and both stages had caught up;
    `held`: how long its cause lasted. `ends`: (stage, exit code) of the processes that ended.
    """

    name: str
    seconds: float
    held: float
    repeated: int
    alerts_repeated: int
    ends: tuple[tuple[str, int], ...]


async def calm(scene: Scene, limit: float = _LIMIT) -> Books | None:
    """Wait until every worker is ready and what is left to do is a few seconds of the feed; None after `limit`."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        members = scene.crew.members
        if all(member.alive and member.ready and member.told_at is None for member in members):
            with suppress(KafkaError, BrokerError):
                found = await books(scene.settings)
                if found.left <= _SECONDS_OF_FEED * scene.feed.rate:
                    return found
        await asyncio.sleep(0.2)
    return None


async def made_alone(fault: Fault, scene: Scene, chance: random.Random) -> Mark | str | None:
    """Make the fault in a system that is well. None if there was no occasion for it, words if something went wrong."""
    before = await calm(scene)
    if before is None:
        return f"{fault.name}: the system was not well before it"
    ended, begin = len(scene.crew.ended), time.monotonic()
    happened = await fault.make(scene, chance)
    held = time.monotonic() - begin
    # A process that was killed is missed by the keeper a moment later, a group by its coordinator within the session;
    # one that stops because of a fault of its own takes a few seconds to end.
    await asyncio.sleep(_ENDING)
    after = await calm(scene)
    if after is None:
        return f"{fault.name}: not well again after {_LIMIT:.0f} s"
    if not happened:
        return None
    ends = tuple((one.stage, one.code) for one in scene.crew.ended[ended:])
    return Mark(
        name=fault.name,
        seconds=time.monotonic() - begin,
        held=held,
        repeated=after.repeated - before.repeated,
        alerts_repeated=after.repeated_alerts - before.repeated_alerts,
        ends=ends,
    )


def table(marks: Iterable[Mark]) -> Iterator[str]:
    """The lines of a Markdown table, one row a kind, in the order of FAULTS."""
    by: dict[str, list[Mark]] = {}
    for mark in marks:
        by.setdefault(mark.name, []).append(mark)
    yield "| fault | times | lasted, median s | well again, median (most) s | articles again | alerts again | exits |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, some in ((name, by[name]) for name in FAULTS if name in by):
        seconds = [mark.seconds for mark in some]
        ends = Counter(f"{stage} {code}" for mark in some for stage, code in mark.ends)
        yield (
            f"| {name} | {len(some)} | {statistics.median(mark.held for mark in some):.1f}"
            f" | {statistics.median(seconds):.1f} ({max(seconds):.1f})"
            f" | {sum(mark.repeated for mark in some)} | {sum(mark.alerts_repeated for mark in some)}"
            f" | {', '.join(f'{end} ({n})' for end, n in sorted(ends.items())) or 'none'} |"
        )
