"""Rounds of faults: the plan of each comes from the seed, so that a failed one can be repeated.

    python -m tests.kafka.rounds --faults 200 --seed 1 --broker kafka        (`make faults FAULTS=200 SEED=1`)

A round has its own brokers, topics and workers. It feeds articles, makes its faults one after the other without
waiting for recovery, lets all come to an end, and compares what went in with what came out.
"""

import argparse
import asyncio
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
from tests.kafka.cluster import HINT, ApacheKafka, find_kafka
from tests.kafka.faults import FAULTS, Fault, kinds
from tests.kafka.scene import Ended, Feed, Scene, set_up
from tests.kafka.verdict import Books, Verdict, books, judge

__all__ = ["Plan", "a_round", "main"]

PER_ROUND = 20
_PATIENCE = 150.0
"""Seconds after the last fault in which everything must come to its end."""
_BY_ITSELF = {4, 5, 70, -9}
"""Codes that a worker may end with by itself under these faults (streams.errors); 0 is for those that were asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round does. `pause`: least and most seconds between the beginnings of faults."""

    seed: int
    faults: int = PER_ROUND
    embedded: bool = False
    nodes: int = 3
    pause: tuple[float, float] = (2.0, 6.0)
    only: str | None = None
    drop: float = 0.0
    feed: Feed = field(default_factory=Feed)

    def drawn(self) -> list[tuple[Fault, float]]:
        """The faults, each with the seconds until the next: every kind about as often as any other, in random order."""
        chance = random.Random(self.seed)
        possible = [FAULTS[self.only]] if self.only else kinds(embedded=self.embedded)[0]
        found: list[Fault] = []
        while len(found) < self.faults:
            found += chance.sample(possible, len(possible))
        return [(fault, chance.uniform(*self.pause)) for fault in found[: self.faults]]


async def a_round(plan: Plan, folder: Path) -> Verdict:
    """Make one round and judge it. Notes of the verdict name what went wrong and where the logs are."""
    if plan.embedded:
        (outside,) = free_ports(1)
        broker: ApacheKafka | EmbeddedBroker = EmbeddedBroker(advertised=outside)
    else:
        home = find_kafka()
        assert home is not None, HINT
        broker = ApacheKafka(home, nodes=plan.nodes)
    with broker:
        async with set_up(broker, folder, random.Random(-plan.seed), drop=plan.drop) as scene:
            stop = asyncio.Event()
            keeper = asyncio.create_task(scene.keep())
            feeder = asyncio.create_task(scene.feed(plan.feed, stop))
            made = await _make(scene, plan)
            stop.set()
            await feeder
            found = await _settled(scene)
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            last = await scene.stop_all()
            with suppress(KafkaError, BrokerError):
                found = await books(scene.settings)
            verdict = judge(found, scene.settings)
            verdict.faults = len(made)
            _exits(verdict, scene.ended, last)
            verdict.notes.append(f"made: {dict(Counter(made))}; workers ended {dict(_codes(scene.ended))}")
            return verdict


async def _make(scene: Scene, plan: Plan) -> list[str]:
    running: list[asyncio.Task[None]] = []
    made = []
    await asyncio.sleep(2)
    for fault, pause in plan.drawn():
        print(f"  {time.strftime('%H:%M:%S')} {fault.name}", file=sys.stderr, flush=True)
        running.append(asyncio.create_task(_one(fault, scene)))
        made.append(fault.name)
        await asyncio.sleep(pause)
    await asyncio.gather(*running)
    return made


async def _one(fault: Fault, scene: Scene) -> None:
    # The harness asks brokers, too, and may meet another fault's doing: then it asks again.
    for _ in range(30):
        try:
            await fault.make(scene)
        except (KafkaError, BrokerError, OSError):
            await asyncio.sleep(1)
        else:
            return


async def _settled(scene: Scene) -> Books:
    """The books when nothing is missing and nothing behind, or as they are when patience is at its end."""
    end = time.monotonic() + _PATIENCE
    calm = 0
    while True:
        with suppress(KafkaError, BrokerError):
            found = await books(scene.settings)
            calm = calm + 1 if not found.missing and not found.behind else 0
            if calm == 2 or time.monotonic() > end:
                return found
        await asyncio.sleep(2)


def _codes(ended: Sequence[Ended]) -> Counter[int]:
    return Counter(one.code for one in ended)


def _exits(verdict: Verdict, during: Sequence[Ended], last: Sequence[Ended]) -> None:
    for one in during:
        # By itself -9 is a fault point, or the kernel's answer to no memory.
        if one.code not in ({0, -9} if one.asked else _BY_ITSELF):
            verdict.odd_exits += 1
            verdict.notes.append(f"{one.stage} ended with {one.code} (asked: {one.asked}): {one.log}")
    for one in last:
        if one.code == -9 and not one.asked:
            verdict.stuck += 1
            verdict.notes.append(f"{one.stage} did not end when told: {one.log}")
        elif one.code != 0:
            verdict.odd_exits += 1
            verdict.notes.append(f"{one.stage} ended with {one.code} at the last SIGTERM: {one.log}")


def main() -> int:
    """Rounds until there were as many faults as asked for; 0 if nothing was lost, stuck or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=("kafka", "embedded"), default="kafka")
    parser.add_argument("--only", choices=sorted(FAULTS), help="one kind alone")
    parser.add_argument("--drop", type=float, default=0.0, help="share of records that vanish before the ledger")
    parser.add_argument("--transactions", action="store_true", help="feed in transactions, a fifth aborted")
    parser.add_argument("--keep", type=Path, help="folder for the workers' logs (default: thrown away if all is well)")
    chosen = parser.parse_args()
    for name in ("aiokafka", "asyncio", "faust"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    plan = Plan(
        seed=chosen.seed,
        embedded=chosen.broker == "embedded",
        only=chosen.only,
        drop=chosen.drop,
        feed=Feed(transactions=chosen.transactions),
    )
    total = Verdict()
    while total.faults < chosen.faults:
        plan = replace(plan, faults=min(PER_ROUND, chosen.faults - total.faults))
        folder = Path(tempfile.mkdtemp(prefix=f"tocsin-faults-{plan.seed}-", dir=chosen.keep))
        verdict = asyncio.run(a_round(plan, folder))
        print(f"seed {plan.seed}: {verdict.line()}", flush=True)
        for note in verdict.notes:
            print(f"    {note}", flush=True)
        if verdict.clean and chosen.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        total += verdict
        plan = replace(plan, seed=plan.seed + 1)
    left_out = kinds(embedded=plan.embedded)[1]
    print(f"{chosen.broker}: {total.line()}" + (f"; left out: {', '.join(left_out)}" if left_out else ""))
    return 0 if total.clean else 1


if __name__ == "__main__":
    sys.exit(main())
