"""Scores as they decide: rounded, and overruled by the few phrases plain enough to know better. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.labels import LABELS
from streams.assess.denial import advises_only, denies_evacuation

__all__ = ["DECIMALS", "Rounded", "Scores", "round_scores", "settled"]

DECIMALS: Final = 3

Scores = NDArray[np.float32]  # [n_sentences, n_labels], as the classifier gives them
Rounded = NDArray[np.float64]  # the same, three decimals


def round_scores(scores: Scores) -> Rounded:
    """Scores to three decimals: padding moves the last bits, decisions must not see them."""
    wide: Rounded = scores.astype(np.float64)
    return wide.round(DECIMALS)


def settled(texts: Sequence[str], scores: Scores) -> Rounded:
    """Scores [n, n_labels] of these sentences as they decide: rounded, no evacuation where it is plainly denied, and no
    call to leave where people are only told not to come.
    """
    rounded = round_scores(scores)
    for number, text in enumerate(texts):
        if denies_evacuation(text):
            rounded[number, LABELS.index("evacuation")] = 0.0
        if advises_only(text):
            rounded[number, LABELS.index("leave_now")] = 0.0
    return rounded
