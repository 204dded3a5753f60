"""A second classifier beside the first: scores what the first has scored, publishes nothing, reports the differences.

How an operator tries new weights on live news. Guarantees: the first model's work never waits for the second (what does
not fit into the queue is left out); every sentence offered is counted once, as compared or as left out; whatever the
second model raises ends the comparison and nothing else. It does take its share of the cores.
Refuses to decide: its scores meet its own manifest's thresholds, only to be compared.
"""

import logging
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models import Classifier
from models.labels import EVENTS
from streams.assess.settle import round_scores
from streams.assess.work import Work, questions
from streams.observe.metrics import Metrics
from streams.observe.vocabulary import AGREEMENTS

__all__ = ["Agreement", "Difference", "Shadow", "compare"]

Agreement = Literal["both", "neither", "first_only", "second_only"]
Scores = NDArray[np.float32]
_Item = tuple[list[str], list[tuple[str | None, str | None] | None], Scores]
"""Sentences, their contexts, and what the first model says of them; not the records, which may be large."""

_WAITING: Final = 8
"""Batches that may wait for the second model; more would be memory without end."""
_LINES_A_BATCH: Final = 5
"""Differing sentences of one batch that are logged, the furthest apart first; the rest is counted."""
_QUOTE: Final = 160
_SLICE: Final = 32
"""Sentences that the second model is given at a time: it can be stopped between two slices."""
_STOPPING: Final = 3.0
"""Seconds that the last slice may take when it has to stop."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Difference:
    """One sentence that the two models answer differently. `row` is its place among the scores compared."""

    row: int
    event: str
    first: float
    second: float


def compare(
    first: Scores, second: Scores, thresholds: tuple[dict[str, float], dict[str, float]]
) -> tuple[dict[str, dict[Agreement, int]], list[Difference]]:
    """Counts of agreement by event, and the differing sentences, the furthest apart first.

    `first` and `second` are [n, n_labels], `thresholds` those of the first and of the second model.
    """
    counts: dict[str, dict[Agreement, int]] = {}
    differing: list[Difference] = []
    one, two = round_scores(first), round_scores(second)
    for column, event in enumerate(EVENTS):
        a, b = one[:, column] >= thresholds[0][event], two[:, column] >= thresholds[1][event]
        counts[event] = {
            "both": int((a & b).sum()),
            "neither": int((~a & ~b).sum()),
            "first_only": int((a & ~b).sum()),
            "second_only": int((~a & b).sum()),
        }
        differing += [
            Difference(int(row), event, float(one[row, column]), float(two[row, column]))
            for row in np.flatnonzero(a != b)
        ]
    return counts, sorted(differing, key=lambda found: -abs(found.first - found.second))


class Shadow:
    """Owns the second model and a thread of its own. `offer` from any thread; `close` at the end."""

    def __init__(
        self, folder: Path, thresholds: dict[str, float], metrics: Metrics, threads: int | None = None
    ) -> None:
        """Load and warm the second model. Raises what `Classifier.load` raises."""
        self._classifier = Classifier.load(folder, threads=threads)
        self._classifier.warm()
        manifest = self._classifier.manifest
        own = {event: point.default for event, point in manifest.thresholds.items()}
        self._thresholds = (thresholds, own)
        self._metrics = metrics
        self._queue: queue.Queue[_Item | None] = queue.Queue(_WAITING)
        self._total = {event: dict.fromkeys(AGREEMENTS, 0) for event in EVENTS}
        self._skipped = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.name = f"{manifest.name} {manifest.version} ({manifest.sha256[:12]})"
        _log.info("shadow model %s from %s: scored and compared, never published", self.name, folder)
        metrics.shadow_running.set(1)
        self._thread = threading.Thread(target=self._run, name="tocsin-shadow", daemon=True)
        self._thread.start()

    def offer(self, works: Sequence[Work], scores: Sequence[Sequence[Scores]]) -> None:
        """Take a batch that the first model has scored, or leave it out if too many wait. Never blocks."""
        rows = [part for work in scores for part in work if len(part)]
        if not rows:
            return
        item = (*questions(works), np.concatenate(rows))
        if self._over.is_set():
            self._leave_out(item)
            return
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._leave_out(item)

    def close(self, seconds: float = 5.0) -> None:
        """Finish what waits, within `seconds`, and say what was found. What is not finished then is left out."""
        end = time.monotonic() + seconds
        if not self._over.is_set():
            with suppress(queue.Full):
                self._queue.put(None, timeout=seconds)
            self._thread.join(max(0.0, end - time.monotonic()))
        if self._thread.is_alive():
            _log.warning("shadow model did not keep up to the end")
            # WHY: a thread inside torch while the interpreter ends aborts the process, after an orderly stop as well.
            self._over.set()
            self._thread.join(_STOPPING)
        self._over.set()
        self._empty()
        self._metrics.shadow_running.set(0)
        for event, counts in self._total.items():
            _log.info("shadow summary %s: %s, %d sentences left out", event, counts, self._skipped)

    def _run(self) -> None:
        while not self._over.is_set() and (item := self._queue.get()) is not None:
            try:
                compared = self._compare(*item)
            except Exception:  # noqa: BLE001
                # WHY: a trial must not end the worker; the first model's answers stand as they are.
                _log.exception("shadow model failed; the comparison ends, the worker goes on")
                self._over.set()
                self._metrics.shadow_running.set(0)
                compared = False
            if not compared:
                self._leave_out(item)
        self._empty()

    def _leave_out(self, item: _Item) -> None:
        sentences = len(item[0])
        with self._lock:
            self._skipped += sentences
        self._metrics.shadow_skipped.inc(sentences)

    def _empty(self) -> None:
        """Leave out all that waits."""
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                self._leave_out(item)

    def _compare(self, texts: list[str], contexts: list[tuple[str | None, str | None] | None], first: Scores) -> bool:
        """Score, count and log one batch; False if it had to stop before the last sentence."""
        parts = []
        for at in range(0, len(texts), _SLICE):
            if self._over.is_set():
                return False
            parts.append(self._classifier.scores(texts[at : at + _SLICE], contexts[at : at + _SLICE]))
        second = np.concatenate(parts)
        if not np.isfinite(second).all():
            raise ValueError("the second model gives scores that are not numbers")
        counts, differing = compare(first, second, self._thresholds)
        for event, agreements in counts.items():
            for agreement, number in agreements.items():
                self._total[event][agreement] += number
                self._metrics.shadow_sentences.labels(event=event, agreement=agreement).inc(number)
        for column, event in enumerate(EVENTS):
            for gap in np.abs(first[:, column] - second[:, column]):
                self._metrics.shadow_difference.labels(event=event).observe(float(gap))
        for found in differing[:_LINES_A_BATCH]:
            _log.info(
                "shadow differs on %s: first %.3f, second %.3f: %.*s",
                *(found.event, found.first, found.second, _QUOTE, texts[found.row]),
            )
        return True
