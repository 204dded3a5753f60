"""What teachers pass on to a smaller model: soft answers to sentences that nobody has read, and to those that somebody
has.

Distillation after Hinton et al. 2015 ("Distilling the knowledge in a neural network"), on variations of the labelled
sentences too (after Jiao et al. 2020, "TinyBERT", 4.3). Guarantees: a reader's answer keeps its part in every sentence
that a reader has labelled; unknown scores give no lesson. Deterministic by seed.
Refuses nothing: no sentence gives no lesson.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from models.classifier import Classifier
from models.encoding import Context, Encoded
from models.labels import EVENTS
from models.training.data import Example
from models.training.evaluate import Scorer
from models.training.loop import WIDTH
from models.training.vary import vary

__all__ = ["Question", "Quick", "TeachOptions", "mean_scores", "softened", "taught", "variations"]

Scores = npt.NDArray[np.float32]
Question = tuple[str, Context]


@dataclass(frozen=True, slots=True)
class TeachOptions:
    """`share`: the teachers' part in the answer of a sentence that a reader has labelled, in [0, 1]. `variations` are
    made of each such sentence that is not calm. At most `unlabelled` sentences of news are asked: those with an
    alarming word and the share `quiet` of the others. Of all answers where no event scores `calm` the share
    `calm_share` is kept, because news is nearly all calm.
    """

    share: float = 0.5
    variations: int = 1
    unlabelled: int = 12_000
    quiet: float = 0.06
    calm: float = 0.02
    calm_share: float = 0.3
    seed: int = 20220210

    def __post_init__(self) -> None:
        for name in ("share", "quiet", "calm", "calm_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} lies in [0, 1], not {getattr(self, name)}")
        if min(self.variations, self.unlabelled) < 0:
            raise ValueError("variations and unlabelled are at least 0")


class Quick(Classifier):
    """A classifier that computes in bfloat16 and in few shapes: for a large teacher a quarter of the time, and scores
    that differ by about a hundredth.
    """

    _multiple = WIDTH

    def logits(self, encoded: Encoded) -> Scores:
        """As `Classifier.logits`."""
        with torch.autocast("cpu", torch.bfloat16):
            return super().logits(encoded)


def mean_scores(teachers: Sequence[Scorer], questions: Sequence[Question]) -> Scores:
    """Mean of the teachers' scores [n, n_labels]. Raises ValueError without a teacher."""
    if not teachers:
        raise ValueError("no teacher")
    texts, contexts = [text for text, _ in questions], [context for _, context in questions]
    return np.asarray(np.mean([teacher.scores(texts, contexts) for teacher in teachers], axis=0), dtype=np.float32)


def variations(examples: Sequence[Example], options: TeachOptions) -> list[Question]:
    """Changed copies of `examples`, each with the context of its original."""
    random = np.random.default_rng(options.seed)
    texts = [example.text for example in examples]
    made = (
        (vary(example.text, texts, random), example.context) for example in examples for _ in range(options.variations)
    )
    return [(text, context) for text, context in made if text is not None]


def taught(questions: Sequence[Question], scores: Scores, options: TeachOptions) -> tuple[Example, ...]:
    """Examples of register "taught" with `scores` as targets, in the order of `questions`; of calm ones a share."""
    events = scores[:, : len(EVENTS)]
    drawn = np.random.default_rng(options.seed).random(len(questions)) < options.calm_share
    kept = ~np.isnan(events).any(axis=1) & (drawn | (events >= options.calm).any(axis=1))
    return tuple(
        Example(
            id=f"taught-{row}",
            text=questions[row][0],
            context=questions[row][1],
            targets=_floats(scores[row]),
            group=f"taught-{row}",
            split="train",
            register="taught",
            source="taught",
        )
        for row in np.flatnonzero(kept).tolist()
    )


def softened(examples: Sequence[Example], scores: Scores, share: float) -> list[Example]:
    """`examples` with answers between the reader's and the teachers'; what no reader answered is the teachers'."""
    return [
        replace(example, targets=_floats(np.where(np.isnan(targets), row, (1 - share) * targets + share * row)))
        for example, row in zip(examples, scores, strict=True)
        for targets in [np.asarray(example.targets)]
    ]


def _floats(row: npt.NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(value) for value in row)
