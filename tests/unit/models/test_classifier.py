"""The classifier on a tiny random model: shapes, order, independence of company, and refusals."""

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import LABELS
from models.classifier import Classifier
from models.errors import ModelError, WeightsCorruptError, WeightsMissingError
from models.manifest import sha256_of
from tests.unit.models.tiny import write_weights

SENTENCES = ["Troops shelled the town", "", "leave now " * 60, "a goal in the match", "Ωμέγα 北京 🚀", "x"]


def test_scores_have_the_promised_shape_and_range(classifier: Classifier) -> None:
    scores = classifier.scores(SENTENCES)
    assert scores.shape == (len(SENTENCES), 14)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert classifier.labels == LABELS
    assert classifier.scores([]).shape == (0, 14)


def test_rows_answer_their_own_sentence_in_any_company_and_order(classifier: Classifier) -> None:
    alone = np.concatenate([classifier.scores([text]) for text in SENTENCES])
    assert np.abs(classifier.scores(SENTENCES) - alone).max() < 1e-4
    assert np.abs(classifier.scores(SENTENCES[::-1]) - alone[::-1]).max() < 1e-4
    # The random model tells them apart, so a wrong order would have been seen.
    assert np.abs(alone[0] - alone[3]).max() > 1e-2


def test_splitting_into_sub_batches_changes_nothing(weights: Path) -> None:
    sentences = [f"troops {'now ' * (i % 17)} town {i}" for i in range(64)]
    whole = Classifier.load(weights, padded_tokens=100_000).scores(sentences)
    split = Classifier.load(weights, padded_tokens=50).scores(sentences)
    assert np.abs(whole - split).max() < 1e-4


def test_context_counts_only_in_a_model_made_for_it(weights: Path, tmp_path: Path) -> None:
    context = [("Embassy ordered", "evacuate the border")]
    with_pair = Classifier.load(weights)
    assert np.abs(with_pair.scores(["left now"], context) - with_pair.scores(["left now"])).max() > 1e-4
    without = Classifier.load(write_weights(tmp_path, context="none"))
    assert (without.scores(["left now"], context) == without.scores(["left now"])).all()


def test_token_lengths_are_those_of_the_encoding(classifier: Classifier) -> None:
    contexts = [("town", None)] * len(SENTENCES)
    lengths = classifier.token_lengths(SENTENCES, contexts)
    assert lengths.tolist() == classifier.encode(SENTENCES, contexts).lengths.tolist()
    assert lengths.max() <= classifier.manifest.max_tokens


def test_encoding_first_gives_the_same_scores(classifier: Classifier) -> None:
    assert (classifier.score_encoded(classifier.encode(SENTENCES)) == classifier.scores(SENTENCES)).all()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60), max_size=5))
def test_any_strings_are_scored(classifier: Classifier, sentences: list[str]) -> None:
    scores = classifier.scores(sentences, [(text, text) for text in sentences])
    assert np.isfinite(scores).all()
    assert scores.shape == (len(sentences), 14)


def test_different_lengths_are_refused(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="contexts"):
        classifier.scores(["a"], [])


def test_weights_are_float32_in_memory_and_gradients_are_off(classifier: Classifier) -> None:
    assert {p.dtype for p in classifier._network.parameters()} == {torch.float32}
    assert not classifier._network.training


def test_loading_leaves_the_random_state_alone(weights: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Classifier.load(weights).warm()
    assert torch.equal(torch.rand(3), expected)


def test_threads_are_set_in_the_scoring_thread(weights: Path) -> None:
    classifier = Classifier.load(weights, threads=1)
    seen: list[int] = []

    def work() -> None:
        classifier.warm()
        seen.append(torch.get_num_threads())

    before = torch.get_num_threads()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert seen == [1]


def test_a_threshold_and_an_identity_travel_with_the_model(classifier: Classifier, weights: Path) -> None:
    assert classifier.manifest.thresholds["escalation"].default == 0.5
    assert classifier.manifest.sha256 == sha256_of(weights / "model.safetensors")
    assert (classifier.manifest.name, classifier.manifest.version) == ("tiny", "0")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named(weights: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(weights, tmp_path / "w"))
    (folder / name).unlink()
    with pytest.raises(WeightsMissingError, match=name.replace(".", r"\.")):
        Classifier.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("data", [b"", b"{}", b"\x80\x04N.", b"[1]"])
def test_a_file_that_is_another_is_refused_even_when_the_manifest_agrees(
    weights: Path, tmp_path: Path, name: str, data: bytes
) -> None:
    folder = Path(shutil.copytree(weights, tmp_path / "w"))
    (folder / name).write_bytes(data)
    with pytest.raises(WeightsCorruptError, match="sha256"):
        Classifier.load(folder)
    path = folder / "manifest.json"
    raw = json.loads(path.read_text())
    raw["files"][name] = sha256_of(folder / name)
    path.write_text(json.dumps(raw))
    with pytest.raises(WeightsCorruptError, match="don't belong together"):
        Classifier.load(folder)


def test_a_manifest_must_list_the_files_that_are_loaded(weights: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(weights, tmp_path / "w"))
    path = folder / "manifest.json"
    raw = json.loads(path.read_text())
    del raw["files"]["tokenizer.json"]
    path.write_text(json.dumps(raw))
    with pytest.raises(WeightsCorruptError, match=r"does not list tokenizer\.json"):
        Classifier.load(folder)


def test_all_refusals_are_model_errors() -> None:
    assert issubclass(WeightsCorruptError, ModelError)
    assert issubclass(WeightsMissingError, ModelError)
