"""Measuring a classifier on labelled sentences: one report, as an object, as JSON and as plain text.

Guarantees: rows that trained are never measured (`public.measuring_rows`, the corpus' held-out splits);
thresholds are the manifest's; intervals are bootstrapped by group.
Refuses to print: the caller decides where the text goes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.encoding import Context
from models.labels import EVENT_OF_SIGNAL, EVENTS, LABELS
from models.training.data import Example, read_corpus
from models.training.metrics import Binary, binary, bootstrap_interval, group_accuracy
from models.training.public import measuring_rows

__all__ = ["EvaluateOptions", "Report", "Scorer", "SetReport", "evaluate", "measure", "worst_errors"]

Scores = npt.NDArray[np.float32]  # [n, n_labels]
Thresholds = dict[str, float]


class Scorer(Protocol):
    """Anything that scores sentences as `Classifier.scores` does; baselines are measured through it too."""

    def scores(self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None) -> Scores: ...


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What to measure on: shards (None: the packaged corpus), a split of them, public sets by path,
    bootstrap rounds.
    """

    corpus: tuple[Path, ...] | None = None
    split: str = "test"
    public: tuple[Path, ...] = ()
    bootstrap_rounds: int = 1000


@dataclass(frozen=True, slots=True)
class SetReport:
    """One set of sentences. `labels` holds the labels with a known answer; `f1_interval` only events with
    positives.

    `groups_right` is the share of groups of two or more whose rows are all right, per event and, under
    `both`, in both; NaN where there is no group. `by_trap` and `by_register` give the share of rows right
    in both events.
    """

    name: str
    n: int
    labels: dict[str, Binary]
    f1_interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    groups_right: dict[str, float] = field(default_factory=dict)
    by_trap: dict[str, tuple[int, float]] = field(default_factory=dict)
    by_register: dict[str, tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All sets that were measured."""

    sets: tuple[SetReport, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; NaN becomes None."""
        clean = _without_nan(asdict(self))
        assert isinstance(clean, dict)
        return clean

    def to_text(self) -> str:
        """A table for people, one line for each set and label."""
        names = " ".join(f"{name:>6}" for name in ("P", "R", "F1", "AP", "FPR", "ECE"))
        lines = [f"{'set':30} {'label':20} {'n':>6} {'pos':>5} {names}"]
        for part in self.sets:
            for label, b in part.labels.items():
                figures = (
                    b.precision,
                    b.recall,
                    b.f1,
                    b.average_precision,
                    b.false_positive_rate,
                    b.calibration_error,
                )
                cells = " ".join(f"{x:6.3f}" if x == x else f"{'-':>6}" for x in figures)
                interval = part.f1_interval.get(label)
                tail = f"  F1 95 % {interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
                lines.append(f"{part.name[:30]:30} {label:20} {b.n:6} {b.positives:5} {cells}{tail}")
            for event, share in part.groups_right.items():
                if share == share:
                    lines.append(f"{part.name[:30]:30} groups all right, {event}: {share:.3f}")
        return "\n".join(lines) + "\n"


def evaluate(scorer: Scorer, thresholds: Thresholds, options: EvaluateOptions) -> Report:
    """Measure on a split of the corpus and on each public set. `thresholds` needs both events; signals
    default to 0.5.

    Raises CorpusError when a file breaks its rules.
    """
    held_out = [example for example in read_corpus(options.corpus) if example.split == options.split]
    sets = [(f"corpus {options.split}", held_out)] if held_out else []
    sets += [(path.stem, measuring_rows(path)) for path in options.public]
    return Report(tuple(measure(name, scorer, thresholds, rows, options.bootstrap_rounds) for name, rows in sets))


def measure(
    name: str, scorer: Scorer, thresholds: Thresholds, examples: Sequence[Example], bootstrap_rounds: int = 0
) -> SetReport:
    """Score `examples` and count. Without rounds there are no intervals."""
    scores = scorer.scores([e.text for e in examples], [e.context for e in examples])
    truths = np.asarray([e.targets for e in examples], dtype=np.float64).reshape(len(examples), len(LABELS))
    groups = [e.group for e in examples]
    labels: dict[str, Binary] = {}
    intervals: dict[str, tuple[float, float]] = {}
    groups_right: dict[str, float] = {}
    all_right = np.ones(len(examples), dtype=bool)
    for column, label in enumerate(LABELS):
        p, y = scores[:, column], truths[:, column]
        threshold = thresholds.get(label, 0.5)
        # A signal that is only known where its event is denied says nothing about finding it.
        if np.isnan(y).all() or (label in EVENT_OF_SIGNAL and not (y == 1).any()):
            continue
        labels[label] = binary(p, y, threshold)
        if label in EVENTS:
            right = np.isnan(y) | ((p >= threshold) == (y == 1))
            all_right &= right
            groups_right[label] = group_accuracy(right, groups)
            if bootstrap_rounds and (y == 1).any():
                f1 = _f1_of(p, y, threshold)
                intervals[label] = bootstrap_interval(f1, groups, rounds=bootstrap_rounds)
    groups_right["both"] = group_accuracy(all_right, groups)
    return SetReport(
        name=name,
        n=len(examples),
        labels=labels,
        f1_interval=intervals,
        groups_right=groups_right,
        by_trap=_shares((e.trap for e in examples), all_right),
        by_register=_shares((e.register for e in examples), all_right),
    )


def worst_errors(
    scorer: Scorer, thresholds: Thresholds, examples: Sequence[Example], event: str, most: int = 50
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


def _f1_of(
    p: npt.NDArray[np.float32], y: npt.NDArray[np.float64], threshold: float
) -> Callable[[npt.NDArray[np.int64]], float]:
    said, true, known = p >= threshold, y == 1, ~np.isnan(y)
    hits, total = (said & true).astype(np.int64), ((said & known).astype(np.int64) + true)

    def f1(rows: npt.NDArray[np.int64]) -> float:
        below = int(total[rows].sum())
        return 2 * int(hits[rows].sum()) / below if below else float("nan")

    return f1


def _shares(names: Iterable[str], right: npt.NDArray[np.bool_]) -> dict[str, tuple[int, float]]:
    found: dict[str, list[bool]] = {}
    for name, ok in zip(names, right, strict=True):
        found.setdefault(name, []).append(bool(ok))
    return {name: (len(values), sum(values) / len(values)) for name, values in sorted(found.items()) if name}


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value
