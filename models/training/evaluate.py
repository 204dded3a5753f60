"""Measuring a classifier on labelled sentences, by label and by everything that sentences differ in.

Guarantees: thresholds are the caller's; intervals are bootstrapped by group (article); sentences that were drawn with
unequal chances count by their `mass`; a baseline is measured by the same rule as the model.
Refuses to print: the caller decides where the figures go.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from models.encoding import Context
from models.labels import EVENT_OF_SIGNAL, EVENTS, LABELS
from models.training.data import Example
from models.training.metrics import Binary, binary, bootstrap_interval, group_accuracy

__all__ = [
    "KINDS",
    "Interval",
    "Report",
    "Scorer",
    "SetReport",
    "Share",
    "Thresholds",
    "measure",
    "plain",
    "worst_errors",
]

Scores = npt.NDArray[np.float32]  # [n, n_labels]
Thresholds = dict[str, float]
Interval = tuple[float, float]

KINDS: Final = ("trap", "register", "source", "decade")
"""What sentences are told apart by. For sentences of the pool, trap is the part of the sample."""


class Scorer(Protocol):
    """Anything that scores sentences as `Classifier.scores` does; baselines are measured through it too."""

    def scores(self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None) -> Scores: ...


@dataclass(frozen=True, slots=True)
class Share:
    """One kind of sentences: how many, the share right in both events, and each event's figures."""

    n: int
    right: float
    events: dict[str, Binary]


@dataclass(frozen=True, slots=True)
class SetReport:
    """One set of sentences through one scorer. `labels` holds the labels with a known answer.

    `intervals` gives 95 % intervals of an event's precision, recall and F1. `groups_right` is the share of groups of
    two or more whose rows are all right, per event and, under `both`, in both; NaN where there is no group. `by` has
    a table for each of KINDS.
    """

    name: str
    scorer: str
    n: int
    labels: dict[str, Binary]
    intervals: dict[str, dict[str, Interval]] = field(default_factory=dict)
    groups_right: dict[str, float] = field(default_factory=dict)
    by: dict[str, dict[str, Share]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All sets that were measured, the model's and the baselines'."""

    sets: tuple[SetReport, ...]

    def of(self, name: str, scorer: str = "model") -> SetReport | None:
        """One set, if it was measured."""
        return next((part for part in self.sets if part.name == name and part.scorer == scorer), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; NaN becomes None."""
        clean = plain(self)
        assert isinstance(clean, dict)
        return clean


def measure(
    name: str,
    scorer: Scorer,
    thresholds: Mapping[str, float],
    examples: Sequence[Example],
    bootstrap_rounds: int = 0,
    scorer_name: str = "model",
) -> SetReport:
    """Score `examples` and count. `thresholds` needs both events; signals default to 0.5. No rounds, no intervals."""
    scores = scorer.scores([e.text for e in examples], [e.context for e in examples])
    truths = np.asarray([e.targets for e in examples], dtype=np.float64).reshape(len(examples), len(LABELS))
    mass = np.asarray([e.mass for e in examples], dtype=np.float64)
    groups = [e.group for e in examples]
    labels: dict[str, Binary] = {}
    intervals: dict[str, dict[str, Interval]] = {}
    groups_right: dict[str, float] = {}
    all_right = np.ones(len(examples), dtype=bool)
    for column, label in enumerate(LABELS):
        p, y = scores[:, column], truths[:, column]
        threshold = thresholds.get(label, 0.5)
        # A signal that is only known where its event is denied says nothing about finding it.
        if np.isnan(y).all() or (label in EVENT_OF_SIGNAL and not (y == 1).any()):
            continue
        labels[label] = binary(p, y, threshold, mass)
        if label in EVENTS:
            right = np.isnan(y) | ((p >= threshold) == (y == 1))
            all_right &= right
            groups_right[label] = group_accuracy(right, groups)
            if bootstrap_rounds and (y == 1).any():
                intervals[label] = _intervals(p, y, mass, threshold, groups, bootstrap_rounds)
    groups_right["both"] = group_accuracy(all_right, groups)
    by = {kind: _table(kind, examples, scores, truths, thresholds, all_right) for kind in KINDS}
    return SetReport(name, scorer_name, len(examples), labels, intervals, groups_right, by)


def worst_errors(
    scorer: Scorer, thresholds: Mapping[str, float], examples: Sequence[Example], event: str, most: int = 50
) -> list[tuple[float, Example]]:
    """Wrong answers to one event as (score, example), the furthest from the threshold first."""
    column = LABELS.index(event)
    scores = scorer.scores([e.text for e in examples], [e.context for e in examples])[:, column]
    wrong = [
        (float(score), example)
        for score, example in zip(scores, examples, strict=True)
        if example.target(event) in (0.0, 1.0) and (score >= thresholds[event]) != (example.target(event) == 1.0)
    ]
    return sorted(wrong, key=lambda found: -abs(found[0] - thresholds[event]))[:most]


def _intervals(
    p: npt.NDArray[np.float32],
    y: npt.NDArray[np.float64],
    mass: npt.NDArray[np.float64],
    threshold: float,
    groups: Sequence[str],
    rounds: int,
) -> dict[str, Interval]:
    said, true, known = p >= threshold, y == 1, ~np.isnan(y)
    hits, called, real = mass * (said & true), mass * (said & known), mass * true

    def ratio(
        over: npt.NDArray[np.float64], under: npt.NDArray[np.float64]
    ) -> Callable[[npt.NDArray[np.int64]], float]:
        def statistic(rows: npt.NDArray[np.int64]) -> float:
            below = float(under[rows].sum())
            return float(over[rows].sum()) / below if below else float("nan")

        return statistic

    pairs = {"precision": (hits, called), "recall": (hits, real), "f1": (2 * hits, called + real)}
    return {name: bootstrap_interval(ratio(*pair), groups, rounds=rounds) for name, pair in pairs.items()}


def _table(
    kind: str,
    examples: Sequence[Example],
    scores: Scores,
    truths: npt.NDArray[np.float64],
    thresholds: Mapping[str, float],
    right: npt.NDArray[np.bool_],
) -> dict[str, Share]:
    rows_of: dict[str, list[int]] = {}
    for row, example in enumerate(examples):
        if value := getattr(example, kind):
            rows_of.setdefault(value, []).append(row)
    return {
        value: Share(
            n=len(rows),
            right=float(right[rows].mean()),
            events={
                event: binary(scores[rows, column], truths[rows, column], thresholds[event])
                for column, event in enumerate(EVENTS)
                if not np.isnan(truths[rows, column]).all()
            },
        )
        for value, rows in sorted(rows_of.items())
    }


def plain(value: object) -> object:
    """Records, and lists of them, as plain data for JSON; NaN becomes None."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and value != value else value
