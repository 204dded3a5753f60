"""Stage 1 as a running thing: model, batcher, ticks, put together around one Faust app."""

import asyncio
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from models import Classifier
from streams.assess.accounts import AssessAccounts
from streams.assess.batcher import Batcher, Ports
from streams.assess.places import Gazetteer
from streams.assess.record import Tick, encode
from streams.assess.shadow import Shadow
from streams.assess.work import Reader
from streams.kafka import topics
from streams.kafka.app import StageApp
from streams.kafka.deadletters import DeadLetterLimit
from streams.kafka.intake import Intake
from streams.kafka.publish import Publisher
from streams.kafka.records import Delivery, Outgoing
from streams.observe.metrics import Metrics
from streams.settings import Settings

__all__ = ["AssessStage", "default_threads"]

_SWITCH = 0.0005
"""Seconds after which a thread that computes in Python must let another have the interpreter (default 0.005). The
classifier asks for it after every operation: measured, this gives back what reading articles beside it costs."""

_log = logging.getLogger(__name__)


def default_threads(settings: Settings, cores: int) -> int:
    """Threads of the classifier: as set, else one core is left to the event loop and the helper thread."""
    return settings.torch_threads or max(1, cores - 1)


class AssessStage:
    """Owns what stage 1 is made of. `intake` is where the agent hands events to."""

    def __init__(self, app: StageApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="tocsin-read")
        self._model = ThreadPoolExecutor(1, thread_name_prefix="tocsin-model")
        self._publisher = Publisher(app, metrics)
        self._batcher: Batcher | None = None
        self._partitions = 0
        self.ready = False
        self.intake = Intake(app, settings, metrics, self._put)
        app.intake = self.intake
        app.prepare(self._load)

    async def _put(self, delivery: Delivery) -> None:
        assert self._batcher is not None, "the batcher is made before the consumer joins the group"
        await self._batcher.put(delivery)

    @property
    def depth(self) -> int:
        """Records waiting for the classifier."""
        return self._batcher.depth if self._batcher else 0

    async def _load(self) -> None:
        """Check the topics, load and warm the model: only then may the consumer join the group."""
        sys.setswitchinterval(_SWITCH)
        found = await topics.existing(self._settings)
        topics.check(self._settings, found)
        self._partitions = found[self._settings.assessments_topic]
        loop = asyncio.get_running_loop()
        begin = time.monotonic()
        reader = await loop.run_in_executor(self._model, self._make_reader)
        shadow = await loop.run_in_executor(self._model, self._make_shadow, reader)
        _log.info("model %s %s loaded in %.1f s", reader.model.name, reader.model.version, time.monotonic() - begin)
        self._metrics.model_loaded.set(1)
        model = reader.model
        self._metrics.model_info.labels(name=model.name, version=model.version, sha256=model.sha256).set(1)
        for event, least in reader.thresholds.items():
            self._metrics.config_threshold.labels(label=event, kind="evidence").set(least)
        self._batcher = Batcher(self._settings, self._ports(reader, shadow), beacon=self._app.beacon, loop=loop)
        await self._batcher.start()
        self.ready = True

    def _make_reader(self) -> Reader:
        threads = default_threads(self._settings, os.cpu_count() or 1)
        classifier = Classifier.load(self._settings.weights, threads=threads)
        classifier.warm()
        reader = Reader(self._settings, classifier, Gazetteer.load())
        reader.warm()
        return reader

    def _make_shadow(self, reader: Reader) -> Shadow | None:
        if self._settings.shadow_weights is None:
            return None
        threads = default_threads(self._settings, os.cpu_count() or 1)
        shadow = Shadow(self._settings.shadow_weights, reader.thresholds, self._metrics, threads)
        self._app.at_end(shadow.close)
        return shadow

    def _ports(self, reader: Reader, shadow: Shadow | None) -> Ports:
        return Ports(
            reader=reader,
            publisher=self._publisher,
            finish=self.intake.finish,
            fatal=self._app.fatal,
            helper=self._helper,
            model=self._model,
            limit=DeadLetterLimit.of(self._settings),
            refusals=DeadLetterLimit.of(self._settings),
            accounts=AssessAccounts(self._metrics),
            partitions=self._partitions,
            shadow=shadow,
        )

    async def tick(self) -> None:
        """Tell every assessments partition how far each of our article partitions has come."""
        now_ms = int(time.time() * 1000)
        records = []
        for tp, (newest, idle) in sorted(self.intake.newest_finished().items()):
            moment = now_ms if idle else newest
            if moment is None:
                continue
            # A producer's clock may be days ahead: no tick says more than ours, or incidents would end early.
            value = encode(Tick("1", "tick", tp.topic, tp.partition, min(moment, now_ms)))
            headers = {"content-type": b"application/json", "tocsin-kind": b"tick"}
            records += [
                Outgoing(self._settings.assessments_topic, b"tick", value, headers, partition=number)
                for number in range(self._partitions)
            ]
        await self._publisher.publish(records)
