"""What is sampled rather than counted: lag of the event loop, lag on Kafka, depth of the queue, and progress.

Progress is what liveness means here: a consumer of this kind can die silently while its process lives and the broker
answers. It lives if it finished something lately, or has nothing to do.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from mode import Service

from streams.kafka.intake import Intake
from streams.observe.metrics import Metrics
from streams.observe.stuck import StuckDetector

__all__ = ["Monitor"]

_BEAT = 0.05
_SAMPLE = 1.0


class Monitor(Service):
    """Samples once a second, and times the loop twenty times a second.

    `sample` sets further gauges. `alive` is what `/livez` answers with.
    """

    mundane_level = "debug"

    def __init__(
        self,
        intake: Intake,
        metrics: Metrics,
        stuck_after: float,
        depth: Callable[[], int],
        sample: Callable[[], None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._intake, self._metrics = intake, metrics
        self._stuck_after, self._depth, self._sample = stuck_after, depth, sample
        self._finished = -1
        self._moved = time.monotonic()
        self._detector = StuckDetector(lambda: self.stuck_for, stuck_after)

    async def on_start(self) -> None:
        """Begin to look for a standstill."""
        self._detector.start()

    async def on_stop(self) -> None:
        """End the thread that looks."""
        self._detector.stop()

    @property
    def stuck_for(self) -> float:
        """Seconds without progress while there is work, or in which what was finished was not committed; 0 if there is
        none of either. It grows when the event loop itself stands still.
        """
        return max(time.monotonic() - self._moved, self._intake.commit_stalled)

    @property
    def alive(self) -> bool:
        """Whether there was progress lately, or nothing to do."""
        return self.stuck_for < self._stuck_after

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            begin = time.perf_counter()
            await asyncio.sleep(_BEAT)
            self._metrics.event_loop_lag.observe(max(0.0, time.perf_counter() - begin - _BEAT))

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            await asyncio.sleep(_SAMPLE)
            self._observe()

    def _observe(self) -> None:
        waiting = self._intake.in_work
        self._metrics.consumer_lag_messages.clear()
        self._metrics.consumer_lag.clear()
        for tp, (messages, seconds) in self._intake.lag().items():
            labels = {"topic": tp.topic, "partition": str(tp.partition)}
            self._metrics.consumer_lag_messages.labels(**labels).set(messages)
            self._metrics.consumer_lag.labels(**labels).set(seconds)
            waiting += messages
        self._metrics.commit_stalled.set(self._intake.commit_stalled)
        self._metrics.inference_queue_depth.set(self._depth())
        self._sample()
        if self._intake.finished != self._finished or not waiting:
            self._finished = self._intake.finished
            self._moved = time.monotonic()
