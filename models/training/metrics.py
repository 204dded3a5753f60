"""Numbers about answers: precision, recall, F1, average precision, bootstrap intervals, minimal pairs.

Guarantees: pure numpy; unknown answers (NaN) are left out everywhere; a figure that nothing supports is
NaN, never 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration import expected_calibration_error

__all__ = [
    "Binary",
    "average_precision",
    "best_threshold",
    "binary",
    "bootstrap_interval",
    "group_accuracy",
    "precise_from",
    "precision_recall",
]

Floats1d = npt.NDArray[np.float64]  # [n]
Interval = tuple[float, float]

# Half the width of the window over which a threshold's worth is averaged, as a score.
SMOOTHING = 0.1


@dataclass(frozen=True, slots=True)
class Binary:
    """One label's figures at one threshold. `n` counts known answers, `positives` those that are 1."""

    n: int
    positives: int
    precision: float
    recall: float
    f1: float
    false_positive_rate: float
    average_precision: float
    calibration_error: float


def binary(
    scores: npt.ArrayLike, truths: npt.ArrayLike, threshold: float, weights: npt.ArrayLike | None = None
) -> Binary:
    """Figures for `scores` [n] in [0, 1] against `truths` [n] (0, 1, NaN); positive at or above the threshold.

    `weights` [n] undo a sampling that was not uniform; the counts `n` and `positives` stay counts of sentences.
    """
    p, y, w = _known(scores, truths, weights)
    said, true = p >= threshold, y == 1
    hits, called, real = (float(w[part].sum()) for part in (said & true, said, true))
    return Binary(
        n=int(y.size),
        positives=int(true.sum()),
        precision=_ratio(hits, called),
        recall=_ratio(hits, real),
        f1=_ratio(2 * hits, called + real) if true.any() else float("nan"),
        false_positive_rate=_ratio(float(w[said & ~true].sum()), float(w[~true].sum())),
        average_precision=average_precision(p, y, w),
        calibration_error=expected_calibration_error(p, y, weights=w),
    )


def precision_recall(
    scores: npt.ArrayLike, truths: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Floats1d, Floats1d, Floats1d]:
    """(precision, recall, threshold) at every distinct score, falling; ties count as one. Empty if unknown."""
    p, y, w = _known(scores, truths, weights)
    order = np.argsort(-p, kind="stable")
    p, y, w = p[order], y[order], w[order]
    last_of_tie = np.append(p[1:] != p[:-1], True) if p.size else np.zeros(0, dtype=bool)
    hits, called = np.cumsum(w * y)[last_of_tie], np.cumsum(w)[last_of_tie]
    total = float((w * y).sum())
    return hits / called, hits / total if total else np.full(hits.size, np.nan), p[last_of_tie]


def average_precision(scores: npt.ArrayLike, truths: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Sum over distinct thresholds of precision times the rise of recall; ties count as one threshold.

    The step-wise area of scikit-learn's `average_precision_score`. NaN without positives.
    """
    precision, recall, _ = precision_recall(scores, truths, weights)
    if not recall.size or np.isnan(recall).any():
        return float("nan")
    return float(np.sum(precision * np.diff(np.append(0.0, recall))))


def best_threshold(
    scores: npt.ArrayLike,
    truths: npt.ArrayLike,
    goal: Callable[[float, float], float],
    low: float = 0.01,
    high: float = 0.99,
    weights: npt.ArrayLike | None = None,
) -> float:
    """The hundredth in [low, high] around which goal(precision, recall) is greatest.

    The goal is averaged over thresholds up to SMOOTHING away (a triangle), because on a few hundred sentences its peak
    is luck; of equal best ones the middle is taken. `truths` may be probabilities; `weights` undo a sampling that was
    not uniform. An undefined precision (nothing said) is given to `goal` as 1, an undefined recall as 0.
    """
    p, y, w = _known(scores, truths, weights)
    reach = round(SMOOTHING * 100)
    candidates = np.arange(round(low * 100), round(high * 100) + 1)
    around = np.arange(candidates[0] - reach, candidates[-1] + reach + 1)
    values = []
    for candidate in around / 100:
        hits, said = _said(p, y, w, candidate)
        precision = hits / said if said else 1.0
        values.append(goal(precision, hits / float((w * y).sum()) if y.any() else 0.0))
    kernel = reach + 1 - np.abs(np.arange(-reach, reach + 1))
    # Thresholds outside (0, 1) are no thresholds: they have no part in the averages near the ends.
    valid = ((around > 0) & (around < 100)).astype(np.float64)
    smooth = np.convolve(np.asarray(values) * valid, kernel, "valid") / np.convolve(valid, kernel, "valid")
    best = np.flatnonzero(smooth >= smooth.max() - 1e-12)
    return float(candidates[best[len(best) // 2]] / 100)


def precise_from(
    scores: npt.ArrayLike, truths: npt.ArrayLike, wanted: float, low: float, weights: npt.ArrayLike | None = None
) -> float:
    """The least hundredth in [low, 0.99] at which the precision is `wanted` or more; `low` if it never is.

    `truths` may be probabilities; a threshold that no score reaches does not count.
    """
    p, y, w = _known(scores, truths, weights)
    for candidate in range(round(low * 100), 100):
        hits, said = _said(p, y, w, candidate / 100)
        if said and hits >= (wanted - 1e-9) * said:
            return candidate / 100
    return low


def _said(p: Floats1d, y: Floats1d, w: Floats1d, threshold: float) -> tuple[float, float]:
    """The mass of the hits, and of all that is called positive, from `threshold` on."""
    said = p >= threshold
    return float((w * y)[said].sum()), float(w[said].sum())


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.int64]], float],
    clusters: Sequence[str],
    *,
    rounds: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile interval of statistic(rows), drawing whole clusters with replacement (Efron 1979).

    `clusters[i]` is the cluster (article, group) of row i: rows of one article are not independent. Rounds
    in which the statistic is NaN are left out; NaN when none is left.
    """
    _, index = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    order = np.argsort(index, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(index[order])) + 1) if order.size else []
    random = np.random.default_rng(seed)
    values = []
    for _ in range(rounds if members else 0):
        drawn = random.integers(0, len(members), len(members))
        values.append(statistic(np.concatenate([members[k] for k in drawn]).astype(np.int64)))
    known = np.asarray([value for value in values if not np.isnan(value)])
    if not known.size:
        return (float("nan"), float("nan"))
    tail = (1 - level) / 2
    return (float(np.quantile(known, tail)), float(np.quantile(known, 1 - tail)))


def group_accuracy(right: npt.ArrayLike, groups: Sequence[str]) -> float:
    """Share of groups (of two or more rows) whose rows are all right: a minimal pair counts only whole."""
    ok = np.asarray(right, dtype=bool)
    _, index, sizes = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True, return_counts=True)
    wrong = np.bincount(index, ~ok, sizes.size)
    pairs = sizes >= 2
    return _ratio(float((wrong[pairs] == 0).sum()), float(pairs.sum()))


def _known(
    scores: npt.ArrayLike, truths: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Floats1d, Floats1d, Floats1d]:
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(truths, dtype=np.float64)
    w = np.ones_like(p) if weights is None else np.asarray(weights, dtype=np.float64)
    known = ~np.isnan(y)
    return p[known], y[known], w[known]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
