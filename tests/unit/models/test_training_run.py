"""Training and measuring, end to end, on a model of two small layers."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file

from models.classifier import Classifier
from models.encoding import Context
from models.errors import WeightsCorruptError, WeightsMissingError
from models.labels import LABELS, SIGNALS
from models.manifest import sha256_of
from models.training import base as base_module
from models.training.augment import Augmentation
from models.training.base import load_base
from models.training.data import CorpusError, read_corpus
from models.training.evaluate import measure, worst_errors
from models.training.gather import Gathered, Sources, gather
from models.training.loop import loss_of, parameter_groups
from models.training.options import TrainOptions
from models.training.soup import mix
from models.training.train import train

CALM = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)


def write_corpus(path: Path) -> Path:
    """Separable by one word, so that a model of two layers can learn it in seconds."""
    rows = []
    for number in range(120):
        split = ("train", "train", "train", "dev", "test")[number % 5]
        for half, (text, event, signal) in enumerate(
            [
                (f"troops shelled town {number}", "escalation", "armed_action"),
                (f"evacuate the border now {number}", "evacuation", "evacuation_order"),
                (f"a goal in the match {number}", None, None),
            ]
        ):
            rows.append(
                {
                    "id": f"c-{number}-{half}",
                    "text": text,
                    "context": [None, None],
                    "escalation": int(event == "escalation"),
                    "evacuation": int(event == "evacuation"),
                    "signals": [signal] if signal else [],
                    "group": f"c-g{number}",
                    "split": split,
                    "trap": "words",
                    "register": "wire",
                }
            )
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "c.jsonl")


def data_of(corpus: Path) -> Gathered:
    return gather(Sources(corpus=(corpus,)))


def options(out: Path, base: Path, **changes: object) -> TrainOptions:
    start = TrainOptions(
        out=out,
        base=base,
        epochs=4,
        average_last=2,
        batch_tokens=256,
        encoder_rate=3e-3,
        head_rate=2e-2,
        augmentation=CALM,
        bfloat16=False,
        threads=1,
    )
    return dataclasses.replace(start, **changes)  # type: ignore[arg-type]  # the test says what it changes


def test_a_run_learns_writes_loadable_weights_and_reports(base: Path, corpus: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    report = train(options(tmp_path / "w", base), data_of(corpus), lines.append)
    assert report.rows == {
        "corpus train": 216,
        "corpus dev": 72,
        "corpus test": 72,
        "pool train": 0,
        "pool calibration": 0,
        "public": 0,
        "taught": 0,
    }
    assert len(lines) == len(report.losses) == 4
    assert report.losses[-1] < report.losses[0] / 1.5
    by_name = {part.name: part for part in report.measured.sets}
    assert by_name["corpus test"].labels["escalation"].f1 > 0.95
    assert by_name["corpus test"].labels["evacuation"].f1 > 0.95
    classifier = Classifier.load(tmp_path / "w")
    assert classifier.manifest == report.manifest
    assert classifier.manifest.quality["rows"]["corpus train"] == 216
    assert set(classifier.manifest.calibration) == set(LABELS)
    assert set(classifier.manifest.signal_thresholds) == set(SIGNALS)
    scores = classifier.scores(["troops shelled town 990", "a goal in the match 990"])
    assert scores[0, 0] > classifier.manifest.thresholds["escalation"].default > scores[1, 0]
    json.dumps(report.measured.to_dict(), allow_nan=False)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(base: Path, corpus: Path, tmp_path: Path) -> None:
    chosen = {"epochs": 1, "average_last": 1, "max_steps": 6}
    first = train(options(tmp_path / "a", base, **chosen), data_of(corpus)).manifest
    second = train(options(tmp_path / "b", base, **chosen), data_of(corpus)).manifest
    other = train(options(tmp_path / "c", base, seed=1, **chosen), data_of(corpus)).manifest
    assert first.files == second.files
    assert first.sha256 != other.sha256


def test_a_mix_is_the_mean_of_its_parts_calibrated_anew(base: Path, corpus: Path, tmp_path: Path) -> None:
    chosen = {"epochs": 2, "average_last": 1}
    for name, seed in (("a", 1), ("b", 2)):
        train(options(tmp_path / name, base, seed=seed, **chosen), data_of(corpus))
    report = mix([(tmp_path / "a", 3.0), (tmp_path / "b", 1.0)], options(tmp_path / "m", base), data_of(corpus))
    found, first, second = (load_file(tmp_path / name / "model.safetensors") for name in ("m", "a", "b"))
    for name, value in found.items():
        expected = 0.75 * first[name].float() + 0.25 * second[name].float()
        assert torch.allclose(value.float(), expected, atol=2e-3, rtol=2e-3)
    assert Classifier.load(tmp_path / "m").manifest == report.manifest
    assert {part.name for part in report.measured.sets} == {"corpus dev", "corpus test"}


def test_parts_that_do_not_fit_are_not_mixed(base: Path, corpus: Path, tmp_path: Path) -> None:
    chosen = {"epochs": 1, "average_last": 1, "max_steps": 1}
    train(options(tmp_path / "a", base, **chosen), data_of(corpus))
    train(options(tmp_path / "b", base, pooling="mean", **chosen), data_of(corpus))
    for parts in ([], [(tmp_path / "a", 0.0)], [(tmp_path / "a", 1.0), (tmp_path / "b", 1.0)]):
        with pytest.raises(ValueError, match=r"mix needs parts|does not fit"):
            mix(parts, options(tmp_path / "m", base), data_of(corpus))


def test_training_leaves_torch_as_it_was(base: Path, corpus: Path, tmp_path: Path) -> None:
    torch.manual_seed(11)
    expected = torch.rand(2)
    torch.manual_seed(11)
    train(options(tmp_path / "w", base, epochs=1, average_last=1, max_steps=1), data_of(corpus))
    assert torch.equal(torch.rand(2), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_corpus_without_dev_rows_is_refused(base: Path, corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(line for line in corpus.read_text().splitlines() if '"dev"' not in line))
    with pytest.raises(CorpusError, match="no dev rows"):
        train(options(tmp_path / "w", base), data_of(path))


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for wrong in ({"epochs": 0}, {"encoder_rate": 0.0}, {"average_last": 99}, {"warm_up": 1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            TrainOptions(out=tmp_path, **wrong)


def test_the_base_is_checked(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsMissingError, match=r"config\.json"):
        load_base(tmp_path)
    monkeypatch.setattr(base_module, "_packaged", lambda: base)
    with pytest.raises(WeightsCorruptError, match="sha256"):
        load_base()
    loaded = load_base(base)
    assert loaded.origin.sha256 == sha256_of(base / "model.safetensors")
    assert "_name_or_path" not in loaded.config
    assert loaded.tokenizer.truncation is None
    assert loaded.tokenizer.padding is None
    assert not loaded.network.head.weight.any()


def test_unknown_answers_have_no_part_in_the_loss(tmp_path: Path) -> None:
    chosen = TrainOptions(out=tmp_path)
    logits = torch.randn(3, 14, requires_grad=True)
    targets = torch.zeros(3, 14)
    targets[1, 0] = torch.nan
    loss_of(logits, targets, torch.ones(3), chosen).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[1, 0] == 0
    assert (logits.grad != 0).sum() == 3 * 14 - 1
    nothing = loss_of(logits, torch.full((3, 14), torch.nan), torch.ones(3), chosen)
    assert float(nothing.detach()) == 0.0


def test_focal_loss_turns_from_easy_answers(tmp_path: Path) -> None:
    logits, targets = torch.tensor([[4.0] * 14, [-0.1] * 14]), torch.ones(2, 14)
    plain, focal = (TrainOptions(out=tmp_path, focal_gamma=gamma) for gamma in (0.0, 2.0))

    def of_row(row: int, chosen: TrainOptions) -> float:
        return float(loss_of(logits[row : row + 1], targets[:1], torch.ones(1), chosen))

    assert of_row(0, focal) / of_row(0, plain) < 0.001
    assert of_row(1, focal) / of_row(1, plain) > 0.2


def test_lower_layers_learn_more_slowly_and_no_parameter_is_forgotten(base: Path, tmp_path: Path) -> None:
    network = load_base(base).network
    groups = parameter_groups(network, TrainOptions(out=tmp_path, encoder_rate=1.0, layer_decay=0.5, head_rate=9.0))
    rate_of = {id(p): group["lr"] for group in groups for p in group["params"]}  # type: ignore[attr-defined]
    names = {name: rate_of[id(p)] for name, p in network.named_parameters()}
    assert names["head.weight"] == 9.0
    assert names["encoder.encoder.layer.1.output.dense.weight"] == 1.0
    assert names["encoder.encoder.layer.0.output.dense.weight"] == 0.5
    assert names["encoder.embeddings.word_embeddings.weight"] == 0.5**2


class Keyword:
    """A baseline: positive where its word is found."""

    def scores(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.float32]:
        out = np.zeros((len(sentences), len(LABELS)), dtype=np.float32)
        out[:, 0] = ["shelled" in text for text in sentences]
        return out


def test_a_baseline_is_measured_by_the_same_rule(corpus: Path) -> None:
    thresholds = {"escalation": 0.5, "evacuation": 0.5}
    part = measure("words", Keyword(), thresholds, data_of(corpus).corpus_of("test"), 20)
    assert part.n == 72
    assert part.labels["escalation"].f1 == 1.0
    assert part.labels["evacuation"].recall == 0.0
    assert part.groups_right == {"escalation": 1.0, "evacuation": 0.0, "both": 0.0}
    assert part.intervals["escalation"]["f1"] == (1.0, 1.0)
    assert part.by["trap"]["words"].n == 72
    assert part.by["trap"]["words"].right == pytest.approx(2 / 3)


def test_the_worst_errors_come_first(corpus: Path) -> None:
    rows = [e for e in read_corpus([corpus]) if e.split == "test"]
    errors = worst_errors(Keyword(), {"evacuation": 0.5}, rows, "evacuation", most=5)
    assert len(errors) == 5
    assert all(example.target("evacuation") == 1.0 for _, example in errors)
    assert worst_errors(Keyword(), {"escalation": 0.5}, rows, "escalation") == []


def test_an_empty_set_is_measured_as_empty() -> None:
    part = measure("nothing", Keyword(), {"escalation": 0.5, "evacuation": 0.5}, [])
    assert part.n == 0
    assert part.labels == {}
