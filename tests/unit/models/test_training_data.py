"""Corpus and public sets: what is read, what is refused, and what may train."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.labels import EVENTS, LABELS
from models.training.augment import Augmentation, augment
from models.training.data import CorpusError, read_corpus, targets_of
from models.training.public import measuring_rows, public_sets, training_rows

Shard = Callable[..., Path]

ROW: dict[str, Any] = {
    "id": "s-0001",
    "text": "Shells fell on the port of Sarwan before dawn.",
    "context": ["Port under fire", None],
    "escalation": 1,
    "evacuation": 0,
    "signals": ["armed_action"],
    "group": "s-g001",
    "split": "train",
    "trap": "plain",
    "register": "wire",
}


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    def write(*changes: dict[str, Any], name: str = "s.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(ROW | change) for change in changes) + "\n", "utf-8")
        return path

    return write


def test_a_row_becomes_an_example(shard: Shard) -> None:
    (example,) = read_corpus([shard({})])
    assert example.text == ROW["text"]
    assert example.context == ("Port under fire", None)
    assert example.source == "s"
    answers = {label: example.target(label) for label in LABELS}
    assert answers == dict.fromkeys(LABELS, 0.0) | {"escalation": 1.0, "armed_action": 1.0}


def test_an_unknown_answer_makes_its_signals_unknown(shard: Shard) -> None:
    (example,) = read_corpus([shard({"evacuation": None})])
    assert math.isnan(example.target("evacuation"))
    assert math.isnan(example.target("leave_now"))
    assert example.target("coup") == 0.0


def test_signals_nobody_looked_for_are_known_only_where_the_event_is_denied() -> None:
    targets = dict(zip(LABELS, targets_of({"escalation": 0, "evacuation": 1}, None), strict=True))
    assert targets["coup"] == 0.0
    assert math.isnan(targets["advisory"])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": "  "}, "text must be"),
        ({"text": None}, "text must be"),
        ({"context": [None]}, "context must be"),
        ({"context": [1, None]}, "part of the context"),
        ({"escalation": 2}, "escalation must be 0, 1 or null"),
        ({"escalation": True}, "escalation must be 0, 1 or null"),
        ({"evacuation": "0"}, "evacuation must be 0, 1 or null"),
        ({"signals": ["weather"]}, "signals must be"),
        ({"signals": ["armed_action", "armed_action"]}, "signals must be"),
        ({"signals": ["armed_action", "leave_now"]}, "signal leave_now where evacuation is not 1"),
        ({"signals": []}, "no signal says why"),
        ({"split": "validation"}, "split must be"),
        ({"id": 7}, "id and group"),
    ],
)
def test_a_faulty_row_is_named(shard: Shard, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(CorpusError, match=f"s.jsonl:1: .*{fault}"):
        read_corpus([shard(change)])


def test_faults_across_rows_are_found(shard: Shard) -> None:
    with pytest.raises(CorpusError, match="id s-0001 is also at"):
        read_corpus([shard({}, {"text": "Another."})])
    with pytest.raises(CorpusError, match="the same text"):
        read_corpus([shard({}, {"id": "s-0002", "text": ROW["text"].upper() + " "})])
    with pytest.raises(CorpusError, match="group s-g001 is in train and in test"):
        read_corpus([shard({}, {"id": "s-0002", "text": "Another.", "split": "test"})])


def test_the_same_words_in_another_context_are_another_example(shard: Shard) -> None:
    rows = read_corpus([shard({}, {"id": "s-0002", "context": ["Wet weekend for the regatta", None]})])
    assert len(rows) == 2


def test_all_faults_are_listed_up_to_a_bound(shard: Shard) -> None:
    with pytest.raises(CorpusError, match="and 20 more") as caught:
        read_corpus([shard(*({"id": f"s-{i}", "text": ""} for i in range(40)))])
    assert str(caught.value).count("text must be") == 20


@pytest.mark.parametrize("text", ["{", "[1]", "\ufeff", '"x"'])
def test_a_file_that_is_not_json_lines_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(CorpusError, match="line 1"):
        read_corpus([path])
    with pytest.raises(CorpusError, match="can't be read"):
        read_corpus([tmp_path / "none.jsonl"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for stem in ("disaster_response_news_neg", "plover_plv"):
        rows = [{"text": f"line {n}", "escalation": 0, "evacuation": None, "source": "a:b"} for n in range(1, 6)]
        (tmp_path / f"{stem}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return tmp_path


def test_only_even_lines_of_the_two_sets_may_train_and_are_never_measured(folder: Path) -> None:
    paths = public_sets(folder)
    trained = {e.text + e.source for e in training_rows(paths)}
    measured = {e.text + e.source for path in paths for e in measuring_rows(path)}
    assert trained == {"line 2disaster_response_news_neg", "line 4disaster_response_news_neg"}
    assert not trained & measured
    assert len(measured) == 3 + 5
    for example in training_rows(paths):
        assert math.isnan(example.target("evacuation"))
        assert example.target("threat") == 0.0


def test_a_public_set_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no \*\.jsonl"):
        public_sets(tmp_path)
    (tmp_path / "x.jsonl").write_text('{"text": "a", "escalation": "yes"}')
    with pytest.raises(CorpusError, match="0, 1 or null"):
        measuring_rows(tmp_path / "x.jsonl")


def test_augmentation_keeps_answers_and_repeats_with_its_seed(shard: Shard) -> None:
    (example,) = read_corpus([shard({"context": [None, None]})])
    chances = Augmentation(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    lender = read_corpus([shard({"id": "s-9", "text": "Other.", "context": ["Harbour news", None]}, name="t.jsonl")])
    once, again = (augment(example, chances, lender, np.random.default_rng(4)) for _ in range(2))
    assert once == again
    assert once.text != example.text
    assert once.context == ("Harbour news", None)
    assert once.targets == example.targets
    assert augment(example, Augmentation(0, 0, 0, 0, 0, 0, 0, 0), lender, np.random.default_rng(4)) == example


def test_only_calm_sentences_are_joined(shard: Shard) -> None:
    calm = {"id": "s-2", "text": "The library opened at ten.", "escalation": 0, "signals": [], "group": "s-g002"}
    doubtful = calm | {"id": "s-3", "text": "A dull thud was heard.", "evacuation": None, "group": "s-g003"}
    armed, quiet, unclear = read_corpus([shard({}, calm, doubtful)])
    chances = Augmentation(0, 0, 0, 0, 0, 0, 1.0, 0)
    for seed in range(20):
        joined = augment(armed, chances, [quiet], np.random.default_rng(seed))
        assert armed.text.rstrip(". ") in joined.text
        assert quiet.text.rstrip(". ") in joined.text
        assert joined.targets == armed.targets
        for lender in (armed, unclear):
            assert augment(armed, chances, [lender], np.random.default_rng(seed)).text == armed.text


def test_roughening_spares_what_turns_an_answer(shard: Shard) -> None:
    text = "The ministry said on Monday that it would not evacuate any of the students and that no flight was planned"
    (example,) = read_corpus([shard({"text": text})])
    chances = Augmentation(0, 0, 0, 0, 0, 0, 0, 1.0)
    seen = set()
    for seed in range(200):
        rough = augment(example, chances, [], np.random.default_rng(seed))
        letters = rough.text.replace(" ", "")
        assert "not" in letters
        assert "no" in letters.replace("not", "")
        assert len(text.split()) - 3 <= len(rough.text.split()) <= len(text.split())
        assert rough.targets == example.targets
        seen.add(rough.text)
    assert len(seen) > 100
    (short,) = read_corpus([shard({"text": "Troops crossed the border."})])
    assert augment(short, chances, [], np.random.default_rng(1)).text == short.text


def test_a_short_sentence_keeps_the_context_that_it_needs(shard: Shard) -> None:
    (short,) = read_corpus([shard({"text": "Forty were hit."})])
    chances = Augmentation(drop_context=1.0, borrow_context=1.0)
    for seed in range(20):
        assert augment(short, chances, [short], np.random.default_rng(seed)).context == short.context


def test_chances_are_chances() -> None:
    with pytest.raises(ValueError, match="stray_quote"):
        Augmentation(stray_quote=1.5)


def test_the_packaged_corpus_obeys_its_rules() -> None:
    examples = read_corpus()
    for split in ("train", "dev", "test"):
        part = [e for e in examples if e.split == split]
        for event in EVENTS:
            assert {0.0, 1.0} <= {e.target(event) for e in part}
