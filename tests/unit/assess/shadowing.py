"""A second model in a test's hands, and what a comparison leaves in the metrics."""

import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from models.labels import EVENTS, LABELS
from models.manifest import Thresholds
from streams.assess import shadow as room
from streams.assess.shadow import Shadow
from streams.observe.metrics import Metrics

__all__ = ["HALF", "HOSTILE", "Second", "compared", "explode", "offer", "scores", "until", "value", "work"]

HALF = {"escalation": 0.5, "evacuation": 0.5}
HOSTILE = "leave\x1b[31mnow\x07\n12:00:00 error   streams.app: forged\r\x85\u2028\u202eevil\x00\ud800"


def scores(*rows: tuple[float, float]) -> Any:
    """Scores of sentences, given those for escalation and for evacuation."""
    made = np.zeros((len(rows), len(LABELS)), dtype=np.float32)
    made[:, :2] = np.reshape(rows, (-1, 2))
    return made


class Second:
    """A second model in the test's hands: it waits at `gate`, then answers `answer`, or raises it."""

    manifest = SimpleNamespace(
        name="second", version="2", sha256="f" * 64,
        thresholds={event: Thresholds(0.5, 0.25, 0.75) for event in EVENTS},
    )  # fmt: skip

    def __init__(self) -> None:
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        self.answer: Callable[[Sequence[str]], Any] = lambda texts: scores(*[(0.1, 0.9)] * len(texts))
        self.asked: list[str] = []

    def warm(self) -> None:
        pass

    def scores(self, texts: Sequence[str], contexts: Sequence[Any]) -> Any:
        assert len(texts) == len(contexts)
        self.entered.set()
        assert self.gate.wait(20)
        self.asked += texts
        return self.answer(texts)


def work(*texts: str) -> Any:
    """A record of one article of these sentences; all that a comparison reads of it."""
    return SimpleNamespace(prepared=(SimpleNamespace(texts=texts, contexts=((None, None),) * len(texts)),))


def offer(shadow: Shadow, *texts: str) -> None:
    shadow.offer([work(*texts)], [[scores(*[(0.1, 0.1)] * len(texts))]])


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(f"tocsin_shadow_{name}", labels)
    assert found is not None, name
    return found


def compared(metrics: Metrics) -> dict[str, float]:
    """Sentences compared, by event."""
    return {
        event: sum(value(metrics, "sentences_total", event=event, agreement=one) for one in room.AGREEMENTS)
        for event in EVENTS
    }


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "not within 20 s"
        time.sleep(0.005)


def explode(error: BaseException) -> Callable[[Sequence[str]], Any]:
    def raising(_texts: Sequence[str]) -> Any:
        raise error

    return raising
