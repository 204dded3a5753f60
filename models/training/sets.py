"""All sets that a classifier is measured on, in one run, beside the baselines.

Guarantees: rows that trained are never measured; the sets are always the same, in the same order: written held-out
groups, real held-out sentences (all, and by part of the sample), the weighted sample of unseen news, public sets.
Refuses nothing: a set that is not at hand is left out, and the report shows which are there.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from models.labels import EVENTS
from models.training.baselines import KeywordBaseline, RegexBaseline
from models.training.data import Example
from models.training.evaluate import Report, Scorer, SetReport, Thresholds, measure
from models.training.gather import Gathered
from models.training.public import measuring_rows

__all__ = ["BASELINES", "NEWS", "measure_all", "named_sets"]

NEWS = "news sample"
"""The name of the set that was drawn at news' own rate and is weighted."""

BASELINES: Mapping[str, tuple[Callable[[], Scorer], Thresholds]] = {
    "regex": (RegexBaseline, dict.fromkeys(EVENTS, 0.5)),
    "keywords": (KeywordBaseline, dict.fromkeys(EVENTS, 0.5)),
}

Progress = Callable[[str], None]


def named_sets(data: Gathered, public: Sequence[Path] = (), split: str = "test") -> dict[str, list[Example]]:
    """Sentences to measure on, by the name of their set. `split` is that of corpus and pool."""
    real = data.pool_of(split)
    sets = {f"written {split}": data.corpus_of(split), f"real {split}": real}
    sets |= {f"real {split}, {part}": [e for e in real if e.trap == part] for part in sorted({e.trap for e in real})}
    sets[NEWS] = data.pool_of("calibration")
    sets |= {path.stem: measuring_rows(path) for path in public}
    return {name: rows for name, rows in sets.items() if rows}


def measure_all(
    scorer: Scorer,
    thresholds: Mapping[str, float],
    sets: Mapping[str, Sequence[Example]],
    rounds: int = 1000,
    progress: Progress | None = None,
) -> Report:
    """The model (with intervals) and the baselines (without) on every set."""
    measured: list[SetReport] = []
    for name, rows in sets.items():
        if progress is not None:
            progress(f"{name}: {len(rows)} sentences")
        measured.append(measure(name, scorer, thresholds, rows, rounds))
        for other, (make, at) in BASELINES.items():
            measured.append(measure(name, make(), at, rows, scorer_name=other))
    return Report(tuple(measured))
