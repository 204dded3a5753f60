"""Rounds of faults: the plan of each comes from the seed, so that a failed one can be repeated.

    python -m tests.kafka.rounds --faults 200 --seed 1 --broker kafka        (`make faults FAULTS=200 SEED=1`)

A round has its own brokers, topics and workers. It feeds articles, makes its faults one after the other without
waiting for recovery, lets all come to an end, and compares what went in with what came out.
"""

import argparse
import asyncio
import itertools
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiokafka.errors import KafkaError

from streams.errors import BrokerError
from streams.kafka.embedded import EmbeddedBroker, free_ports
from tests.kafka.calm import Mark, made_alone, table
from tests.kafka.cluster import HINT, ApacheKafka, find_kafka
from tests.kafka.crew import NobodyError
from tests.kafka.faults import FAULTS, Fault, kinds
from tests.kafka.scene import Feed, Scene, set_up
from tests.kafka.verdict import Verdict, books, judge

__all__ = ["Plan", "a_round", "main"]

PER_ROUND = 20
_FEEDS = ("plain", "transactions", "plain", "compacted")
"""Feeds of the rounds of a run on Apache Kafka, in turn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round does: `faults` at most, and no more when `enough` were made (some find no occasion). `pause`: least
    and most seconds between the beginnings of faults. `patience`: seconds after the last one in which something must
    come nearer to its end, until all is there.
    """

    seed: int
    faults: int = PER_ROUND
    enough: int | None = None
    embedded: bool = False
    nodes: int = 3
    pause: tuple[float, float] = (2.0, 6.0)
    only: str | None = None
    drop: float = 0.0
    mixed: bool = False
    feed: Feed = field(default_factory=Feed)
    patience: float = 90.0
    alone: bool = False

    def drawn(self) -> list[tuple[Fault, float]]:
        """The faults, each with the seconds until the next: every kind about as often as any other, in random order."""
        chance = random.Random(f"{self.seed}/plan")
        possible = [FAULTS[self.only]] if self.only else kinds(embedded=self.embedded)[0]
        found: list[Fault] = []
        while len(found) < self.faults:
            found += chance.sample(possible, len(possible))
        return [(fault, chance.uniform(*self.pause)) for fault in found[: self.faults]]

    def chance(self, of: str) -> random.Random:
        """Luck of one part of the round, which no other part disturbs."""
        return random.Random(f"{self.seed}/{of}")


async def a_round(plan: Plan, folder: Path) -> Verdict:
    """Make one round and judge it. Notes of the verdict name what went wrong and where the logs are."""
    if plan.embedded:
        (outside,) = free_ports(1)
        broker: ApacheKafka | EmbeddedBroker = EmbeddedBroker(advertised=outside)
    else:
        home = find_kafka()
        assert home is not None, HINT
        extra = {"log.cleaner.backoff.ms": "1000", "log.initial.task.delay.ms": "1000"}
        broker = ApacheKafka(home, extra if plan.feed.kind == "compacted" else None, plan.nodes)
    with broker:
        async with set_up(broker, folder, plan.chance("keeper"), plan.feed, plan.drop, mixed=plan.mixed) as scene:
            return await _played(scene, plan)


async def _played(scene: Scene, plan: Plan) -> Verdict:
    stop = asyncio.Event()
    keeper = asyncio.create_task(scene.crew.keep())
    feeder = asyncio.create_task(scene.keep_feeding(stop, plan.chance("feed")))
    marks: list[Mark] = []
    if plan.alone:
        marks, notes = await _make_alone(scene, plan)
        made = [mark.name for mark in marks]
    else:
        made, notes = await _make(scene, plan)
    stop.set()
    await feeder
    settled = await _settled(scene, plan.patience)
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper
    # Those that tick go first: a tick that comes while all go would lie there as if it had been forgotten.
    await scene.crew.stop("assess")
    settled = settled and await _settled(scene, plan.patience)
    await scene.crew.stop("alert")
    try:
        found = await books(scene.settings)
    except (KafkaError, BrokerError) as error:
        return Verdict(faults=len(made), stuck=1, notes=[f"the topics can't be read at the end: {error!r}"])
    verdict = judge(found, scene.settings, scene.deleted, scene.unsure)
    verdict.faults, verdict.marks = len(made), marks
    ended = scene.crew.ended
    verdict.count("stuck", "things that did not settle", [] if settled else [f"{found.left} records are left"])
    verdict.count("stuck", "faults that could not be made or healed", notes)
    verdict.count("stuck", "workers that did not end in time", [one for one in ended if one.stuck])
    verdict.count("stuck", "workers that said they stand still", scene.crew.standstills)
    verdict.count("odd_exits", "ends that nothing explains", [one for one in ended if one.odd and not one.stuck])
    verdict.notes.append(f"fed {scene.fed} {plan.feed.kind}; made {dict(Counter(made))}")
    verdict.notes.append(f"workers ended {dict(Counter((one.stage, one.code) for one in ended))}")
    return verdict


async def _make_alone(scene: Scene, plan: Plan) -> tuple[list[Mark], list[str]]:
    marks, notes = [], []
    for number, (fault, _) in enumerate(plan.drawn()):
        print(f"  {time.strftime('%H:%M:%S')} {fault.name}", file=sys.stderr, flush=True)
        try:
            mark = await made_alone(fault, scene, plan.chance(f"{number}/{fault.name}"))
        except Exception as error:  # noqa: BLE001  (as below)
            mark = f"{fault.name}: {error!r}"
        if isinstance(mark, Mark):
            marks.append(mark)
        elif mark:
            notes.append(mark)
    return marks, notes


async def _make(scene: Scene, plan: Plan) -> tuple[list[str], list[str]]:
    """Names of the faults that happened, and what went wrong with others."""
    running: list[asyncio.Task[tuple[str, str | None]]] = []
    await asyncio.sleep(2)
    for number, (fault, pause) in enumerate(plan.drawn()):
        if plan.enough is not None and len(running) >= plan.enough and await _made(running) >= plan.enough:
            break
        print(f"  {time.strftime('%H:%M:%S')} {fault.name}", file=sys.stderr, flush=True)
        running.append(asyncio.create_task(_one(fault, scene, plan.chance(f"{number}/{fault.name}"))))
        await asyncio.sleep(pause)
    results = await asyncio.gather(*running)
    return [name for name, error in results if error is None], [error for _, error in results if error]


async def _made(running: Sequence[asyncio.Task[tuple[str, str | None]]]) -> int:
    return sum(error is None for _, error in await asyncio.gather(*running))


async def _one(fault: Fault, scene: Scene, chance: random.Random) -> tuple[str, str | None]:
    """The fault's name, and what went wrong: None if it was made, empty if there was no occasion for it."""
    # The harness asks brokers, too, and may meet another fault's doing: then it asks again.
    refused: Exception | None = None
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            return fault.name, None if await fault.make(scene, chance) else ""
        except (KafkaError, BrokerError, OSError) as error:
            refused = error
            await asyncio.sleep(1)
        except NobodyError:
            return fault.name, ""  # the other faults left none to do it to; if that lasts, nothing settles
        except Exception as error:  # noqa: BLE001  (a fault that can't be made is a finding, not the end of the run)
            return fault.name, f"{fault.name}: {error!r}"
    return fault.name, f"{fault.name}: no broker let us: {refused!r}"


async def _settled(scene: Scene, patience: float) -> bool:
    """Wait until nothing is left to be done, twice in a row; False if it comes no nearer."""
    least, moved, calm = -1, time.monotonic(), 0
    while time.monotonic() - moved < patience:
        with suppress(KafkaError, BrokerError):
            left = (await books(scene.settings)).left
            if least < 0 or left < least:
                least, moved = left, time.monotonic()
            calm = calm + 1 if left == 0 else 0
            if calm == 2:
                return True
        await asyncio.sleep(2)
    return False


def main() -> int:
    """Rounds until there were as many faults as asked for; 0 if nothing was lost, stuck or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=("kafka", "embedded"), default="kafka")
    parser.add_argument("--only", choices=sorted(FAULTS), help="one kind alone")
    parser.add_argument("--alone", action="store_true", help="each fault in a system that is well, and a table of them")
    parser.add_argument("--drop", type=float, default=0.0, help="share of records that vanish before the ledger")
    parser.add_argument("--feed", choices=sorted(set(_FEEDS)), help="default on Kafka: in turn")
    parser.add_argument("--round", type=int, default=PER_ROUND, help="faults a round, after which all begins anew")
    parser.add_argument("--keep", type=Path, help="folder for the workers' logs (default: thrown away if all is well)")
    chosen = parser.parse_args()
    for name in ("aiokafka", "asyncio", "faust"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    plan = Plan(
        seed=chosen.seed,
        embedded=chosen.broker == "embedded",
        only=chosen.only,
        drop=chosen.drop,
        alone=chosen.alone,
    )
    total = Verdict()
    for number in itertools.count():
        if total.faults >= chosen.faults:
            break
        kind = chosen.feed or ("plain" if plan.embedded or plan.alone else _FEEDS[number % len(_FEEDS)])
        plan = replace(plan, faults=min(chosen.round, chosen.faults - total.faults), feed=Feed(kind=kind))
        if chosen.keep:
            chosen.keep.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"tocsin-faults-{plan.seed}-", dir=chosen.keep))
        try:
            verdict = asyncio.run(a_round(plan, folder))
        except Exception as error:  # noqa: BLE001  (as above)
            verdict = Verdict(stuck=1, notes=[f"the round itself failed: {error!r}; {folder}"])
        print(f"seed {plan.seed}: {verdict.line()}", flush=True)
        for note in verdict.notes:
            print(f"    {note}", flush=True)
        if verdict.clean and chosen.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        total += verdict
        if not verdict.faults:
            break
        plan = replace(plan, seed=plan.seed + 1)
    if total.marks:
        print("\n".join(table(total.marks)))
    left_out = kinds(embedded=plan.embedded)[1]
    print(f"{chosen.broker}: {total.line()}" + (f"; left out: {', '.join(left_out)}" if left_out else ""))
    return 0 if total.clean else 1


if __name__ == "__main__":
    sys.exit(main())
