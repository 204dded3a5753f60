"""Calibration and thresholds of a folder: fitted on the weighted sample where it says enough, else on dev."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models import calibration
from models.classifier import Classifier
from models.encoding import Context
from models.labels import EVENTS, LABELS, SIGNALS
from models.manifest import Manifest, Platt, Thresholds
from models.training.calibrate import _ENOUGH, calibrated
from models.training.data import Example
from models.training.gather import Gathered
from models.training.thresholds import SIGNAL_FLOOR, choose_thresholds
from tests.unit.models.tiny import write_weights


class Fake:
    """Its logit for every label is the number that the sentence says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Context | None]] = []

    def encode(self, sentences: Sequence[str], contexts: Sequence[Context | None]) -> list[str]:
        self.asked += zip(sentences, contexts, strict=True)
        return list(sentences)

    def logits(self, encoded: Sequence[str]) -> npt.NDArray[np.float32]:
        column = np.asarray([float(text) for text in encoded], dtype=np.float32)
        return np.repeat(column[:, None], len(LABELS), axis=1)


def example(logit: float, answer: float, split: str, register: str = "pool", mass: float = 1.0) -> Example:
    targets = tuple(answer if label in ("escalation", "armed_action") else 0.0 for label in LABELS)
    return Example(
        id=f"{split}-{logit}-{answer}",
        text=str(logit),
        context=("headline", None),
        targets=targets,
        group="g",
        split=split,
        register=register,
        mass=mass,
    )


def sample(
    split: str, number: int, positives: int, shift: float, seed: int, apart: float = 1.0, **changes: Any
) -> list[Example]:
    """Positives around apart + shift, negatives around -apart + shift."""
    random = np.random.default_rng(seed)
    answers = [1.0] * positives + [0.0] * (number - positives)
    logits = random.normal(0, 1.5, number).round(3)
    return [
        example(float(logit) + (apart if answer else -apart) + shift, answer, split, **changes)
        for logit, answer in zip(logits, answers, strict=True)
    ]


DEV = sample("dev", 300, 150, 0.0, 1)
TEST = sample("test", 50, 25, 9.0, 2)
NEWS = sample("calibration", 300, 60, 1.5, 3, mass=4.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "w")


def fitted(folder: Path, pool: Sequence[Example], corpus: Sequence[Example] = ()) -> Manifest:
    fake: Any = Fake()
    return calibrated(fake, Gathered(tuple(corpus), tuple(pool), ()), folder)


def expected(rows: Sequence[Example], label: str = "escalation") -> Platt:
    return calibration.fit_platt(
        np.asarray([float(row.text) for row in rows], dtype=np.float32),
        [row.target(label) for row in rows],
        weights=[row.mass for row in rows],
    )


def close(one: Platt, two: Platt) -> bool:
    return math.isclose(one.scale, two.scale, rel_tol=1e-6) and math.isclose(one.shift, two.shift, abs_tol=1e-6)


def test_the_weighted_sample_decides_where_it_has_enough_positives(folder: Path) -> None:
    found = fitted(folder, [*NEWS, *DEV, *TEST])
    assert close(found.calibration["escalation"], expected(NEWS))
    assert not close(expected(NEWS), expected(DEV))


def test_a_label_that_is_too_rare_there_is_fitted_on_dev(folder: Path) -> None:
    rare = sample("calibration", 300, _ENOUGH - 1, 1.5, 3)
    found = fitted(folder, [*rare, *DEV])
    assert close(found.calibration["escalation"], expected(DEV))
    just = sample("calibration", 300, _ENOUGH, 1.5, 3)
    assert close(fitted(folder, [*just, *DEV]).calibration["escalation"], expected(just))


def test_a_sample_without_negatives_is_no_sample(folder: Path) -> None:
    only = sample("calibration", 60, 60, 1.5, 3)
    assert close(fitted(folder, [*only, *DEV]).calibration["escalation"], expected(DEV))


def test_unknown_answers_are_not_counted_and_have_no_part(folder: Path) -> None:
    unknown = [
        dataclasses.replace(row, targets=(math.nan,) * len(LABELS)) for row in sample("calibration", 80, 40, 5, 7)
    ]
    found = fitted(folder, [*NEWS, *unknown, *DEV])
    assert close(found.calibration["escalation"], expected(NEWS))
    rare = sample("calibration", 300, _ENOUGH - 1, 1.5, 3)
    assert close(fitted(folder, [*rare, *unknown, *DEV]).calibration["escalation"], expected(DEV))


def test_each_label_chooses_for_itself(folder: Path) -> None:
    """The sample knows enough of one event and nothing of the other."""
    column = LABELS.index("evacuation")

    def with_evacuation(row: Example) -> Example:
        targets = list(row.targets)
        targets[column] = row.targets[0]
        return dataclasses.replace(row, targets=tuple(targets))

    dev = [with_evacuation(row) for row in DEV]
    found = fitted(folder, [*NEWS, *dev])
    assert close(found.calibration["escalation"], expected(NEWS))
    assert close(found.calibration["evacuation"], expected(dev, "evacuation"))


def test_mass_undoes_the_sampling(folder: Path) -> None:
    """Negatives that look like positives and stand for many make scores lower; thresholds follow the same weights."""
    plain = sample("calibration", 400, 150, 0.0, 3, apart=2.0)
    heavy = [
        dataclasses.replace(row, mass=9.0 if row.targets[0] == 0 and float(row.text) > 0 else 1.0) for row in plain
    ]
    light = fitted(folder, [*plain, *DEV])
    found = fitted(folder, [*heavy, *DEV])
    assert close(found.calibration["escalation"], expected(heavy))
    at_two = [2 * fit.scale + fit.shift for fit in (found.calibration["escalation"], light.calibration["escalation"])]
    assert at_two[0] < at_two[1] - 0.5
    logits = np.asarray([[float(row.text)] for row in heavy], dtype=np.float32)
    scores = calibration.apply(logits, ("escalation",), found.calibration)[:, 0]
    truths = np.asarray([row.target("escalation") for row in heavy])
    both = {"scores": dict.fromkeys(EVENTS, scores), "truths": dict.fromkeys(EVENTS, truths)}
    masses = dict.fromkeys(EVENTS, np.asarray([row.mass for row in heavy]))
    assert found.thresholds["escalation"] == choose_thresholds(**both, masses=masses)["escalation"]
    assert found.thresholds["escalation"] != choose_thresholds(**both)["escalation"]


def test_dev_is_written_and_real_sentences_together(folder: Path) -> None:
    written = [dataclasses.replace(row, register="wire") for row in sample("dev", 100, 50, -2.0, 5)]
    found = fitted(folder, DEV, written)
    assert close(found.calibration["escalation"], expected([*written, *DEV]))


def test_test_and_train_rows_are_never_looked_at(folder: Path) -> None:
    fake: Any = Fake()
    train = sample("train", 40, 20, -7.0, 8)
    calibrated(fake, Gathered((), (*NEWS, *DEV, *TEST, *train), ()), folder)
    assert sorted(fake.asked) == sorted((row.text, row.context) for row in [*NEWS, *DEV])
    assert all(context == ("headline", None) for _, context in fake.asked)


def test_what_is_returned_is_what_is_written(folder: Path) -> None:
    before = Manifest.read(folder)
    found = fitted(folder, [*NEWS, *DEV])
    assert Manifest.read(folder) == found
    assert (found.files, found.context, found.labels) == (before.files, before.context, before.labels)
    assert set(found.calibration) == set(LABELS)
    assert set(found.signal_thresholds) == set(SIGNALS)
    assert found.quality == {}
    Classifier.load(folder)


def test_a_label_without_examples_keeps_the_identity_and_the_default(folder: Path) -> None:
    found = fitted(folder, [*NEWS, *DEV])
    assert found.calibration["evacuation"] == found.calibration["coup"] == Platt()
    assert found.thresholds["evacuation"] == Thresholds(0.5, 0.5, 0.5)
    assert found.signal_thresholds["coup"] == SIGNAL_FLOOR
    assert found.signal_thresholds["armed_action"] > SIGNAL_FLOOR


def test_nothing_to_fit_on_is_no_fault(folder: Path) -> None:
    found = fitted(folder, TEST)
    assert found.calibration == dict.fromkeys(LABELS, Platt())
    assert found.thresholds == dict.fromkeys(EVENTS, Thresholds(0.5, 0.5, 0.5))


def test_a_real_classifier_is_fitted_on_its_own_logits(folder: Path) -> None:
    classifier = Classifier.load(folder, threads=1)
    texts = [f"troops shelled the town {number}" for number in range(40)] + [f"a goal now {n}" for n in range(40)]
    rows = [dataclasses.replace(example(0.0, float(n % 2), "dev"), text=text) for n, text in enumerate(texts)]
    found = calibrated(classifier, Gathered((), tuple(rows), ()), folder)
    logits = classifier.logits(classifier.encode(texts, [row.context for row in rows]))[:, 0]
    wanted = calibration.fit_platt(logits, [row.targets[0] for row in rows])
    assert close(found.calibration["escalation"], wanted)
    again = Classifier.load(folder, threads=1).scores(texts, [row.context for row in rows])[:, 0]
    assert abs(float(again.mean()) - 0.5) < 0.1
