"""`tocsin train`: what it refuses, and one short run from a small base."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.training import recipe as recipe_module
from streams.cli import train as train_module
from streams.cli.main import run
from tests.unit.models.test_training_run import options, write_corpus
from tests.unit.models.tiny import write_base


def test_a_folder_that_holds_weights_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    assert run(["train", "--out", str(tmp_path)]) == 1
    assert "holds weights already" in capsys.readouterr().err


def test_a_quick_run_has_no_teacher(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--out", str(tmp_path / "w"), "--quick", "--teacher", str(tmp_path)]) == 1
    assert "has no use for --teacher" in capsys.readouterr().err.replace("\n", " ")


def test_a_pool_that_is_none_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--out", str(tmp_path / "w"), "--pool", str(tmp_path)]) == 1
    assert "is --pool a pool folder?" in capsys.readouterr().err.replace("\n", " ")


def test_a_quick_run_ends_with_weights_and_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base, corpus = write_base(tmp_path / "base"), write_corpus(tmp_path / "c.jsonl")

    def small(out: Path, *_: object) -> recipe_module.Recipe:
        return recipe_module.Recipe(replace(options(out, base), epochs=1, average_last=1, max_steps=3))

    monkeypatch.setattr(train_module, "_recipe", small)
    monkeypatch.setattr("models.training.data.CORPUS", corpus.parent)
    assert run(["train", "--out", str(tmp_path / "w"), "--quick"]) == 0
    printed = capsys.readouterr()
    assert "corpus test: escalation F1" in printed.out
    assert "teacher 1 of 1" in printed.err
    assert (tmp_path / "w" / "manifest.json").is_file()
