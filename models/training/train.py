"""`train`: labelled sentences in, a folder of weights out.

Guarantees: the same options, data, number of threads and torch give the same weights as far as torch on a
CPU allows; the test split is never read for a decision (it is only measured at the end); calibration and
thresholds are fitted on the fp16 weights as they were written, on sentences that never trained.
Refuses faulty data, and data without train or dev rows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models.classifier import Classifier
from models.encoding import Encoder
from models.labels import LABELS
from models.manifest import Manifest
from models.training.base import go_on_from, load_base
from models.training.calibrate import calibrated
from models.training.data import CorpusError, Example
from models.training.evaluate import Report, measure
from models.training.export import draft_manifest, finish, write_network
from models.training.gather import Gathered
from models.training.loop import fit
from models.training.options import TrainOptions
from models.training.seeded import seeded

__all__ = ["TrainReport", "calibrate_and_measure", "train"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a run did: its manifest, rows by use, steps, mean loss of each epoch, seconds, and figures on
    dev and test.
    """

    manifest: Manifest
    rows: dict[str, int]
    steps: int
    losses: tuple[float, ...]
    seconds: float
    measured: Report


def train(
    options: TrainOptions,
    data: Gathered,
    progress: Progress | None = None,
    taught: tuple[Example, ...] = (),
    loader: type[Classifier] = Classifier,
    splits: tuple[str, ...] = ("dev", "test"),
    start: Path | None = None,
) -> TrainReport:
    """Train as `options` say on the train split of `data` and write the folder `options.out`.

    `progress` gets one line of text after each epoch. `taught` are sentences with a teacher's scores as targets. The
    result is calibrated and, on `splits`, measured as `loader` computes. `start` is a folder of weights of the same
    base to go on from.
    Raises CorpusError, WeightsMissingError (the base is not installed), WeightsCorruptError.
    """
    began = time.monotonic()
    for split in ("train", "dev"):
        if not data.split(split):
            raise CorpusError(f"there are no {split} rows, and training needs some.")
    losses: list[float] = []

    def on_epoch(epoch: int, loss: float) -> None:
        losses.append(loss)
        if progress is not None:
            progress(f"epoch {epoch} of {options.epochs}: loss {loss:.4f}, {time.monotonic() - began:.0f} s")

    base = load_base(options.base, options.pooling)
    if start is not None:
        go_on_from(base, start)
    draft = draft_manifest(base, options)
    with seeded(options.seed, options.threads):
        encoder = Encoder(base.tokenizer, draft)
        steps = fit(base.network, encoder, [*data.training(), *taught], options, on_epoch)
        write_network(base.network, base, draft, options.out)
        done = calibrate_and_measure(options, data, loader, splits)
    return replace(
        done,
        rows=done.rows | {"taught": len(taught)},
        steps=steps,
        losses=tuple(losses),
        seconds=time.monotonic() - began,
    )


def calibrate_and_measure(
    options: TrainOptions,
    data: Gathered,
    loader: type[Classifier] = Classifier,
    splits: tuple[str, ...] = ("dev", "test"),
) -> TrainReport:
    """Fit calibration and thresholds of the folder `options.out`, measure `splits`, complete its manifest."""
    manifest = calibrated(loader.load(options.out, threads=options.threads), data, options.out)
    classifier = loader.load(options.out, threads=options.threads)
    thresholds = {label: manifest.threshold(label) for label in LABELS}
    parts = {
        f"{name} {split}": rows
        for name, rows_of in (("corpus", data.corpus_of), ("pool", data.pool_of))
        for split in splits
        if (rows := rows_of(split))
    }
    report = Report(tuple(measure(name, classifier, thresholds, rows, 1000) for name, rows in parts.items()))
    counted = {name: len(rows) for name, rows in parts.items()} | {
        "corpus train": len(data.corpus_of("train")),
        "pool train": len(data.pool_of("train")),
        "pool calibration": len(data.pool_of("calibration")),
        "public": len(data.public),
    }
    quality = {part["name"]: _summary(part) for part in report.to_dict()["sets"]}
    manifest = finish(
        options.out, manifest.calibration, manifest.thresholds, manifest.signal_thresholds, {"rows": counted, **quality}
    )
    return TrainReport(manifest, counted, 0, (), 0.0, report)


def _summary(part: dict[str, object]) -> dict[str, object]:
    labels = part["labels"]
    assert isinstance(labels, dict)
    kept = ("n", "positives", "precision", "recall", "f1", "average_precision", "calibration_error")
    short = {label: {key: _rounded(figures[key]) for key in kept} for label, figures in labels.items()}
    groups = part["groups_right"]
    assert isinstance(groups, dict)
    return {"labels": short, "groups_right": {name: _rounded(share) for name, share in groups.items()}}


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
