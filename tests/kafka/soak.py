"""Full load for half an hour: memory, file descriptors and lag of both stages, and what was done twice.

    python -m tests.kafka.soak --minutes 30 --plot runs/soak.png

One worker of each stage on an Apache Kafka of one node. Articles are fed as fast as they are worked on: a few hundred
wait at any time. They are about forty countries, whose incidents hold as many articles as they ever will
(`most_articles`, 40 each) before the warm-up is over; the 238 of the world take 22 minutes for that. Growth is the
slope of a line through all samples after the warm-up, in per cent of their mean an hour. Ends with 1 if memory or
descriptors grow by 2 % or more, if an article was lost, or if a worker ended.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from streams.kafka import clients, topics
from streams.kafka.scan import partitions_of, to_the_ends
from streams.settings import Settings
from tests.kafka.cluster import HINT, ApacheKafka, find_kafka
from tests.kafka.load import watched_article
from tests.kafka.tools import Worker, settings_for, until

__all__ = ["Sample", "growth", "main"]

_WAITING = 400
"""Articles that wait while the load is full."""
_COUNTRIES = 40
_MOST_GROWTH = 2.0
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a worker. `seconds` since the begin, `memory` in MiB (resident set), `lag` and `done` in records."""

    stage: str
    seconds: float
    memory: float
    descriptors: float
    lag: float
    done: float


def growth(samples: Sequence[Sample], name: str) -> float:
    """Per cent of its mean by which a figure grows in an hour (least squares). Needs two samples at least."""
    values = [float(getattr(one, name)) for one in samples]
    slope = statistics.linear_regression([one.seconds for one in samples], values).slope
    mean = statistics.fmean(values)
    return 100 * slope * 3600 / mean if mean else 0.0


def _look(worker: Worker, begin: float) -> Sample:
    process = psutil.Process(worker.process.pid)
    with process.oneshot():
        memory, descriptors = process.memory_info().rss / _MIB, process.num_fds()
    lag = worker.metric("tocsin_consumer_lag_messages")
    done = worker.metric("tocsin_articles_processed_total")
    return Sample(worker.stage, time.monotonic() - begin, memory, descriptors, lag, done)


async def _feed(settings: Settings, assess: Worker, stop: asyncio.Event) -> int:
    number = 0
    async with clients.producer(settings, linger_ms=5) as producer:
        while not stop.is_set():
            if number - await asyncio.to_thread(assess.metric, "tocsin_articles_processed_total") > _WAITING:
                await asyncio.sleep(0.2)
                continue
            sent = []
            for number in range(number + 1, number + 101):  # noqa: B020  (it counts on)
                key, value = watched_article(number, countries=_COUNTRIES)
                sent.append(await producer.send(settings.articles_topics[0], value=value, key=key))
            await asyncio.gather(*sent)
    return number


async def _outcomes(settings: Settings) -> Counter[tuple[int, int]]:
    assert settings.audit_topic is not None
    found: Counter[tuple[int, int]] = Counter()
    async with aclosing(to_the_ends(settings, await partitions_of(settings, [settings.audit_topic]))) as records:
        async for record in records:
            entry = json.loads(record.value)
            found[entry["partition"], entry["offset"]] += 1
    return found


async def _soak(settings: Settings, seconds: float, every: float) -> tuple[list[Sample], int, Counter[tuple[int, int]]]:
    """The samples, how many articles were fed, and how often each was worked on."""
    await topics.create(settings)
    samples: list[Sample] = []
    with Worker(settings, "assess") as assess, Worker(settings, "alert") as alert:
        for worker in (assess, alert):
            worker.wait_ready()
        stop, begin = asyncio.Event(), time.monotonic()
        feeder = asyncio.create_task(_feed(settings, assess, stop))
        while time.monotonic() - begin < seconds and not feeder.done():
            await asyncio.sleep(every)
            samples += [await asyncio.to_thread(_look, worker, begin) for worker in (assess, alert)]
        stop.set()
        fed = await feeder

        async def all_done() -> bool:
            return assess.metric("tocsin_articles_processed_total") >= fed

        await until(all_done, 60, "an outcome for every article")
        for worker in (alert, assess):
            assert worker.kill(15) == 0, worker.text()[-2000:]
    return samples, fed, await _outcomes(settings)


def _plot(samples: Sequence[Sample], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = {"memory": "resident memory, MiB", "descriptors": "file descriptors", "lag": "records waiting"}
    figure, axes = plt.subplots(len(names), 1, sharex=True, figsize=(9, 8), layout="constrained")
    for axis, (name, words) in zip(axes, names.items(), strict=True):
        for stage in ("assess", "alert"):
            own = [one for one in samples if one.stage == stage]
            axis.plot([one.seconds / 60 for one in own], [getattr(one, name) for one in own], label=stage)
        axis.set(ylabel=words, ylim=(0, None))
        axis.grid(visible=True, alpha=0.3)
    axes[0].legend()
    axes[-1].set(xlabel="minutes")
    figure.savefig(path, dpi=100)


def main() -> int:
    """Run it, print the table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--warm-up", type=float, default=5, help="minutes that do not count")
    parser.add_argument("--every", type=float, default=5, help="seconds between looks")
    parser.add_argument("--plot", type=Path, help="file for the plot")
    parser.add_argument("--samples", type=Path, help="file for the samples, one JSON object a line")
    chosen = parser.parse_args()
    home = find_kafka()
    assert home is not None, HINT
    with tempfile.TemporaryDirectory(prefix="tocsin-soak-") as folder, ApacheKafka(home) as kafka:
        settings = settings_for(kafka.servers, embedded=False, folder=Path(folder), partitions=4)
        samples, fed, found = asyncio.run(_soak(settings, chosen.minutes * 60, chosen.every))
    if chosen.samples:
        chosen.samples.write_text("".join(json.dumps(asdict(one)) + "\n" for one in samples))
    if chosen.plot:
        chosen.plot.parent.mkdir(parents=True, exist_ok=True)
        _plot(samples, chosen.plot)
    lost, repeated = fed - len(found), found.total() - len(found)
    bad = lost > 0
    for stage in ("assess", "alert"):
        warm = [one for one in samples if one.stage == stage and one.seconds > chosen.warm_up * 60]
        for name in ("memory", "descriptors"):
            values, grows = [getattr(one, name) for one in warm], growth(warm, name)
            bad |= grows >= _MOST_GROWTH
            change = f"{values[0]:.0f} to {values[-1]:.0f}, most {max(values):.0f}"
            print(f"{stage} {name}: {change}, {grows:+.2f} % an hour")
    rate = samples[-2].done / samples[-2].seconds
    print(f"{chosen.minutes:g} min, {rate:.1f} articles a second: articles {fed}, lost {lost}, repeated {repeated}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
