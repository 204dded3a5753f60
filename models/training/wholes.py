"""Whole articles with answers of their own: the written ones, and labels of articles of the pool.

Guarantees: an article's sentences get the contexts that the worker would give them; written articles are split between
fitting and measuring by their file, articles of the pool by the split of their sentences.
Refuses a written article whose evidence is not in it, and a label without an article.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.article import FEATURES, Position, features, positions_of
from models.encoding import Context
from models.labels import EVENTS
from models.training.data import CorpusError, read_json_lines
from models.training.evaluate import Scorer
from models.training.pool import Clean, PoolArticle

__all__ = ["ARTICLES", "Evidence", "Split", "Whole", "evidence_of", "pool_wholes", "written_wholes"]

ARTICLES: Final = Path(__file__).parent / "articles"
Split = Callable[[str], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Whole:
    """One article as the classifier is asked about it. `answers` follow EVENTS; NaN: nobody could say."""

    id: str
    origin: str
    split: str
    trap: str
    texts: tuple[str, ...]
    contexts: tuple[Context, ...]
    positions: tuple[Position, ...]
    answers: tuple[float, ...]


def written_wholes(split: Split, clean: Clean = str, path: Path | None = None) -> list[Whole]:
    """The articles written for the project (default: the packaged ones). Raises CorpusError."""
    path = path or ARTICLES / "written.jsonl"
    found = []
    for number, row in read_json_lines(path):
        try:
            for piece in row["evidence"]:
                if piece["text"] not in row["headline"] and piece["text"] not in row["body"]:
                    raise ValueError(f"this evidence is not in the article: {piece['text'][:60]!r}")
            found.append(_whole(row["id"], "written", row, row["headline"], row["body"], split, clean))
        except (KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{path.name}, line {number}: {error}") from error
    return found


def pool_wholes(
    pool: Mapping[str, PoolArticle], split: Split, clean: Clean = str, path: Path | None = None
) -> list[Whole]:
    """Labelled articles of the pool (default: the packaged labels). Raises CorpusError."""
    path = path or ARTICLES / "pool.jsonl"
    found = []
    for number, row in read_json_lines(path):
        try:
            article = pool.get(row["article"])
            if article is None:
                raise ValueError(f"the pool has no article {row['article']!r}")
            found.append(_whole(article.id, "pool", row, article.title, article.body, split, clean))
        except (KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{path.name}, line {number}: {error}") from error
    return found


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the sentences of articles come to. `matrix` [n_articles, n_events, n_features]; `best` [n_articles,
    n_events], 0 where no sentence is evidence.
    """

    matrix: npt.NDArray[np.float64]
    best: npt.NDArray[np.float64]


def evidence_of(scorer: Scorer, thresholds: Mapping[str, float], wholes: Sequence[Whole]) -> Evidence:
    """Score every article's sentences and keep what the worker would: to three decimals, at or above threshold."""
    texts = [text for whole in wholes for text in whole.texts]
    contexts = [context for whole in wholes for context in whole.contexts]
    scores = scorer.scores(texts, contexts).astype(np.float64).round(3)
    matrix = np.zeros((len(wholes), len(EVENTS), len(FEATURES)))
    best = np.zeros((len(wholes), len(EVENTS)))
    at = 0
    for row, whole in enumerate(wholes):
        mine = scores[at : at + len(whole.texts)]
        at += len(whole.texts)
        for column, event in enumerate(EVENTS):
            kept = np.flatnonzero(mine[:, column] >= thresholds[event])
            matrix[row, column] = features(mine[kept, column], [whole.positions[n] for n in kept])
            best[row, column] = mine[kept, column].max(initial=0.0)
    return Evidence(matrix, best)


def contexts_of(headline: str, sentences: Iterable[str]) -> list[Context]:
    """(headline, sentence before) of each sentence of a body, as the worker gives them."""
    found: list[Context] = []
    before: str | None = None
    for sentence in sentences:
        found.append((headline or None, before))
        before = sentence
    return found


def _whole(name: str, origin: str, row: Mapping[str, Any], title: str, body: str, split: Split, clean: Clean) -> Whole:
    headline = clean(title)
    # As the worker: a sentence that the headline gave is not asked again.
    sentences = [clean(body[start:end]) for start, end in split(body) if body[start:end] != title]
    answers = [row[event] for event in EVENTS]
    if any(answer not in (0, 1, None) for answer in answers):
        raise ValueError("answers must be 0, 1 or null")
    return Whole(
        id=name,
        origin=origin,
        split=row["split"],
        trap=str(row.get("trap", "")),
        texts=(*([headline] if headline else []), *sentences),
        contexts=(*([(None, None)] if headline else []), *contexts_of(headline, sentences)),
        positions=positions_of([*(["title"] if headline else []), *["body"] * len(sentences)]),
        answers=tuple(float("nan") if answer is None else float(answer) for answer in answers),
    )
