"""Scores that were computed once, kept in a file: trying another policy needs no classifier.

Guarantees: a score is found again only for the same weights, sentence and context; the classifier is loaded when a
sentence is new, and not before. Refuses a file that is no such memory.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.labels import LABELS
from streams.errors import InputError

if TYPE_CHECKING:
    from models.encoding import Context
    from models.manifest import Manifest
    from streams.assess.work import Scorer

__all__ = ["Remembering"]

Scores = npt.NDArray[np.float32]


class Remembering:
    """A scorer like `models.Classifier`, which asks the real one (made by `load`) only for what it does not know."""

    def __init__(self, file: Path, manifest: "Manifest", load: "Callable[[], Scorer]") -> None:
        """Raises InputError if `file` can't be used."""
        self.manifest = manifest
        # Calibration is part of a score, and may change while the weights stay.
        fits = sorted((label, repr(fit)) for label, fit in manifest.calibration.items())
        self._model = (manifest.sha256, manifest.context, manifest.context_tokens, manifest.max_tokens, fits)
        self._load = load
        self._scorer: Scorer | None = None
        self._file = file
        try:
            self._base = sqlite3.connect(file)
            self._base.execute("CREATE TABLE IF NOT EXISTS scores (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        except sqlite3.Error as error:
            raise InputError(f"{file} can't hold scores ({error}): name another file") from error

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns of `scores`."""
        return LABELS

    def token_lengths(
        self, sentences: Sequence[str], contexts: "Sequence[Context | None] | None" = None
    ) -> npt.NDArray[np.int64]:
        """Only a batch planner asks, and there is none here: zeros [n]."""
        return np.zeros(len(sentences), dtype=np.int64)

    def scores(self, sentences: Sequence[str], contexts: "Sequence[Context | None] | None" = None) -> Scores:
        """As `Classifier.scores`."""
        asked = list(zip(sentences, contexts if contexts is not None else [None] * len(sentences), strict=True))
        keys = [self._key(text, context) for text, context in asked]
        known = {key: row for key in set(keys) if (row := self._known(key)) is not None}
        missing = {key: number for number, key in enumerate(keys) if key not in known}
        if missing:
            self._scorer = self._scorer or self._load()
            rows = list(missing.values())
            fresh = self._scorer.scores([asked[row][0] for row in rows], [asked[row][1] for row in rows])
            known |= dict(zip(missing, fresh, strict=True))
            self._keep([(key, row.astype(np.float32).tobytes()) for key, row in zip(missing, fresh, strict=True)])
        return np.asarray([known[key] for key in keys], dtype=np.float32).reshape(len(keys), len(LABELS))

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _key(self, text: str, context: "Context | None") -> bytes:
        parts = (self._model, text, *(context or (None, None)))
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()

    def _known(self, key: bytes) -> Scores | None:
        try:
            row = self._base.execute("SELECT value FROM scores WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise InputError(f"{self._file} can't be read ({error}): name another file") from error
        if row is None or len(row[0]) != 4 * len(LABELS):
            return None
        return np.frombuffer(row[0], dtype=np.float32)

    def _keep(self, rows: list[tuple[bytes, bytes]]) -> None:
        try:
            with self._base:
                self._base.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            raise InputError(f"{self._file} can't be written ({error}): name another file") from error
