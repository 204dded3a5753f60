"""Choosing where a score becomes an answer.

Guarantees: three points per event, in order, of two decimals; the default is the best F1 among those not below FLOOR
at which four of five sentences called evidence are (PRECISION_WANTED; as read, and as scores and readers together say),
if any is so precise.
Refuses to look at test rows: the caller gives it what it may see.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from models.calibration import MIN_EXAMPLES
from models.labels import EVENTS, SIGNALS
from models.manifest import Thresholds
from models.training.metrics import best_threshold, precise_from

__all__ = ["FLOOR", "PRECISION_WANTED", "choose_signal_thresholds", "choose_thresholds", "f_beta"]

# A default below this would call improbable sentences evidence.
FLOOR: Final = 0.3
# Our own choice of what an analyst still trusts: at most one quoted sentence in five is beside the point.
PRECISION_WANTED: Final = 0.8
_LEAN: Final = 3.0
# Signals are rare, and are read only where their event holds: a lower bar costs little there.
SIGNAL_FLOOR: Final = 0.2
SIGNAL_CEILING: Final = 0.6


def choose_thresholds(
    scores: Mapping[str, npt.ArrayLike],
    truths: Mapping[str, npt.ArrayLike],
    masses: Mapping[str, npt.ArrayLike] | None = None,
) -> dict[str, Thresholds]:
    """For each event: default = best F1 with enough precision; high_recall = best F3, not above it;
    high_precision = best F(1/3), not below.

    `scores` must be calibrated. `masses` undo a sampling that was not uniform. Each truth is averaged with its score:
    for calibrated scores the best F1 lies where the score is half of that F1 (Lipton et al. 2014, "Optimal
    thresholding of classifiers to maximize F1"), and a few hundred sentences should bend that rule, not overrule it.
    F-beta weighs recall beta times as much as precision (van Rijsbergen 1979). Without any positive: 0.5 everywhere.
    """
    chosen: dict[str, Thresholds] = {}
    for event in EVENTS:
        p, y = np.asarray(scores[event], dtype=np.float64), np.asarray(truths[event], dtype=np.float64)
        if not (y == 1).any():
            chosen[event] = Thresholds(0.5, 0.5, 0.5)
            continue
        w = None if masses is None else masses[event]
        low = precise_from(p, y, PRECISION_WANTED, FLOOR, w)
        y = np.where(np.isnan(y), y, (y + p) / 2)
        low = max(low, precise_from(p, y, PRECISION_WANTED, FLOOR, w))
        default = best_threshold(p, y, _f1, low=low, weights=w)
        chosen[event] = Thresholds(
            default=default,
            high_recall=best_threshold(
                p, y, lambda a, b: f_beta(a, b, _LEAN), high=default, low=min(0.05, default), weights=w
            ),
            high_precision=best_threshold(p, y, lambda a, b: f_beta(a, b, 1 / _LEAN), low=default, weights=w),
        )
    return chosen


def choose_signal_thresholds(
    scores: Mapping[str, npt.ArrayLike],
    truths: Mapping[str, npt.ArrayLike],
    masses: Mapping[str, npt.ArrayLike] | None = None,
) -> dict[str, float]:
    """For each signal the best F1 in [SIGNAL_FLOOR, SIGNAL_CEILING]; SIGNAL_FLOOR with too few positives to choose."""
    chosen: dict[str, float] = {}
    for signal in SIGNALS:
        p, y = np.asarray(scores[signal], dtype=np.float64), np.asarray(truths[signal], dtype=np.float64)
        chosen[signal] = SIGNAL_FLOOR
        if int((y == 1).sum()) >= MIN_EXAMPLES:
            w = None if masses is None else masses[signal]
            chosen[signal] = best_threshold(p, y, _f1, low=SIGNAL_FLOOR, high=SIGNAL_CEILING, weights=w)
    return chosen


def f_beta(precision: float, recall: float, beta: float) -> float:
    """(1 + beta^2) P R / (beta^2 P + R); 0 when both are 0."""
    below = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / below if below else 0.0


def _f1(precision: float, recall: float) -> float:
    return f_beta(precision, recall, 1.0)
