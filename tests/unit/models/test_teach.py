"""What teachers pass on: only what they are sure of, soft, and not more than was asked for."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.encoding import Context
from models.labels import EVENTS, LABELS
from models.training.data import Example
from models.training.teach import TeachOptions, mean_scores, taught

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
    texts = [f"sentence {row}" for row in range(len(scores))]
    contexts: list[Context] = [(f"headline {row}", None) for row in range(len(scores))]
    return taught(texts, contexts, scores, options)


def row_of(example: Example) -> int:
    return int(example.text.split()[1])


@settings(deadline=None)
@given(EVENT_SCORES, st.floats(0, 5), st.integers(0, 40), st.integers(0, 3))
def test_only_sure_sentences_are_taught_and_not_too_many(
    events: Scores, negatives: float, most: int, seed: int
) -> None:
    options = TeachOptions(negatives=negatives, most=most, seed=seed)
    scores = scores_of(events)
    found = lessons(scores, options)
    rows = [row_of(example) for example in found]
    assert rows == sorted(set(rows)), "in the order of the texts, none twice"
    assert ((scores[rows, :2] <= np.float32(0.1)) | (scores[rows, :2] >= np.float32(0.8))).all()
    yes = int((scores[rows, :2] >= np.float32(0.8)).any(axis=1).sum())
    assert len(rows) - yes <= round(yes * negatives)
    assert len(rows) <= most
    for example, row in zip(found, rows, strict=True):
        assert example.targets == tuple(scores[row].astype(float)), "soft, for all labels"
        assert example.context == (f"headline {row}", None)
    assert lessons(scores, options) == found


def test_an_event_that_is_unsure_drops_the_sentence() -> None:
    sure, half = (0.9, 0.05), (0.9, 0.5)
    found = lessons(scores_of([sure, half, (0.05, 0.05), (0.4, 0.05)]), TeachOptions(negatives=3.0))
    assert [row_of(example) for example in found] == [0, 2]


def test_an_unknown_score_is_not_sure() -> None:
    found = lessons(scores_of([(0.9, np.nan), (np.nan, 0.0), (0.9, 0.0)]), TeachOptions())
    assert [row_of(example) for example in found] == [2]


def test_calm_sentences_are_kept_by_ratio() -> None:
    events = [(0.9, 0.0)] * 10 + [(0.0, 0.0)] * 200
    for negatives, number in ((3.0, 30), (0.5, 5), (0.0, 0), (50.0, 200)):
        found = lessons(scores_of(events), TeachOptions(negatives=negatives))
        assert sum(row_of(example) >= 10 for example in found) == number
        assert sum(row_of(example) < 10 for example in found) == 10


@pytest.mark.parametrize("most", [0, 1, 13, 14, 15, 40])
def test_the_bound_is_kept_whatever_the_ratio(most: int) -> None:
    events = [(0.9, 0.0)] * 50 + [(0.0, 0.0)] * 200
    found = lessons(scores_of(events), TeachOptions(most=most))
    assert most - 4 < len(found) <= most
    yes = sum(row_of(example) < 50 for example in found)
    assert len(found) - yes == 3 * yes


def test_another_seed_takes_others() -> None:
    scores = scores_of([(0.9, 0.0)] * 40 + [(0.0, 0.0)] * 200)
    taken = {tuple(row_of(e) for e in lessons(scores, TeachOptions(most=40, seed=seed))) for seed in range(4)}
    assert len(taken) == 4


def test_lessons_are_no_ordinary_sentences() -> None:
    found = lessons(scores_of([(0.9, 0.0), (0.95, 0.0)]), TeachOptions())
    assert {(e.register, e.source, e.split) for e in found} == {("taught", "taught", "train")}
    assert len({e.id for e in found}) == len({e.group for e in found}) == 2


def test_nothing_sure_is_no_lesson() -> None:
    assert lessons(scores_of([(0.5, 0.5)] * 5), TeachOptions()) == ()
    assert lessons(scores_of([(0.0, 0.0)] * 5), TeachOptions()) == (), "calm alone is no lesson"
    assert lessons(scores_of([]), TeachOptions()) == ()


@pytest.mark.parametrize(("no", "yes"), [(0.8, 0.1), (0.5, 0.5), (-0.1, 0.8), (0.1, 1.1)])
def test_a_band_that_is_none_is_refused(no: float, yes: float) -> None:
    with pytest.raises(ValueError, match="sure_no < sure_yes"):
        TeachOptions(sure_no=no, sure_yes=yes)


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
    found = mean_scores(teachers, ["one", "two"], [("head", None), None])
    assert found.dtype == np.float32
    assert found.shape == (2, len(LABELS))
    assert np.allclose(found, 0.5)
    assert all(teacher.asked == [(["one", "two"], [("head", None), None])] for teacher in teachers)
    assert mean_scores([Teacher(0.25)], [], []).shape == (0, len(LABELS))


def test_without_a_teacher_nobody_answers() -> None:
    with pytest.raises(ValueError, match="no teacher"):
        mean_scores([], ["one"], [None])
