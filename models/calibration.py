"""Turning logits into scores that mean what they say, and measuring how far they do.

Guarantees: pure numpy, monotone per label (the order of sentences never changes), finite for every finite
input.
Refuses to fit where there is nothing to fit: a label with too few of either answer keeps the identity.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from models.manifest import Platt

__all__ = ["apply", "expected_calibration_error", "fit_platt", "sigmoid"]

Logits = npt.NDArray[np.float32]  # [n_sentences, n_labels]
Scores = npt.NDArray[np.float32]  # [n_sentences, n_labels], in [0, 1]

# Fewer examples of an answer than this say more about themselves than about the label.
MIN_EXAMPLES = 5
_MIN_SCALE = 0.05


def sigmoid(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """1 / (1 + exp(-x)) without overflow, in x's precision."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0 / (1.0 + small), small / (1.0 + small)), dtype=x.dtype)


def apply(logits: Logits, labels: Sequence[str], calibration: Mapping[str, Platt]) -> Scores:
    """Scores [n, k] of logits [n, k]; labels without an entry use the plain sigmoid."""
    fits = [calibration.get(label, Platt()) for label in labels]
    scale = np.asarray([fit.scale for fit in fits], dtype=np.float32)
    shift = np.asarray([fit.shift for fit in fits], dtype=np.float32)
    return np.asarray(sigmoid(logits.astype(np.float32, copy=False) * scale + shift), dtype=np.float32)


def fit_platt(
    logits: npt.ArrayLike, truths: npt.ArrayLike, prior_strength: float = 2.0, weights: npt.ArrayLike | None = None
) -> Platt:
    """Scale and shift that minimise the log loss on (logits [n], truths [n] of 0/1), pulled towards the
    identity.

    Targets are Platt's smoothed ones, (N+ + 1) / (N+ + 2) and 1 / (N- + 2) (Platt 1999, "Probabilistic outputs for
    support vector machines"); `prior_strength` weighs a Gaussian prior around scale 1, shift 0. `weights` [n] undo a
    sampling that was not uniform; they are scaled to sum to n. Newton steps, halved until the loss falls; the
    identity is returned when either answer has fewer than MIN_EXAMPLES.
    """
    x = np.asarray(logits, dtype=np.float64)
    y = np.asarray(truths, dtype=np.float64)
    positives, negatives = int((y == 1).sum()), int((y == 0).sum())
    if min(positives, negatives) < MIN_EXAMPLES:
        return Platt()
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    prior = np.asarray([1.0, 0.0])
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    # So that the rarer answer keeps its count, and the prior its strength against it.
    w = w / min(w[y == 1].mean(), w[y == 0].mean())

    def loss(theta: npt.NDArray[np.float64]) -> float:
        z = theta[0] * x + theta[1]
        return float(
            np.sum(w * (np.logaddexp(0.0, z) - target * z)) + prior_strength / 2 * np.sum((theta - prior) ** 2)
        )

    theta = prior.copy()
    for _ in range(50):
        p = np.asarray(sigmoid(theta[0] * x + theta[1]), dtype=np.float64)
        weight = w * np.maximum(p * (1 - p), 1e-9)
        gradient = np.asarray([np.sum(w * (p - target) * x), np.sum(w * (p - target))]) + prior_strength * (
            theta - prior
        )
        cross = np.sum(weight * x)
        hessian = np.asarray([[np.sum(weight * x * x), cross], [cross, np.sum(weight)]]) + prior_strength * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4 and loss(theta - size * step) > loss(theta):
            size /= 2
        theta = theta - size * step
        if float(np.abs(size * step).max()) < 1e-8:
            break
    return Platt(scale=float(max(theta[0], _MIN_SCALE)), shift=float(theta[1]))


def expected_calibration_error(
    scores: npt.ArrayLike, truths: npt.ArrayLike, bins: int = 10, weights: npt.ArrayLike | None = None
) -> float:
    """Mean |confidence - accuracy| over equal-width bins of the score, weighted by each bin's mass, in [0,
    1].

    As in Guo et al. 2017 ("On calibration of modern neural networks"), for a binary answer: confidence is
    the mean score of a bin, accuracy its share of positives. `weights` [n] undo a sampling that was not
    uniform. NaN when empty.
    """
    p = np.asarray(scores, dtype=np.float64)
    y = np.asarray(truths, dtype=np.float64)
    w = np.ones_like(p) if weights is None else np.asarray(weights, dtype=np.float64)
    if p.size == 0 or w.sum() == 0:
        return float("nan")
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    mass = np.bincount(index, w, bins)
    gap = np.abs(np.bincount(index, w * p, bins) - np.bincount(index, w * y, bins))
    return float(gap.sum() / mass.sum())
