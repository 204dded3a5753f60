"""All labelled sentences of a run, by split and by where they come from.

Guarantees: an article of the pool and a group of the corpus are in one split each; rows that may not train are in no
train split; what is in `calibration` was chosen by a known chance, `Example.mass` undoes it.
Refuses faulty files (see `read_corpus`, `join`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.training.data import Example, read_corpus
from models.training.pool import join, read_labels, read_pool
from models.training.public import training_rows

__all__ = ["Gathered", "Sources", "gather"]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where sentences come from. `corpus` and `labels` name files (None: the packaged ones), `public` sets of which at
    most `public_rows` of the rows that may train are taken by chance (None: all), `pool` the folder of real news that
    the labels speak of; `clean` is applied to the pool's text.
    """

    corpus: tuple[Path, ...] | None = None
    pool: Path | None = None
    labels: tuple[Path, ...] | None = None
    public: tuple[Path, ...] = ()
    public_rows: int | None = 350
    clean: Callable[[str], str] = str
    seed: int = 20220210


@dataclass(frozen=True, slots=True)
class Gathered:
    """Sentences of every origin. `public` holds the rows of public sets that train."""

    corpus: tuple[Example, ...]
    pool: tuple[Example, ...]
    public: tuple[Example, ...]

    def split(self, name: str) -> list[Example]:
        """Corpus and pool of one split."""
        return [*self.corpus_of(name), *self.pool_of(name)]

    def corpus_of(self, name: str) -> list[Example]:
        """Written sentences of one split."""
        return [example for example in self.corpus if example.split == name]

    def pool_of(self, name: str) -> list[Example]:
        """Real sentences of one split."""
        return [example for example in self.pool if example.split == name]

    def training(self) -> list[Example]:
        """Everything that trains: the train split, and the public rows."""
        return [*self.split("train"), *self.public]

    def retrained(self, change: Callable[[Example], Example | None]) -> "Gathered":
        """With every sentence that trains as `change` gives it back, or without it; all others as they are."""

        def changed(examples: tuple[Example, ...]) -> tuple[Example, ...]:
            kept = (change(example) if example.split == "train" else example for example in examples)
            return tuple(example for example in kept if example is not None)

        return Gathered(changed(self.corpus), changed(self.pool), changed(self.public))


def gather(sources: Sources) -> Gathered:
    """Read everything that `sources` name. Without a pool its labels are not read. Raises CorpusError."""
    real = join(read_labels(sources.labels), read_pool(sources.pool), sources.clean) if sources.pool else []
    public = _sample(training_rows(sources.public), sources.public_rows, sources.seed)
    return Gathered(tuple(read_corpus(sources.corpus)), tuple(real), tuple(public))


def _sample(examples: list[Example], most: int | None, seed: int) -> list[Example]:
    if most is None or len(examples) <= most:
        return examples
    chosen = np.random.default_rng(seed).permutation(len(examples))[:most]
    return [examples[index] for index in sorted(chosen.tolist())]
