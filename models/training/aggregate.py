"""Learning how the scores of sentences make the score of an article, from articles with an answer of their own.

Guarantees: the fit is convex and deterministic; weights are at least 0 (the most negative is left out and the rest
fitted again, until none is), so the result is monotone; the sentence model's own training articles are the caller's to
leave out.
Refuses to learn from fewer than MIN_ARTICLES of either answer: then the best sentence decides.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from models.article import FEATURES, Aggregation

__all__ = ["MIN_ARTICLES", "fit_aggregation"]

MIN_ARTICLES: Final = 10
_RIDGE: Final = 0.5
"""Half of it times the squared weights is added to the loss: a hundred articles should not give steep rules."""


def fit_aggregation(x: npt.ArrayLike, y: npt.ArrayLike) -> Aggregation | None:
    """The aggregation that fits articles with features `x` [n, 4] and answers `y` [n] (0, 1; NaN: unknown) best."""
    matrix, truth = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    known = ~np.isnan(truth)
    matrix, truth = matrix[known], truth[known]
    if min((truth == 1).sum(), (truth == 0).sum()) < MIN_ARTICLES:
        return None
    kept = list(range(len(FEATURES)))
    while True:
        theta = _newton(np.column_stack([np.ones(len(truth)), matrix[:, kept]]), truth)
        if not (theta[1:] < 0).any():
            break
        # WHY one at a time: features overlap, and without the worst the next may turn positive.
        del kept[int(np.argmin(theta[1:]))]
    weights = dict.fromkeys(FEATURES, 0.0) | {FEATURES[c]: float(w) for c, w in zip(kept, theta[1:], strict=True)}
    return Aggregation(bias=float(theta[0]), weights=weights)


def _newton(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ridge logistic regression; the first column, the bias, is not penalised."""
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 1e-6
    theta = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ theta, -30, 30)))
        gradient = x.T @ (p - y) + ridge * theta
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        theta = theta - step / max(1.0, float(np.abs(step).max()) / 2)
        if float(np.abs(step).max()) < 1e-9:
            break
    return theta
