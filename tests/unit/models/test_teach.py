"""What teachers pass on: soft answers, the reader's part kept, and not too many calm sentences."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.classifier import Classifier
from models.encoding import Context
from models.labels import EVENTS, LABELS
from models.training.data import Example, targets_of
from models.training.teach import Question, Quick, TeachOptions, mean_scores, softened, taught, variations
from tests.unit.models.tiny import write_weights

Scores = npt.NDArray[np.float32]
EVENT_SCORES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 60), st.just(len(EVENTS))),
    elements=st.sampled_from([0.0, 0.05, 0.1, 0.11, 0.5, 0.79, 0.8, 0.95, 1.0]).map(
        lambda value: float(np.float32(value))
    ),
)


def scores_of(events: npt.ArrayLike) -> Scores:
    """Scores of all labels: the events', and signals that say which row they are in."""
    wide = np.asarray(events, dtype=np.float32).reshape(-1, len(EVENTS))
    rows = np.arange(len(wide), dtype=np.float32)[:, None] / 1000
    return np.concatenate([wide, np.repeat(rows, len(LABELS) - len(EVENTS), axis=1)], axis=1)


def lessons(scores: Scores, options: TeachOptions) -> tuple[Example, ...]:
    questions: list[Question] = [(f"sentence {row}", (f"headline {row}", None)) for row in range(len(scores))]
    return taught(questions, scores, options)


def row_of(example: Example) -> int:
    return int(example.text.split()[1])


def read(text: str, escalation: int | None) -> Example:
    targets = targets_of({"escalation": escalation, "evacuation": 0}, ["threat"] if escalation else [])
    return Example(text, text, ("Head", None), targets, "g", "train")


@settings(deadline=None)
@given(EVENT_SCORES, st.floats(0, 1), st.integers(0, 3))
def test_lessons_are_the_teachers_answers_and_few_of_them_calm(events: Scores, share: float, seed: int) -> None:
    options = TeachOptions(calm=0.1, calm_share=share, seed=seed)
    scores = scores_of(events)
    found = lessons(scores, options)
    rows = [row_of(example) for example in found]
    assert rows == sorted(set(rows)), "in the order of the questions, none twice"
    lively = np.flatnonzero((scores[:, :2] >= np.float32(0.1)).any(axis=1))
    assert set(lively) <= set(rows)
    for example, row in zip(found, rows, strict=True):
        assert example.targets == tuple(scores[row].astype(float)), "soft, for all labels"
        assert example.context == (f"headline {row}", None)
    assert lessons(scores, options) == found


@pytest.mark.parametrize(("share", "number"), [(0.0, (0, 0)), (0.3, (40, 80)), (1.0, (200, 200))])
def test_calm_sentences_are_kept_by_share(share: float, number: tuple[int, int]) -> None:
    found = lessons(scores_of([(0.9, 0.0)] * 10 + [(0.0, 0.0)] * 200), TeachOptions(calm_share=share))
    assert number[0] <= sum(row_of(example) >= 10 for example in found) <= number[1]
    assert sum(row_of(example) < 10 for example in found) == 10


def test_an_unknown_score_is_no_lesson() -> None:
    found = lessons(scores_of([(0.9, np.nan), (np.nan, 0.0), (0.9, 0.0)]), TeachOptions())
    assert [row_of(example) for example in found] == [2]


def test_lessons_are_no_ordinary_sentences() -> None:
    found = lessons(scores_of([(0.9, 0.0), (0.95, 0.0)]), TeachOptions())
    assert {(e.register, e.source, e.split) for e in found} == {("taught", "taught", "train")}
    assert len({e.id for e in found}) == len({e.group for e in found}) == 2
    assert lessons(scores_of([]), TeachOptions()) == ()


def test_a_readers_answer_keeps_its_part_and_an_unknown_one_is_the_teachers() -> None:
    scores = np.full((2, len(LABELS)), 0.6, dtype=np.float32)
    known, unknown = softened([read("a", 1), read("b", None)], scores, 0.25)
    assert known.target("escalation") == pytest.approx(0.75 + 0.25 * 0.6)
    assert known.target("evacuation") == pytest.approx(0.15)
    assert unknown.target("escalation") == pytest.approx(0.6)
    assert not any(math.isnan(value) for value in unknown.targets)
    assert softened([read("a", 1)], scores[:1], 0.0) == [read("a", 1)]
    assert replace(known, targets=()) == replace(read("a", 1), targets=()), "nothing else changes"


def test_variations_keep_the_context_and_are_new() -> None:
    texts = ["Troops crossed the border into the north, officials said.", "The team has won the cup again this year."]
    examples = [read(text, 0) for text in texts]
    found = variations(examples, TeachOptions(variations=3))
    assert len(found) == 6
    assert not {text for text, _ in found} & set(texts)
    assert {context for _, context in found} == {("Head", None)}
    assert found == variations(examples, TeachOptions(variations=3))
    assert variations(examples, TeachOptions(variations=0)) == variations([], TeachOptions()) == []


@pytest.mark.parametrize("wrong", [{"share": 1.1}, {"calm": -0.1}, {"calm_share": 2.0}, {"variations": -1}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TeachOptions(**wrong)  # type: ignore[arg-type]  # wrong on purpose


class Teacher:
    """Answers every sentence alike, and notes what it was asked."""

    def __init__(self, answer: float) -> None:
        self.answer = answer
        self.asked: list[tuple[list[str], list[Context | None]]] = []

    def scores(self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None) -> Scores:
        self.asked.append((list(sentences), list(contexts or ())))
        return np.full((len(sentences), len(LABELS)), self.answer, dtype=np.float32)


def test_teachers_answer_in_the_mean_and_with_context() -> None:
    teachers = [Teacher(0.2), Teacher(0.4), Teacher(0.9)]
    found = mean_scores(teachers, [("one", ("head", None)), ("two", (None, None))])
    assert found.dtype == np.float32
    assert found.shape == (2, len(LABELS))
    assert np.allclose(found, 0.5)
    assert all(teacher.asked == [(["one", "two"], [("head", None), (None, None)])] for teacher in teachers)
    assert mean_scores([Teacher(0.25)], []).shape == (0, len(LABELS))


def test_without_a_teacher_nobody_answers() -> None:
    with pytest.raises(ValueError, match="no teacher"):
        mean_scores([], [("one", (None, None))])


def test_quick_answers_are_nearly_those_of_the_classifier(tmp_path: Path) -> None:
    folder = write_weights(tmp_path)
    classifier = Classifier.load(folder)
    texts = ["troops shelled the town", "evacuate now", "a goal in the match, and another", ""]
    contexts: list[Context | None] = [("the border", "leave now"), None, (None, "goal"), None]
    quick, slow = Quick.load(folder).scores(texts, contexts), classifier.scores(texts, contexts)
    assert quick.shape == slow.shape
    assert np.abs(quick - slow).max() < 0.03
    assert np.abs(quick - slow).max() > 0, "it is another way to compute"
