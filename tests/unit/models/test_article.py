"""The score of an article: bounded, monotone, and the best sentence's where nothing was learnt."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.article import FEATURES, Aggregation, Position, article_score, features
from models.errors import WeightsCorruptError
from models.manifest import Manifest
from tests.unit.models.tiny import write_weights

PLACES: tuple[Position, ...] = ("headline", "lead", "body", "alone")
SCORE = st.floats(0, 1)
ARTICLE = st.lists(st.tuples(SCORE, st.sampled_from(PLACES)), min_size=1, max_size=15)
WEIGHT = st.floats(0, 1e4)
LEARNT = st.builds(
    lambda bias, weights: Aggregation(bias, dict(zip(FEATURES, weights, strict=True))),
    st.floats(-1e5, 1e5),
    st.tuples(*[WEIGHT] * len(FEATURES)),
)
GENTLE = st.builds(
    lambda bias, weights: Aggregation(bias, dict(zip(FEATURES, weights, strict=True))),
    st.floats(-2, 2),
    st.tuples(*[st.floats(0, 1)] * len(FEATURES)),
)
EVEN = Aggregation(-1.0, dict.fromkeys(FEATURES, 0.5))


def score_of(rows: list[tuple[float, Position]], aggregation: Aggregation | None) -> float:
    return article_score([score for score, _ in rows], [place for _, place in rows], aggregation)


@given(ARTICLE)
def test_without_an_aggregation_it_is_the_best_sentence(rows: list[tuple[float, Position]]) -> None:
    assert score_of(rows, None) == max(score for score, _ in rows)


@given(ARTICLE, LEARNT)
def test_any_aggregation_gives_a_score(rows: list[tuple[float, Position]], learnt: Aggregation) -> None:
    assert 0 <= score_of(rows, learnt) <= 1


@settings(max_examples=300)
@given(ARTICLE, GENTLE, st.data())
def test_a_score_never_falls_when_a_sentence_rises(
    rows: list[tuple[float, Position]], learnt: Aggregation, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    risen = data.draw(st.floats(rows[at][0], 1))
    higher = [*rows[:at], (risen, rows[at][1]), *rows[at + 1 :]]
    for aggregation in (learnt, None):
        assert score_of(higher, aggregation) >= score_of(rows, aggregation) - 1e-12
    before, after = (features([s for s, _ in some], [p for _, p in some]) for some in (rows, higher))
    assert (after >= before - 1e-12).all()


@given(ARTICLE, GENTLE, st.randoms())
def test_the_order_of_sentences_within_their_places_says_nothing(
    rows: list[tuple[float, Position]], learnt: Aggregation, random: object
) -> None:
    shuffled = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]  # hypothesis' own Random
    assert math.isclose(score_of(shuffled, learnt), score_of(rows, learnt), abs_tol=1e-9)


def test_features_by_hand() -> None:
    places: list[Position] = ["headline", "lead", "lead", "body", "body"]
    best, headline, lead, further = features([0.5, 0.4, 0.09, 0.9, 0.1], places)
    assert math.isclose(best, math.log(9))
    assert headline == 0.5
    assert lead == 0.4
    assert math.isclose(further, math.log(1 + 0.5 + 0.4 + 0.09 + 0.1)), "all but the best"


def test_a_place_that_is_not_there_is_as_one_that_says_nothing() -> None:
    absent = features([0.7], ["body"])
    present = features([0.7, 0.0, 0.0], ["body", "headline", "lead"])
    assert absent.tolist() == present.tolist()
    assert features([], []).tolist() == features([0.0], ["body"]).tolist()


def test_certainty_is_cut_and_stays_finite() -> None:
    assert np.isfinite(features([0.0, 1.0], ["headline", "body"])).all()
    assert features([1.0], ["body"])[0] == features([0.9999], ["body"])[0]


def test_news_told_twice_and_high_up_is_worth_more() -> None:
    deep = article_score([0.1, 0.1, 0.8], ["headline", "lead", "body"], EVEN)
    high = article_score([0.8, 0.1, 0.1], ["headline", "lead", "body"], EVEN)
    twice = article_score([0.8, 0.8, 0.1], ["headline", "lead", "body"], EVEN)
    assert deep < high < twice


def test_no_sentence_no_score() -> None:
    assert article_score([], [], None) == article_score([], [], EVEN) == 0.0


@pytest.mark.parametrize(
    ("bias", "weights", "fault"),
    [
        (0.0, {"best": 1.0}, "exactly best, headline, lead, further"),
        (0.0, dict.fromkeys((*FEATURES, "weather"), 1.0), "exactly"),
        (0.0, dict.fromkeys(FEATURES, -0.1), "below 0"),
        (0.0, dict.fromkeys(FEATURES, math.nan), "finite"),
        (0.0, dict.fromkeys(FEATURES, math.inf), "finite"),
        (math.nan, dict.fromkeys(FEATURES, 1.0), "finite"),
    ],
)
def test_an_aggregation_that_could_not_keep_its_word_is_refused(
    bias: float, weights: dict[str, float], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        Aggregation(bias, weights)


def test_a_manifest_keeps_its_aggregation(tmp_path: Path) -> None:
    manifest = Manifest.read(write_weights(tmp_path))
    assert manifest.aggregation == {}
    learnt = replace(manifest, aggregation={"evacuation": EVEN})
    learnt.write(tmp_path)
    assert Manifest.read(tmp_path) == learnt


def test_a_manifest_from_before_aggregations_is_read(tmp_path: Path) -> None:
    path = write_weights(tmp_path) / "manifest.json"
    old = json.loads(path.read_text())
    del old["aggregation"]
    path.write_text(json.dumps(old))
    assert Manifest.read(tmp_path).aggregation == {}


@pytest.mark.parametrize(
    "aggregation",
    [
        {"weather": {"bias": 0.0, "weights": dict.fromkeys(FEATURES, 1.0)}},
        {"evacuation": {"bias": 0.0, "weights": dict.fromkeys(FEATURES, -1.0)}},
        {"evacuation": {"bias": "0.0", "weights": dict.fromkeys(FEATURES, 1.0)}},
        {"evacuation": {"bias": math.nan, "weights": dict.fromkeys(FEATURES, 1.0)}},
        {"evacuation": {"weights": dict.fromkeys(FEATURES, 1.0)}},
        {"evacuation": 0.5},
        ["evacuation"],
    ],
)
def test_a_manifest_with_a_wrong_aggregation_is_refused(tmp_path: Path, aggregation: object) -> None:
    path = write_weights(tmp_path) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"aggregation": aggregation}))
    with pytest.raises(WeightsCorruptError, match="can't be understood"):
        Manifest.read(tmp_path)
