"""Whole articles: asked as the worker asks them, and refused where text and answers part."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.article import FEATURES, features, positions_of
from models.encoding import Context
from models.labels import EVENTS, LABELS, SIGNALS, SIGNALS_OF_EVENT
from models.training.data import CorpusError, read_json_lines
from models.training.pool import read_splits
from models.training.wholes import ARTICLES, evidence_of, pool_wholes, written_wholes
from streams.assess.assess import prepare
from streams.ingest.sentences import split
from streams.ingest.text import fold
from tests.unit.assess.assessing import delivery
from tests.unit.ingest.builders import article
from tests.unit.models.pooled import FIRST, SECOND, THIRD, TITLE, WIRE, write_lines

HALF = dict.fromkeys(EVENTS, 0.5)
SENTENCES = (
    "The embassy in Kyiv warned its citizens to leave the country at once.",
    "“Shelling has grown worse since Monday,” a spokesman for the ministry said.",
    "Nobody was hurt.",
    "Prices for wheat rose by four per cent on the exchange in Chicago.",
    "Mr. Smith, who lives near the border, has packed his car twice this week.",
    "Officials said the port would stay open for the time being.",
)
ROW: dict[str, Any] = {
    "id": "w-1",
    "headline": TITLE,
    "body": WIRE.body,
    "escalation": 1,
    "evacuation": None,
    "evidence": [{"text": FIRST}, {"text": TITLE}],
    "trap": "plain",
    "split": "fit",
}
LABELLED = {"article": "wire-1", "split": "test", "escalation": 0, "evacuation": 1, "reader": "r"}


def written(path: Path, **changes: object) -> Path:
    return write_lines(path / "written.jsonl", [ROW | changes])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(("", *SENTENCES)),
    st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=9),
    st.sampled_from(" \n"),
)
def test_an_article_is_asked_as_the_worker_asks(
    tmp_path_factory: pytest.TempPathFactory, title: str, body: list[str], between: str
) -> None:
    made = article(title=title, text=between.join(body))
    prepared = prepare(made, delivery(), most_sentences=200, stale_hours=72)
    assert prepared.outcome is None
    row = ROW | {"headline": made.title or "", "body": made.body or "", "evidence": []}
    path = write_lines(tmp_path_factory.mktemp("w") / "w.jsonl", [row])
    (whole,) = written_wholes(split, fold, path)
    assert whole.texts == prepared.texts
    assert whole.contexts == prepared.contexts
    assert whole.positions == positions_of([sentence.field for sentence in prepared.sentences])


def test_a_written_article_becomes_a_whole(tmp_path: Path) -> None:
    (whole,) = written_wholes(split, path=written(tmp_path))
    assert (whole.id, whole.origin, whole.split, whole.trap) == ("w-1", "written", "fit", "plain")
    assert whole.texts == (TITLE, FIRST, SECOND, THIRD)
    assert whole.contexts == ((None, None), (TITLE, None), (TITLE, FIRST), (TITLE, SECOND))
    assert whole.positions == ("headline", "lead", "lead", "lead")
    assert whole.answers[0] == 1.0
    assert math.isnan(whole.answers[1])


def test_after_three_sentences_the_lead_is_over(tmp_path: Path) -> None:
    path = written(tmp_path, headline="", body=" ".join(SENTENCES), evidence=[])
    (whole,) = written_wholes(split, path=path)
    assert whole.positions == ("lead", "lead", "lead", "body", "body", "body")
    assert whole.contexts[0] == (None, None)


def test_text_is_cleaned_and_evidence_is_looked_for_before(tmp_path: Path) -> None:
    (whole,) = written_wholes(split, str.upper, written(tmp_path))
    assert whole.texts == (TITLE.upper(), FIRST.upper(), SECOND.upper(), THIRD.upper())
    assert whole.contexts[2] == (TITLE.upper(), FIRST.upper())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"evidence": [{"text": FIRST}, {"text": "Shells fell on the port of Sarwan at noon."}]}, "Sarwan at noon"),
        ({"evidence": [{}]}, "'text'"),
        ({"escalation": 2}, "0, 1 or null"),
        ({"evacuation": "1"}, "0, 1 or null"),
        ({"headline": None}, "NoneType"),
        ({"body": 7}, "int"),
    ],
)
def test_a_written_article_that_does_not_hold_together_is_refused(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    with pytest.raises(CorpusError, match=rf"written\.jsonl, line 1: .*{fault}"):
        written_wholes(split, path=written(tmp_path, **change))


def test_a_labelled_article_of_the_pool_becomes_a_whole(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "pool.jsonl", [LABELLED])
    (whole,) = pool_wholes({"wire-1": WIRE}, split, path=path)
    assert (whole.id, whole.origin, whole.split, whole.trap) == ("wire-1", "pool", "test", "")
    assert whole.texts == (TITLE, FIRST, SECOND, THIRD)
    assert whole.answers == (0.0, 1.0)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"article": "wire-9"}, "the pool has no article 'wire-9'"),
        ({"article": ["wire-1"]}, "unhashable"),
        ({"escalation": 3}, "0, 1 or null"),
        ({"evacuation": ...}, "'evacuation'"),
        ({"split": ...}, "'split'"),
        ({"article": ...}, "'article'"),
    ],
)
def test_a_label_that_fits_no_article_is_refused(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    row = {key: value for key, value in (LABELLED | change).items() if value is not ...}
    path = write_lines(tmp_path / "pool.jsonl", [LABELLED, row])
    with pytest.raises(CorpusError, match=f"line 2: .*{fault}"):
        pool_wholes({"wire-1": WIRE}, split, path=path)


class ByLength:
    """A scorer whose answers depend on text and context, and that notes how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def scores(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.float32]:
        assert contexts is not None
        self.calls += 1
        rows = [
            [(len(text) % 10) / 10, (len(text) + len("".join(part or "" for part in context or ()))) % 10 / 10]
            for text, context in zip(sentences, contexts, strict=True)
        ]
        out = np.zeros((len(rows), len(LABELS)), dtype=np.float32)
        out[:, :2] = np.asarray(rows, dtype=np.float32).reshape(len(rows), 2)
        return out


def test_every_article_gets_the_features_of_its_own_evidence(tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW | {"id": "w-2", "headline": "", "evidence": []},
        ROW | {"id": "w-3", "body": FIRST, "evidence": []},
    ]
    wholes = written_wholes(split, path=write_lines(tmp_path / "w.jsonl", rows))
    scorer = ByLength()
    found = evidence_of(scorer, HALF, wholes)
    assert scorer.calls == 1
    assert found.matrix.shape == (3, len(EVENTS), len(FEATURES))
    for row, whole in enumerate(wholes):
        scores = ByLength().scores(whole.texts, whole.contexts).astype(np.float64).round(3)
        for column in range(len(EVENTS)):
            kept = [n for n, score in enumerate(scores[:, column]) if score >= 0.5]
            expected = features(scores[kept, column], [whole.positions[n] for n in kept])
            assert found.matrix[row, column].tolist() == expected.tolist()
            assert found.best[row, column] == max(scores[kept, column], default=0.0)


def test_an_article_without_text_and_no_article_at_all_have_features(tmp_path: Path) -> None:
    path = written(tmp_path, headline="", body="", evidence=[])
    assert evidence_of(ByLength(), HALF, written_wholes(split, path=path)).best.tolist() == [[0.0] * len(EVENTS)]
    assert evidence_of(ByLength(), HALF, []).matrix.shape == (0, len(EVENTS), len(FEATURES))


# What ships.


def test_the_packaged_written_articles_obey_their_rules() -> None:
    wholes = written_wholes(split, fold)
    rows = [row for _, row in read_json_lines(ARTICLES / "written.jsonl")]
    assert len({whole.id for whole in wholes}) == len(wholes) == len(rows)
    assert len({row["body"] for row in rows}) == len(rows)
    for row in rows:
        assert row["split"] in ("fit", "test")
        assert row["headline"].strip()
        for event in EVENTS:
            assert row[event] in (0, 1)
            if row[event]:
                assert any(piece[event] for piece in row["evidence"]), f"{row['id']}: {event} stands nowhere"
        for piece in row["evidence"]:
            assert (row["headline"] + "\n" + row["body"]).count(piece["text"]) == 1, row["id"]
            assert set(piece["signals"]) <= set(SIGNALS)
            for event in EVENTS:
                assert piece[event] == bool(set(piece["signals"]) & set(SIGNALS_OF_EVENT[event])), row["id"]
    for part in ("fit", "test"):
        for column in range(len(EVENTS)):
            assert {0.0, 1.0} == {whole.answers[column] for whole in wholes if whole.split == part}


def test_the_packaged_labels_of_articles_obey_their_rules() -> None:
    rows = [row for _, row in read_json_lines(ARTICLES / "pool.jsonl")]
    assert len({row["article"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"article", "split", "escalation", "evacuation", "reader"}, json.dumps(row)
        assert row["split"] in ("fit", "test")
        assert all(row[event] in (0, 1, None) for event in EVENTS)
    split_of = read_splits()
    for row in rows:
        # An article of the split `fit` fits what a model's scores become: one that trained the model must not.
        assert split_of[row["article"]] in (("test",) if row["split"] == "test" else ("calibration", "dev")), row
