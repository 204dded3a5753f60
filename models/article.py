"""From the scores of sentences to the score of an article: how likely its *news* is an event, not one of its lines.

A strike told in the headline and again in the lead is news; one sentence on last night's strike deep in a piece on
wheat prices is background. Only evidence counts: sentences at or above the event's threshold. Guarantees: pure numpy;
the score lies in [0, 1] and never falls when any sentence's score rises (all weights are at least 0); without an
`Aggregation` it is the best sentence's score, as if there were nothing to learn.
Refuses to see text: scores and places only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "FEATURES",
    "LEAD_SENTENCES",
    "Aggregation",
    "Position",
    "article_score",
    "features",
    "positions_of",
    "score_of",
]

Position = Literal["headline", "lead", "body", "alone"]

LEAD_SENTENCES: Final = 3
"""First sentences of the body that count as its lead (a summary counts whole)."""
FEATURES: Final = ("best", "headline", "lead", "further")
_EDGE: Final = 1e-3
_STEEPEST: Final = 500.0
"""Log odds beyond which exp would overflow; a score is 0 or 1 long before."""


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A logistic regression over FEATURES: bias, and a weight of at least 0 for each."""

    bias: float
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if set(self.weights) != set(FEATURES):
            raise ValueError(f"an aggregation has weights for exactly {', '.join(FEATURES)}")
        if not all(math.isfinite(value) for value in (self.bias, *self.weights.values())):
            raise ValueError("bias and weights must be finite: nothing else gives a score in [0, 1]")
        if any(not weight >= 0 for weight in self.weights.values()):
            raise ValueError("a weight below 0 would let an article's score fall when a sentence's rises")


def positions_of(fields: Sequence[str]) -> tuple[Position, ...]:
    """Where each sentence stands, from the field it is in (title, summary, body): headline; lead (the summary, and the
    first sentences of the body); body. Alone: a headline that is the whole record, and so its headline and its lead.
    """
    if all(field == "title" for field in fields):
        return tuple("alone" for _ in fields)
    body = [number for number, field in enumerate(fields) if field == "body"]
    lead = set(body[:LEAD_SENTENCES])
    return tuple(
        "lead" if field == "summary" or number in lead else "headline" if field == "title" else "body"
        for number, field in enumerate(fields)
    )


def features(scores: npt.ArrayLike, positions: Sequence[Position]) -> npt.NDArray[np.float64]:
    """FEATURES [4] of one article's evidence: log odds of the best sentence (cut at a thousandth), score of the
    headline, best score in the lead, and ln(1 + the sum of the scores beside the best). A place without evidence has
    the score 0.
    """
    p = np.asarray(scores, dtype=np.float64)
    where = np.asarray(positions)
    return np.asarray(
        [
            _log_odds(p.max(initial=0.0)),
            p[np.isin(where, ("headline", "alone"))].max(initial=0.0),
            p[np.isin(where, ("lead", "alone"))].max(initial=0.0),
            float(np.log1p(np.sort(p)[:-1].sum())),
        ]
    )


def article_score(scores: npt.ArrayLike, positions: Sequence[Position], aggregation: Aggregation | None) -> float:
    """The article's score for one event, from the scores [n] in [0, 1] of the sentences that are evidence for it, and
    where they stand. 0 without evidence.
    """
    p = np.asarray(scores, dtype=np.float64)
    if aggregation is None or not p.size:
        return float(p.max(initial=0.0))
    return score_of(features(p, positions), aggregation)


def score_of(row: npt.NDArray[np.float64], aggregation: Aggregation) -> float:
    """The score in [0, 1] of an article's FEATURES [4]."""
    weights = np.asarray([aggregation.weights[name] for name in FEATURES])
    z = aggregation.bias + float(row @ weights)
    return 1.0 / (1.0 + math.exp(-min(max(z, -_STEEPEST), _STEEPEST)))


def _log_odds(p: float) -> float:
    cut = min(max(float(p), _EDGE), 1 - _EDGE)
    return float(np.log(cut / (1 - cut)))
