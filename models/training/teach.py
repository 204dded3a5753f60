"""Unlabelled news with the answers of teachers: how a small model learns from many sentences that nobody has read.

Guarantees: targets are the mean of the teachers' calibrated scores, soft, for all labels; only sentences that the
teachers are sure about are used (both events outside a band around the threshold); sentences that a reader has labelled
are the caller's to leave out. Deterministic by seed.
Refuses nothing: no sentence that qualifies gives no example.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.encoding import Context
from models.labels import EVENTS
from models.training.data import Example
from models.training.evaluate import Scorer

__all__ = ["TeachOptions", "mean_scores", "taught"]

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TeachOptions:
    """`sure_no` and `sure_yes`: an event's score at most, at least so much is an answer; anything between drops the
    sentence. `negatives`: sentences kept for each one with an event, because news is nearly all calm.
    """

    sure_no: float = 0.1
    sure_yes: float = 0.8
    negatives: float = 3.0
    most: int = 8_000
    seed: int = 20220210

    def __post_init__(self) -> None:
        if not 0 <= self.sure_no < self.sure_yes <= 1:
            raise ValueError(f"0 <= sure_no < sure_yes <= 1, not {self.sure_no} and {self.sure_yes}")


def mean_scores(teachers: Sequence[Scorer], texts: Sequence[str], contexts: Sequence[Context | None]) -> Scores:
    """Mean of the teachers' scores [n, n_labels]. Raises ValueError without a teacher."""
    if not teachers:
        raise ValueError("no teacher")
    return np.asarray(np.mean([teacher.scores(texts, contexts) for teacher in teachers], axis=0), dtype=np.float32)


def taught(
    texts: Sequence[str], contexts: Sequence[Context], scores: Scores, options: TeachOptions
) -> tuple[Example, ...]:
    """Examples of register "taught" with `scores` as targets: the sure ones, in the order of `texts`."""
    events = scores[:, : len(EVENTS)]
    sure = ((events <= options.sure_no) | (events >= options.sure_yes)).all(axis=1)
    yes = np.flatnonzero(sure & (events >= options.sure_yes).any(axis=1))
    no = np.flatnonzero(sure & (events <= options.sure_no).all(axis=1))
    random = np.random.default_rng(options.seed)
    yes = random.permutation(yes)[: int(options.most / (1 + options.negatives))]
    no = random.permutation(no)[: round(yes.size * options.negatives)]
    return tuple(
        Example(
            id=f"taught-{row}",
            text=texts[row],
            context=contexts[row],
            targets=tuple(float(value) for value in scores[row]),
            group=f"taught-{row}",
            split="train",
            register="taught",
            source="taught",
        )
        for row in sorted([*yes.tolist(), *no.tolist()])
    )
