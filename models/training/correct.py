"""Rounds of correction: a student goes on learning from what it still answers otherwise than teacher or readers.

Guarantees: what is chosen depends on the two answers and the seed alone; dev, test and calibration rows are never
chosen and never dropped. Refuses nothing: fewer sentences than asked for are all taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.labels import EVENTS
from models.training.data import Example
from models.training.evaluate import Scorer
from models.training.gather import Gathered

__all__ = ["NO_ROUNDS", "Rounds", "differences", "to_correct"]


@dataclass(frozen=True, slots=True)
class Rounds:
    """In each of `number` rounds the teachers answer `questions` new variations; then the student sees, once and at
    the rates given, the `worst` sentences of all (its answer differs most) and `others` by chance, so that it
    forgets nothing.
    """

    number: int = 1
    questions: int = 6_500
    worst: int = 9_000
    others: int = 7_500
    encoder_rate: float = 8e-5
    head_rate: float = 5e-4
    seed: int = 20220210

    def __post_init__(self) -> None:
        if min(self.number, self.questions, self.worst, self.others) < 0:
            raise ValueError("number, questions, worst and others are at least 0")


NO_ROUNDS: Final = Rounds(number=0)


def differences(student: Scorer, examples: Sequence[Example]) -> list[float]:
    """How far the student's answer is from the target: the greater of both events, 0 where neither is known."""
    scores = student.scores([e.text for e in examples], [e.context for e in examples])
    targets = np.asarray([e.targets for e in examples], dtype=np.float64).reshape(len(examples), -1)
    apart = np.abs(scores[:, : len(EVENTS)] - targets[:, : len(EVENTS)])
    return [float(value) for value in np.nan_to_num(apart).max(axis=1, initial=0.0)]


def to_correct(
    student: Scorer, data: Gathered, lessons: Sequence[Example], rounds: Rounds, number: int
) -> tuple[Gathered, tuple[Example, ...]]:
    """Data and lessons of round `number`: of what trains, the chosen part."""
    everything = [*data.training(), *lessons]
    order = np.argsort(-np.asarray(differences(student, everything)), kind="stable")
    rest = np.random.default_rng((rounds.seed, number)).permutation(order[rounds.worst :])[: rounds.others]
    kept = {everything[index].id for index in [*order[: rounds.worst].tolist(), *rest.tolist()]}
    chosen = data.retrained(lambda example: example if example.id in kept else None)
    return chosen, tuple(lesson for lesson in lessons if lesson.id in kept)
