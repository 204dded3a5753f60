"""All sentences of a run: each in one split, what may not train in none that trains, and what is measured on what."""

from pathlib import Path

import pytest

from models.labels import EVENTS
from models.training.data import CorpusError
from models.training.gather import Gathered, Sources, gather
from models.training.public import measuring_rows
from models.training.sets import BASELINES, NEWS, measure_all, named_sets
from tests.unit.models.pooled import FIRST, SECOND, THIRD, TITLE, label, raw, write_lines, write_pool

SPLITS = ("train", "dev", "test", "calibration")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Three written groups, an article of the pool for each split, and two public sets of which one may train."""
    corpus = [
        {
            "id": f"s-{split}",
            "text": f"The match in the {split} town goes on.",
            "context": [None, None],
            "escalation": 0,
            "evacuation": 0,
            "signals": [],
            "group": f"g-{split}",
            "split": split,
        }
        for split in ("train", "dev", "test")
    ]
    labels = []
    for split in SPLITS:
        rows = [label(TITLE), label(FIRST, part="words", escalation=1, signals=["armed_action"]), label(SECOND, FIRST)]
        labels += [row | {"article": f"wire-{split}", "split": split} for row in rows]
    public = []
    for stem in ("travel_advisory_sents", "plover_plv"):
        lines = [{"text": f"{stem} {number}", "escalation": 0, "evacuation": None} for number in range(1, 21)]
        public.append(write_lines(tmp_path / f"{stem}.jsonl", lines))
    return Sources(
        corpus=(write_lines(tmp_path / "c.jsonl", corpus),),
        pool=write_pool(tmp_path / "pool", [raw(f"wire-{split}") for split in SPLITS]),
        labels=(write_lines(tmp_path / "labels.jsonl", labels),),
        public=tuple(public),
        public_rows=None,
    )


def changed(sources: Sources, **changes: object) -> Gathered:
    values = {name: getattr(sources, name) for name in sources.__dataclass_fields__}
    return gather(Sources(**(values | changes)))  # type: ignore[arg-type]  # the test says what it changes


def test_every_sentence_is_in_its_split_and_no_other(sources: Sources) -> None:
    data = gather(sources)
    for split in SPLITS:
        written = [] if split == "calibration" else [f"s-{split}"]
        assert [example.id for example in data.corpus_of(split)] == written
        assert {example.group for example in data.pool_of(split)} == {f"wire-{split}"}
        assert data.split(split) == [*data.corpus_of(split), *data.pool_of(split)]
        assert {example.split for example in data.split(split)} == {split}
    assert sum(len(data.split(split)) for split in SPLITS) == len(data.corpus) + len(data.pool) == 3 + 12
    assert data.split("validation") == []


def test_only_the_rows_of_public_sets_that_may_train_are_gathered(sources: Sources) -> None:
    data = gather(sources)
    assert [example.text for example in data.public] == [f"travel_advisory_sents {n}" for n in range(2, 21, 2)]
    assert not set(data.public) & set(data.split("train"))


def test_a_sample_of_public_rows_is_by_seed_and_in_order(sources: Sources) -> None:
    def texts(**changes: object) -> list[str]:
        return [example.text for example in changed(sources, **changes).public]

    every = texts()
    some = texts(public_rows=4)
    assert len(some) == 4
    assert [text for text in every if text in some] == some
    assert texts(public_rows=4) == some
    assert any(texts(public_rows=4, seed=seed) != some for seed in range(5))
    assert texts(public_rows=10) == texts(public_rows=350) == every
    assert texts(public_rows=0) == []


def test_without_a_pool_its_labels_are_not_read(sources: Sources, tmp_path: Path) -> None:
    data = changed(sources, pool=None, labels=(tmp_path / "none.jsonl",))
    assert data.pool == ()
    assert len(data.corpus) == 3


def test_the_text_of_the_pool_is_cleaned_and_the_corpus_left_alone(sources: Sources) -> None:
    data = changed(sources, clean=str.upper)
    assert {example.text for example in data.pool} == {TITLE.upper(), FIRST.upper(), SECOND.upper()}
    assert data.corpus == gather(sources).corpus


def test_faults_of_any_source_are_corpus_errors(sources: Sources, tmp_path: Path) -> None:
    wrong = write_lines(tmp_path / "wrong.jsonl", [label(THIRD, sha1="0")])
    with pytest.raises(CorpusError, match="no such article"):
        changed(sources, labels=(wrong,))
    with pytest.raises(CorpusError, match="pool folder"):
        changed(sources, pool=tmp_path)
    with pytest.raises(CorpusError, match="breaks its rules"):
        changed(sources, corpus=(wrong,))
    with pytest.raises(CorpusError, match="can't be read"):
        changed(
            sources, public=(tmp_path / "travel_advisory_sents.jsonl", tmp_path / "disaster_response_news_neg.jsonl")
        )


# What is measured on what.


def test_the_sets_are_named_and_in_order(sources: Sources) -> None:
    sets = named_sets(gather(sources), sources.public)
    assert list(sets) == [
        "written test",
        "real test",
        "real test, random",
        "real test, words",
        NEWS,
        "travel_advisory_sents",
        "plover_plv",
    ]
    assert len(sets["real test"]) == len(sets["real test, random"]) + len(sets["real test, words"]) == 3
    assert {example.split for example in sets[NEWS]} == {"calibration"}
    assert list(named_sets(gather(sources), split="dev")) == [
        "written dev",
        "real dev",
        "real dev, random",
        "real dev, words",
        NEWS,
    ]


def test_what_trained_is_never_measured(sources: Sources) -> None:
    data = gather(sources)
    trained = {example.id for example in [*data.split("train"), *data.public]}
    for split in ("dev", "test"):
        measured = {example.id for rows in named_sets(data, sources.public, split).values() for example in rows}
        assert measured
        assert not measured & trained
    assert {example.id for path in sources.public for example in measuring_rows(path)} <= measured


def test_a_set_that_is_not_at_hand_is_left_out(sources: Sources) -> None:
    assert list(named_sets(changed(sources, pool=None))) == ["written test"]
    assert named_sets(Gathered((), (), ())) == {}


def test_model_and_baselines_are_measured_on_every_set(sources: Sources) -> None:
    sets = named_sets(gather(sources), sources.public)
    lines: list[str] = []
    model = BASELINES["regex"][0]()
    report = measure_all(model, dict.fromkeys(EVENTS, 0.5), sets, rounds=5, progress=lines.append)
    names = [(part.name, part.scorer) for part in report.sets]
    assert names == [(name, scorer) for name in sets for scorer in ("model", *BASELINES)]
    assert lines == [f"{name}: {len(rows)} sentences" for name, rows in sets.items()]
    for name in sets:
        mine, regex = report.of(name), report.of(name, "regex")
        assert mine is not None
        assert regex is not None
        assert repr(mine.labels) == repr(regex.labels), "the same scorer through the same door"
        assert regex.intervals == {}
    real = report.of("real test")
    assert real is not None
    assert set(real.intervals) == {"escalation"}
