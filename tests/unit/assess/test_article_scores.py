"""From the scores of sentences to the score of the article, in each country that it is about."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.article import Aggregation, article_score, positions_of
from models.labels import LABELS
from streams.assess.assess import assess, prepare
from tests.unit.assess.assessing import BOTH, CALM, LEBANON, MODEL, THRESHOLDS, UKRAINE, delivery, judged
from tests.unit.assess.places_support import gazetteer
from tests.unit.ingest.builders import article

LATER = "The airport stayed open on Monday. Buses ran as usual."
UKRAINE_AGAIN = "Families of diplomats must leave Ukraine by Friday, it said."
PREPARED = prepare(article(text=f"{UKRAINE} {UKRAINE_AGAIN}"), delivery(), most_sentences=9, stale_hours=72)
LEARNT = Aggregation(-1.5, {"best": 0.3, "headline": 0.3, "lead": 0.2, "further": 1.2})
NO_FURTHER = Aggregation(-1.5, {**LEARNT.weights, "further": 0.0})


def places_of(**record: object) -> list[tuple[str, str]]:
    prepared = prepare(article(**record), delivery(), most_sentences=200, stale_hours=72)
    fields = [sentence.field for sentence in prepared.sentences]
    return list(zip(fields, positions_of(fields), strict=True))


def test_headline_lead_and_body_are_told_apart() -> None:
    assert places_of(title="Embassy warns its citizens", text=f"{BOTH} {LATER}") == [
        ("title", "headline"),
        *[("body", "lead")] * 3,
        *[("body", "body")] * 2,
    ]
    assert places_of(text=UKRAINE) == [("body", "lead")]


def test_a_headline_alone_is_headline_and_lead() -> None:
    title = "Embassy warns its citizens to leave Ukraine now"
    assert places_of(title=title, text="") == [("title", "alone")]
    (found,) = judged(article(title=title, text=""), ["Ukraine"], aggregation={"evacuation": LEARNT}).assessments
    assert found.scores["evacuation"] == round(article_score([0.9, 0.9], ["headline", "lead"], NO_FURTHER), 3)


def test_a_summary_is_lead_as_a_whole_and_takes_nothing_from_the_body() -> None:
    places = places_of(
        title="Embassy warns its citizens", description=f"{CALM} {LATER}", text=" ".join([UKRAINE, LEBANON] * 3)
    )
    assert places == [
        ("title", "headline"),
        *[("summary", "lead")] * 3,
        *[("body", "lead")] * 3,
        *[("body", "body")] * 3,
    ]


def test_without_an_aggregation_an_article_is_its_best_sentence() -> None:
    made = article(title="Embassy warns its citizens", text=BOTH)
    for none in (None, {}, {"escalation": LEARNT}):
        found = judged(made, ["Ukraine", "Lebanon"], aggregation=none)
        assert found == judged(made, ["Ukraine", "Lebanon"])
        assert {item.scores["evacuation"] for item in found.assessments} == {0.9}


def test_an_aggregation_weighs_the_evidence_of_its_country_by_place() -> None:
    text = f"{CALM} {CALM} {UKRAINE} {LATER} {LEBANON} {UKRAINE_AGAIN}"
    found = judged(article(text=text), ["Ukraine", "Lebanon"], aggregation={"evacuation": LEARNT})
    scores = {item.country: item.scores["evacuation"] for item in found.assessments}
    assert scores == {
        "UA": round(article_score([0.9, 0.9], ["lead", "body"], LEARNT), 3),
        "LB": round(article_score([0.9], ["body"], LEARNT), 3),
    }
    assert scores["LB"] < scores["UA"]
    for item in found.assessments:
        assert item.thresholds == THRESHOLDS
        assert {piece.scores["evacuation"] for piece in item.evidence} == {0.9}


def test_each_event_has_its_own_rule_and_needs_evidence_of_its_own() -> None:
    scores = np.full((2, len(LABELS)), 0.4, dtype=np.float32)
    scores[0, LABELS.index("evacuation")] = 0.7
    rules = {"evacuation": LEARNT, "escalation": replace(LEARNT, bias=9.0)}

    def scores_of_article() -> dict[str, float]:
        found = assess(
            PREPARED, scores, delivery(), status="Actual", thresholds=THRESHOLDS, model=MODEL,
            gazetteer=gazetteer(), aggregation=rules,
        )  # fmt: skip
        (item,) = found.assessments
        return dict(item.scores)

    assert scores_of_article() == {"evacuation": round(article_score([0.7], ["lead"], LEARNT), 3)}
    scores[1, LABELS.index("escalation")] = 0.8
    # Now both sentences are evidence, each for its own event only.
    assert scores_of_article() == {
        "evacuation": round(article_score([0.7], ["lead"], LEARNT), 3),
        "escalation": round(article_score([0.8], ["lead"], rules["escalation"]), 3),
    }


def test_a_sentence_with_several_countries_counts_once_in_each() -> None:
    text = "Israel and Iran traded strikes overnight, and both told foreigners to leave at once."
    found = judged(article(text=text), None, aggregation={"evacuation": LEARNT})
    assert len(found.assessments) > 1
    for item in found.assessments:
        assert item.scores["evacuation"] == round(article_score([0.9], ["lead"], LEARNT), 3)


@given(st.lists(st.floats(0.5, 1), min_size=2, max_size=2), st.integers(0, 1), st.floats(0, 0.5))
def test_a_surer_sentence_never_lowers_the_article(values: list[float], at: int, more: float) -> None:
    def score(values: list[float]) -> float:
        scores = np.full((2, len(LABELS)), 0.01, dtype=np.float32)
        scores[:, LABELS.index("evacuation")] = values
        (item,) = assess(
            PREPARED, scores, delivery(), status="Actual", thresholds=THRESHOLDS, model=MODEL,
            gazetteer=gazetteer(), aggregation={"evacuation": LEARNT},
        ).assessments  # fmt: skip
        return item.scores["evacuation"]

    before = score(values)
    values[at] = min(1.0, values[at] + more)
    after = score(values)
    assert 0 <= before <= after <= 1
