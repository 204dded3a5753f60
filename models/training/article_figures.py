"""Measuring how sentence scores become an article's score: the learned aggregation beside the best sentence alone.

Guarantees: only articles of the split asked for, written ones and the pool's apart; both ways are measured on the same
sentence scores. Refuses nothing: an origin without an article is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.article import Aggregation, score_of
from models.labels import EVENTS
from models.training.evaluate import Scorer
from models.training.metrics import Binary, binary
from models.training.wholes import Whole, evidence_of

__all__ = ["ALONE", "ArticleFigures", "measure_articles"]

ALONE: Final = 0.5
"""Score from which an article is called: learned scores are probabilities of an analyst's yes."""


@dataclass(frozen=True, slots=True)
class ArticleFigures:
    """One event on the articles of one origin: by the aggregation, and by the best sentence at its threshold."""

    origin: str
    event: str
    learned: Binary
    best_sentence: Binary


def measure_articles(
    scorer: Scorer,
    thresholds: Mapping[str, float],
    aggregation: Mapping[str, Aggregation],
    wholes: Sequence[Whole],
    split: str = "test",
) -> tuple[ArticleFigures, ...]:
    """Figures by origin and event. Without an aggregation for an event both ways are the same."""
    found = []
    for origin in dict.fromkeys(whole.origin for whole in wholes):
        chosen = [whole for whole in wholes if whole.origin == origin and whole.split == split]
        if not chosen:
            continue
        evidence = evidence_of(scorer, thresholds, chosen)
        answers = np.asarray([whole.answers for whole in chosen])
        for column, event in enumerate(EVENTS):
            best, y = evidence.best[:, column], answers[:, column]
            alone = learned = binary(best, y, thresholds[event])
            fit = aggregation.get(event)
            if fit is not None:
                scores = [score_of(row, fit) for row in evidence.matrix[:, column]]
                learned = binary(np.where(best > 0, scores, 0.0), y, ALONE)
            found.append(ArticleFigures(origin, event, learned, alone))
    return tuple(found)
