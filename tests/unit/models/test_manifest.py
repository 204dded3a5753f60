"""The manifest: complete, consistent, and the guard of the files beside it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import WeightsCorruptError, WeightsMissingError
from models.manifest import Manifest, Platt, Thresholds, sha256_of
from tests.unit.models.tiny import write_weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "w", calibration={"escalation": Platt(2.0, -0.5)}, quality={"f1": 0.9})


def test_what_was_written_is_read_back(folder: Path) -> None:
    manifest = Manifest.read(folder)
    assert manifest.calibration == {"escalation": Platt(2.0, -0.5)}
    assert manifest.thresholds["evacuation"] == Thresholds(0.5, 0.25, 0.75)
    assert manifest.quality == {"f1": 0.9}
    before = (folder / "manifest.json").read_bytes()
    manifest.write(folder)
    assert (folder / "manifest.json").read_bytes() == before
    manifest.verify(folder)


def test_sha256_is_that_of_the_weights(folder: Path) -> None:
    assert Manifest.read(folder).sha256 == sha256_of(folder / "model.safetensors")


def test_a_missing_folder_and_a_missing_file_say_where_and_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"nowhere.*manifest\.json.*restore"):
        Manifest.read(tmp_path / "nowhere")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(WeightsMissingError, match=r"tokenizer\.json"):
        Manifest.read(folder).verify(folder)


def test_a_changed_byte_is_found(folder: Path) -> None:
    manifest = Manifest.read(folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(WeightsCorruptError, match=r"model\.safetensors has sha256"):
        manifest.read_verified(folder, "model.safetensors")


def test_a_file_that_the_manifest_does_not_name_is_never_read(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"x")
    with pytest.raises(WeightsCorruptError, match=r"no sha256 for extra\.bin"):
        Manifest.read(folder).read_verified(folder, "extra.bin")


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["evacuation", "escalation"]},
        {"thresholds": {"escalation": {"default": 0.5, "high_recall": 0.2, "high_precision": 0.9}}},
        {"thresholds": {}},
        {"context": "whole article"},
        {"calibration": {"weather": {"scale": 1.0, "shift": 0.0}}},
        {"calibration": {"coup": {"scale": 0.0, "shift": 0.0}}},
        {"signal_thresholds": {"weather": 0.5}},
        {"signal_thresholds": {"coup": 1.0}},
        {"format": 99},
        {"files": {"../model.safetensors": "0"}},
        {"files": None},
        {"max_tokens": 10},
        {"base": {"name": "x"}},
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(folder: Path, change: dict[str, object]) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(WeightsCorruptError, match=r"can't be understood"):
        Manifest.read(folder)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"name": 1}', "\x00"])
def test_a_manifest_that_is_not_one_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(WeightsCorruptError):
        Manifest.read(folder)


def test_every_label_has_a_threshold(folder: Path) -> None:
    manifest = replace(Manifest.read(folder), signal_thresholds={"coup": 0.3})
    assert manifest.threshold("evacuation") == 0.5
    assert manifest.threshold("coup") == 0.3
    assert manifest.threshold("threat") == 0.5


def test_thresholds_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="high_recall <= default"):
        Thresholds(default=0.5, high_recall=0.6, high_precision=0.9)


def test_the_room_for_a_sentence_does_not_depend_on_its_context(folder: Path) -> None:
    manifest = Manifest.read(folder)
    assert manifest.sentence_tokens == 40 - 4 - 16
    assert replace(manifest, context="none", context_tokens=0).sentence_tokens == 38
