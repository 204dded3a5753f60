"""Labels of real news: the text that their reader saw or none, and no training on what may only be measured."""

import gzip
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.labels import LABELS
from models.training.data import MAX_FAULTS, CorpusError, answers_of
from models.training.pool import (
    MEASURE_ONLY,
    POOL_SPLITS,
    PoolArticle,
    join,
    read_labels,
    read_pool,
    read_splits,
)
from tests.unit.models.pooled import BODY, FILES, FIRST, SECOND, THIRD, TITLE, WIRE, label, raw, write_lines, write_pool

POOL = {"wire-1": WIRE, "wire-2": replace(WIRE, id="wire-2")}
NEWS = PoolArticle("news", TITLE, BODY, "AG News test", "2004-2005")


def test_a_label_becomes_an_example_with_its_text_and_context() -> None:
    row = label(SECOND, FIRST, evacuation=1, signals=["leave_now"], part="words", split="calibration", mass=2.5)
    (example,) = join([row], POOL)
    assert example.text == SECOND
    assert example.context == (TITLE, FIRST)
    answers = {name: example.target(name) for name in LABELS}
    assert answers == dict.fromkeys(LABELS, 0.0) | {"evacuation": 1.0, "leave_now": 1.0}
    assert (example.group, example.split, example.trap, example.register) == (
        "wire-1",
        "calibration",
        "words",
        "pool",
    )
    assert (example.source, example.decade, example.mass) == ("Wire feeds", "1980s", 2.5)


def test_a_headline_is_no_context_of_itself_and_mass_is_one_unless_said() -> None:
    (example,) = join([label(TITLE)], POOL)
    assert example.text == TITLE
    assert example.context == (None, None)
    assert example.mass == 1.0


def test_ids_tell_sentences_apart() -> None:
    rows = [label(TITLE), label(FIRST), label(SECOND), label(FIRST, of=POOL["wire-2"])]
    assert len({example.id for example in join(rows, POOL)}) == 4


def test_text_and_context_are_cleaned_after_their_proof() -> None:
    (example,) = join([label(SECOND, FIRST)], POOL, clean=str.upper)
    assert example.text == SECOND.upper()
    assert example.context == (TITLE.upper(), FIRST.upper())
    (example,) = join([label(SECOND, FIRST)], POOL, clean=lambda text: text if text == SECOND else "")
    assert example.context == (None, None), "what cleaning leaves empty is no context"


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60), st.data())
def test_only_the_very_text_is_joined(body: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(body) - 1))
    end = data.draw(st.integers(start + 1, len(body)))
    row = label("", of=replace(WIRE, body=body)) | {
        "field": "body",
        "start": start,
        "end": end,
        "sha1": hashlib.sha1(body[start:end].encode()).hexdigest(),
    }
    (example,) = join([row], {"wire-1": replace(WIRE, body=body)})
    assert example.text == body[start:end]
    at = data.draw(st.integers(start, end - 1))
    other = body[:at] + ("x" if body[at] != "x" else "y") + body[at + 1 :]
    with pytest.raises(CorpusError, match="another text"):
        join([row], {"wire-1": replace(WIRE, body=other)})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"article": "wire-9"}, "no such article"),
        ({"article": ["wire-1"]}, "unhashable"),
        ({"split": "validation"}, "split must be one of train, dev, test, calibration"),
        ({"field": "summary"}, "field must be title or body"),
        ({"field": "title"}, "another text"),
        ({"start": 1}, "another text"),
        ({"start": "0"}, "wire-1, body 0: "),
        ({"sha1": "0" * 40}, "another text"),
        ({"escalation": 2}, "escalation must be 0, 1 or null"),
        ({"escalation": 1}, "no signal says why"),
        ({"signals": ["leave_now"]}, "leave_now where evacuation is not 1"),
        ({"mass": "many"}, "could not convert"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(CorpusError, match=rf"don't fit the pool: .*{fault}"):
        join([label(FIRST, **change)], POOL)


@pytest.mark.parametrize(
    "missing", ["article", "field", "start", "end", "sha1", "signals", "evacuation", "part", "split"]
)
def test_a_label_without_a_field_is_refused(missing: str) -> None:
    row = label(FIRST)
    del row[missing]
    with pytest.raises(CorpusError, match=f"'{missing}'"):
        join([row], POOL)


@pytest.mark.parametrize("source", [*MEASURE_ONLY, "AG News test", "NYT obituaries of 1987"])
def test_what_is_for_measuring_only_never_trains(source: str) -> None:
    pool = {"news": replace(NEWS, source=source)}
    for split in POOL_SPLITS:
        row = label(FIRST, of=NEWS, split=split)
        if split in ("train", "dev"):
            with pytest.raises(CorpusError, match="measuring only"):
                join([row], pool)
        else:
            assert len(join([row], pool)) == 1


def test_an_article_is_in_one_split() -> None:
    with pytest.raises(CorpusError, match="article wire-1 is in train and in test"):
        join([label(FIRST), label(SECOND, split="test")], POOL)
    assert len(join([label(FIRST), label(FIRST, of=POOL["wire-2"], split="test")], POOL)) == 2


def test_all_faults_are_told_at_once_up_to_a_bound() -> None:
    rows = [label(FIRST, of=NEWS), label(THIRD, sha1="0"), label(SECOND), label(TITLE, split="x")]
    with pytest.raises(CorpusError) as caught:
        join(rows, POOL | {"news": NEWS})
    for fault in ("news, body 0: AG News test is for measuring only", "another text", "split must be"):
        assert fault in str(caught.value)
    assert SECOND not in str(caught.value)
    with pytest.raises(CorpusError, match=r"\(and 7 more\)") as caught:
        join([label(FIRST, sha1="0")] * (MAX_FAULTS + 7), POOL)
    assert str(caught.value).count("another text") == MAX_FAULTS


def test_a_pool_is_read_from_both_of_its_files(tmp_path: Path) -> None:
    folder = write_pool(tmp_path, [raw("a"), raw("b", title=None, body=None)], [raw("c")])
    pool = read_pool(folder)
    assert list(pool) == ["a", "b", "c"]
    assert pool["a"] == PoolArticle("a", TITLE, BODY, "Wire feeds", "1987")
    assert (pool["b"].title, pool["b"].body) == ("", "")


@pytest.mark.parametrize(
    ("dates", "year", "decade"),
    [
        ({"published": "1987-03-01"}, "1987", "1980s"),
        ({"published": None, "year": "2004-2005"}, "2004-2005", "2000s"),
        ({"published": None, "year": 2022}, "2022", "2020s"),
        ({"published": "", "year": None}, "", ""),
        ({"published": None, "year": "unknown"}, "unknown", ""),
    ],
)
def test_an_article_has_the_decade_of_its_date(
    tmp_path: Path, dates: dict[str, object], year: str, decade: str
) -> None:
    article = read_pool(write_pool(tmp_path, [raw("a", **dates)]))["a"]
    assert (article.year, article.decade) == (year, decade)


@pytest.mark.parametrize("row", [{"title": "No id", "source": "x"}, {"id": "no-source"}, 7, [1], None, "text"])
def test_a_pool_with_a_row_of_another_shape_is_refused(tmp_path: Path, row: object) -> None:
    with pytest.raises(CorpusError, match=r"evacuation_words_en\.jsonl\.gz can't be read"):
        read_pool(write_pool(tmp_path, [raw("a")], [row]))


def test_what_is_no_pool_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"is --pool a pool folder\?"):
        read_pool(tmp_path / "none")
    write_pool(tmp_path, [raw("a")])
    (tmp_path / FILES[1]).unlink()
    with pytest.raises(CorpusError, match=FILES[1]):
        read_pool(tmp_path)


def test_what_is_no_gzip_is_refused(tmp_path: Path) -> None:
    path = write_pool(tmp_path, [raw("a")]) / FILES[0]
    whole = path.read_bytes()
    middle = len(whole) // 2
    damaged = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 8]) + whole[middle + 8 :]
    for wrong in (json.dumps(raw("a")).encode(), whole[:-20], damaged, gzip.compress(b"{"), gzip.compress(b"\xff\n")):
        path.write_bytes(wrong)
        with pytest.raises(CorpusError, match="can't be read as gzipped JSON Lines"):
            read_pool(tmp_path)


def test_label_files_are_read_in_the_order_given(tmp_path: Path) -> None:
    paths = [write_lines(tmp_path / f"{name}.jsonl", [{"article": name}]) for name in ("z", "a")]
    assert [row["article"] for row in read_labels(paths)] == ["z", "a"]
    with pytest.raises(CorpusError, match="can't be read"):
        read_labels([tmp_path / "none.jsonl"])


def test_every_article_of_the_pool_has_a_split(tmp_path: Path) -> None:
    (tmp_path / "splits.tsv").write_text("wire-1\ttrain\nwire-2\tcalibration\n")
    assert read_splits(tmp_path) == {"wire-1": "train", "wire-2": "calibration"}
    for wrong, fault in (("wire-1\tdev\nwire-2\n", "can't be read"), ("wire-1\tholdout\n", "splits: holdout")):
        (tmp_path / "splits.tsv").write_text(wrong)
        with pytest.raises(CorpusError, match=fault):
            read_splits(tmp_path)
    with pytest.raises(CorpusError, match="can't be read"):
        read_splits(tmp_path / "none")


def test_the_packaged_labels_obey_their_rules() -> None:
    rows = read_labels()
    assert len(rows) > 20_000
    split_of = read_splits()
    for row in rows:
        assert row["split"] in POOL_SPLITS
        assert split_of[row["article"]] == row["split"]
        assert row["field"] in ("title", "body")
        assert 0 <= row["start"] < row["end"]
        assert re.fullmatch("[0-9a-f]{40}", row["sha1"])
        assert row["before"] is None or row["before"][0] < row["before"][1] <= row["start"]
        assert len(answers_of(row)) == len(LABELS)
        assert not {"text", "title", "body"} & set(row), "publishers' text stays where it lies"
    assert max(Counter((row["article"], row["field"], row["start"]) for row in rows).values()) == 1
    for split in ("train", "dev", "test"):
        assert {0, 1} <= {row["evacuation"] for row in rows if row["split"] == split}
        assert {0, 1} <= {row["escalation"] for row in rows if row["split"] == split}
