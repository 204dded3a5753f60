"""`train`: labelled sentences in, a folder of weights out.

Guarantees: the same options, data, number of threads and torch give the same weights as far as torch on a
CPU allows; the test split is never read for a decision (it is only measured at the end); calibration and
thresholds are fitted on dev, on the fp16 weights as they were written.
Refuses a faulty corpus, and a corpus without train or dev rows.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from models import calibration
from models.classifier import Classifier
from models.encoding import Encoder
from models.labels import LABELS
from models.manifest import Manifest
from models.training.base import load_base
from models.training.data import SPLITS, CorpusError, Example, read_corpus
from models.training.evaluate import Report, measure
from models.training.export import draft_manifest, finish, write_network
from models.training.loop import fit
from models.training.options import TrainOptions
from models.training.public import training_rows
from models.training.thresholds import choose_signal_thresholds, choose_thresholds

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


def train(options: TrainOptions, progress: Progress | None = None) -> TrainReport:
    """Train as `options` say and write the folder `options.out`; `progress` gets one line of text after
    each epoch.

    Raises CorpusError, WeightsMissingError (the base is not installed), WeightsCorruptError.
    """
    began = time.monotonic()
    examples = read_corpus(options.corpus)
    parts = {split: [e for e in examples if e.split == split] for split in SPLITS}
    for split in ("train", "dev"):
        if not parts[split]:
            raise CorpusError(f"the corpus has no {split} rows, and training needs some.")
    public = _sample(training_rows(options.public), options.public_rows, options.seed)
    losses: list[float] = []

    def on_epoch(epoch: int, loss: float) -> None:
        losses.append(loss)
        if progress is not None:
            progress(f"epoch {epoch} of {options.epochs}: loss {loss:.4f}, {time.monotonic() - began:.0f} s")

    base = load_base(options.base, options.pooling)
    draft = draft_manifest(base, options)
    with _deterministic(options.threads):
        encoder = Encoder(base.tokenizer, draft)
        steps = fit(base.network, encoder, [*parts["train"], *public], options, on_epoch)
        write_network(base.network, base, draft, options.out)
        done = calibrate_and_measure(options, len(public))
    return replace(done, steps=steps, losses=tuple(losses), seconds=time.monotonic() - began)


def calibrate_and_measure(options: TrainOptions, public: int = 0) -> TrainReport:
    """Fit calibration and thresholds of the folder `options.out` on dev, measure dev and test, complete its manifest.

    `public` is the number of public rows that were trained on, for the record.
    """
    examples = read_corpus(options.corpus)
    parts = {split: [e for e in examples if e.split == split] for split in SPLITS}
    rows = {split: len(part) for split, part in parts.items()} | {"public": public}
    manifest = _calibrated(Classifier.load(options.out, threads=options.threads), parts["dev"], options)
    classifier = Classifier.load(options.out, threads=options.threads)
    thresholds = {label: manifest.threshold(label) for label in LABELS}
    sets = [
        measure(f"corpus {split}", classifier, thresholds, parts[split], bootstrap_rounds=1000)
        for split in ("dev", "test")
        if parts[split]
    ]
    report = Report(tuple(sets))
    quality = {part["name"]: _summary(part) for part in report.to_dict()["sets"]}
    manifest = finish(
        options.out, manifest.calibration, manifest.thresholds, manifest.signal_thresholds, {"rows": rows, **quality}
    )
    return TrainReport(manifest, rows, 0, (), 0.0, report)


def _sample(examples: list[Example], most: int | None, seed: int) -> list[Example]:
    if most is None or len(examples) <= most:
        return examples
    chosen = np.random.default_rng(seed).permutation(len(examples))[:most]
    return [examples[index] for index in sorted(chosen.tolist())]


def _calibrated(classifier: Classifier, dev: list[Example], options: TrainOptions) -> Manifest:
    logits = classifier.logits(classifier.encode([e.text for e in dev], [e.context for e in dev]))
    truths = np.asarray([e.targets for e in dev], dtype=np.float64)
    fits = {}
    for column, label in enumerate(LABELS):
        known = ~np.isnan(truths[:, column])
        fits[label] = calibration.fit_platt(logits[known, column], truths[known, column])
    scores = calibration.apply(logits, LABELS, fits)
    by_label = {label: scores[:, column] for column, label in enumerate(LABELS)}
    truth_of = {label: truths[:, column] for column, label in enumerate(LABELS)}
    points = choose_thresholds(by_label, truth_of)
    return finish(options.out, fits, points, choose_signal_thresholds(by_label, truth_of), {})


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


@contextmanager
def _deterministic(threads: int | None) -> Iterator[None]:
    """Torch told to prefer deterministic kernels, its global state put back afterwards."""
    was, had = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.use_deterministic_algorithms(True)
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(was)
            torch.set_num_threads(had)
