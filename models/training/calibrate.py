"""Scores that mean what they say, and where a score becomes an answer: fitted on sentences that never trained.

Guarantees: uses the sentences drawn at news' own rate (the pool's `calibration` split, each weighted by its `mass`)
where there are enough of both answers, else dev; test rows are never looked at.
Refuses nothing: a label without examples keeps the identity and the default threshold.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from models import calibration
from models.classifier import Classifier
from models.labels import LABELS
from models.manifest import Manifest
from models.training.data import Example
from models.training.export import finish
from models.training.gather import Gathered
from models.training.pool import MEASURE_ONLY
from models.training.thresholds import choose_signal_thresholds, choose_thresholds

__all__ = ["calibrated"]

# Fewer of either answer than this in the weighted sample: the label is fitted on dev.
_ENOUGH: Final = 30

Floats = npt.NDArray[np.float64]


def calibrated(classifier: Classifier, data: Gathered, folder: Path) -> Manifest:
    """The manifest of `folder` with calibration and thresholds, written there."""
    weighted = [e for e in data.pool_of("calibration") if not e.source.startswith(MEASURE_ONLY)]
    dev = data.split("dev")
    logits_w, truths_w, mass = _scored(classifier, weighted)
    logits_d, truths_d, ones = _scored(classifier, dev)
    fits, scores, truths, masses = {}, {}, {}, {}
    for column, label in enumerate(LABELS):
        y, x, w = truths_w[:, column], logits_w[:, column], mass
        if min((y == 1).sum(), (y == 0).sum()) < _ENOUGH:
            y, x, w = truths_d[:, column], logits_d[:, column], ones
        known = ~np.isnan(y)
        fits[label] = calibration.fit_platt(x[known], y[known], weights=w[known])
        scores[label] = calibration.apply(x[:, None].astype(np.float32), (label,), fits)[:, 0]
        truths[label], masses[label] = y, w
    points = choose_thresholds(scores, truths, masses)
    return finish(folder, fits, points, choose_signal_thresholds(scores, truths, masses), {})


def _scored(classifier: Classifier, rows: list[Example]) -> tuple[npt.NDArray[np.float32], Floats, Floats]:
    logits = classifier.logits(classifier.encode([e.text for e in rows], [e.context for e in rows]))
    truths = np.asarray([e.targets for e in rows], dtype=np.float64).reshape(len(rows), len(LABELS))
    return logits, truths, np.asarray([e.mass for e in rows], dtype=np.float64)
