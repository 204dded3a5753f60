"""Real news, labelled by reading: the project keeps the answers, the text stays where it lies.

A file of `labels/*.jsonl` says where a sentence stands in which article of the pool, its sha1 and its answers; `join`
finds the text. Guarantees: every joined text has the sha1 that its reader saw; an article is in one split; articles
whose terms forbid it never train.
Refuses labels whose text is not in the pool or has changed: wrong text under a right answer would train a wrong model.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.training.data import MAX_FAULTS, CorpusError, Example, answers_of, read_json_lines

__all__ = [
    "LABELS_FOLDER",
    "MEASURE_ONLY",
    "POOL_SPLITS",
    "Clean",
    "PoolArticle",
    "join",
    "read_labels",
    "read_pool",
    "read_splits",
]

LABELS_FOLDER: Final = Path(__file__).parent / "labels"
# `calibration` articles are never trained on nor used to choose anything but thresholds.
POOL_SPLITS: Final = ("train", "dev", "test", "calibration")
# Beginnings of the names of sources whose terms are non-commercial: their text is for measuring only.
MEASURE_ONLY: Final = ("AG News", "NYT obituaries", "10kGNAD", "RIA")
_FILES: Final = ("articles_en.jsonl.gz", "evacuation_words_en.jsonl.gz")
_FIELDS: Final = ("title", "body")

Clean = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class PoolArticle:
    """One article of the pool. `year` is a year, a range, or empty."""

    id: str
    title: str
    body: str
    source: str
    year: str

    @property
    def decade(self) -> str:
        """ "1980s" and so on; empty when no year is known."""
        return f"{self.year[:3]}0s" if self.year[:4].isdigit() else ""


def read_pool(folder: Path) -> dict[str, PoolArticle]:
    """The English articles of a pool folder, by id. Raises CorpusError when it is none."""
    articles: dict[str, PoolArticle] = {}
    for name in _FILES:
        path = folder / name
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                found = [_article(json.loads(line)) for line in lines]
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"{path} can't be read as gzipped JSON Lines ({error}): is --pool a pool folder?"
            ) from error
        articles |= {article.id: article for article in found}
    return articles


def _article(row: dict[str, Any]) -> PoolArticle:
    year = str(row.get("published") or "")[:4] or str(row.get("year") or "")
    source = str(row["source"]).split(" (")[0]
    return PoolArticle(row["id"], row.get("title") or "", row.get("body") or "", source, year)


def read_labels(paths: Iterable[Path] | None = None) -> list[dict[str, Any]]:
    """All rows of the label files (default: the packaged ones), in order. Raises CorpusError."""
    files = sorted(LABELS_FOLDER.glob("*.jsonl")) if paths is None else list(paths)
    return [row for path in files for _, row in read_json_lines(path)]


def read_splits(folder: Path = LABELS_FOLDER) -> dict[str, str]:
    """The split of every article of the pool, labelled or not (`splits.tsv`). Raises CorpusError."""
    path = folder / "splits.tsv"
    try:
        pairs = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
        found = dict(pairs)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} can't be read: {error}") from error
    if strangers := set(found.values()) - set(POOL_SPLITS):
        raise CorpusError(f"{path} has unknown splits: {', '.join(sorted(strangers))}")
    return found


def join(labels: Sequence[Mapping[str, Any]], pool: Mapping[str, PoolArticle], clean: Clean = str) -> list[Example]:
    """Examples of labelled sentences, their text cut out of the pool and given to `clean`.

    A row is `{article, field, start, end, before, sha1, escalation, evacuation, signals, part, split, ...}`: code
    points in the article's title or body; `before` is the span of the sentence before it in the same field, or null.
    Group is the article, trap the part of the sample, register "pool". Raises CorpusError listing what does not fit.
    """
    faults: list[str] = []
    examples: list[Example] = []
    split_of: dict[str, str] = {}
    for row in labels:
        try:
            example = _example(row, pool, clean)
            if split_of.setdefault(example.group, example.split) != example.split:
                raise ValueError(f"article {example.group} is in {split_of[example.group]} and in {example.split}")
        except (KeyError, TypeError, ValueError) as error:
            faults.append(f"{row.get('article')}, {row.get('field')} {row.get('start')}: {error}")
            continue
        examples.append(example)
    if faults:
        more = f" (and {len(faults) - MAX_FAULTS} more)" if len(faults) > MAX_FAULTS else ""
        raise CorpusError("labels that don't fit the pool: " + "; ".join(faults[:MAX_FAULTS]) + more + ".")
    return examples


def _example(row: Mapping[str, Any], pool: Mapping[str, PoolArticle], clean: Clean) -> Example:
    if row["split"] not in POOL_SPLITS:
        raise ValueError(f"split must be one of {', '.join(POOL_SPLITS)}")
    article = pool.get(row["article"])
    if article is None:
        raise ValueError("no such article in the pool")
    if row["split"] in ("train", "dev") and article.source.startswith(MEASURE_ONLY):
        raise ValueError(f"{article.source} is for measuring only")
    if row["field"] not in _FIELDS:
        raise ValueError("field must be title or body")
    whole: str = getattr(article, row["field"])
    text = whole[row["start"] : row["end"]]
    if hashlib.sha1(text.encode("utf-8"), usedforsecurity=False).hexdigest() != row["sha1"]:
        raise ValueError("the pool has another text there")
    headline = clean(article.title) or None if row["field"] == "body" else None
    before = clean(whole[slice(*row["before"])]) or None if row.get("before") else None
    return Example(
        id=f"{row['article']}:{row['field']}:{row['start']}",
        text=clean(text),
        context=(headline, before),
        targets=answers_of(row),
        group=row["article"],
        split=row["split"],
        trap=str(row["part"]),
        register="pool",
        source=article.source,
        decade=article.decade,
        mass=float(row.get("mass", 1.0)),
    )
