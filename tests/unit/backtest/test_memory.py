"""Scores that are computed once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.labels import LABELS
from models.manifest import PACKAGED_WEIGHTS, Manifest, Platt
from streams.backtest.memory import Remembering
from streams.errors import InputError

MANIFEST = Manifest.read(PACKAGED_WEIGHTS)


class Counting:
    """Scores by length, and counts what it was asked."""

    def __init__(self) -> None:
        self.manifest = MANIFEST
        self.labels = LABELS
        self.asked: list[str] = []

    def token_lengths(self, sentences: Sequence[str], contexts: Any = None) -> npt.NDArray[np.int64]:
        raise AssertionError("nobody plans batches here")

    def scores(self, sentences: Sequence[str], contexts: Any = None) -> npt.NDArray[np.float32]:
        self.asked += sentences
        assert len(sentences) == len(contexts)
        return np.asarray([[len(text) / 100] * len(LABELS) for text in sentences], dtype=np.float32)


def test_nothing_is_computed_twice_not_even_by_the_next_run(tmp_path: Path) -> None:
    real = Counting()
    memory = Remembering(tmp_path / "scores", MANIFEST, lambda: real)
    first = memory.scores(["one", "three", "one"], [(None, None)] * 3)
    assert real.asked == ["one", "three"] or sorted(real.asked) == ["one", "three"]
    memory.close()

    def never() -> Counting:
        raise AssertionError("everything is known")

    again = Remembering(tmp_path / "scores", MANIFEST, never)
    assert np.array_equal(again.scores(["one", "three", "one"], [(None, None)] * 3), first)
    assert first.dtype == np.float32
    assert [round(float(row[0]), 2) for row in first] == [0.03, 0.05, 0.03]


@pytest.mark.parametrize("context", [("Headline", None), (None, "Before."), ("Before.", None)])
def test_another_context_is_another_question(tmp_path: Path, context: tuple[str | None, str | None]) -> None:
    real = Counting()
    memory = Remembering(tmp_path / "scores", MANIFEST, lambda: real)
    memory.scores(["one"], [(None, None)])
    memory.scores(["one"], [context])
    assert real.asked == ["one", "one"]


@pytest.mark.parametrize(
    "manifest",
    [
        replace(MANIFEST, files=MANIFEST.files | {"model.safetensors": "0" * 64}),
        replace(MANIFEST, calibration={"escalation": Platt(2.0, 0.0)}),
    ],
)
def test_other_weights_or_another_calibration_are_asked_anew(tmp_path: Path, manifest: Manifest) -> None:
    real = Counting()
    Remembering(tmp_path / "scores", MANIFEST, lambda: real).scores(["one"], [None])
    Remembering(tmp_path / "scores", manifest, lambda: real).scores(["one"], [None])
    assert real.asked == ["one", "one"]


def test_no_sentence_is_no_question(tmp_path: Path) -> None:
    memory = Remembering(tmp_path / "scores", MANIFEST, Counting)
    assert memory.scores([], []).shape == (0, len(LABELS))
    assert memory.token_lengths(["a", "b"]).tolist() == [0, 0]


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(InputError, match=r"letter\.txt can't"):
        Remembering(tmp_path / "letter.txt", MANIFEST, Counting).scores(["one"], [None])
    with pytest.raises(InputError, match="can't hold scores"):
        Remembering(tmp_path / "no" / "such" / "folder", MANIFEST, Counting)
