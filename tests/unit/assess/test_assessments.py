"""From scores to assessments, and how old an article is."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.labels import LABELS
from streams.assess.assess import NOWHERE, assess, prepare
from streams.assess.settle import round_scores
from streams.assess.staleness import age_seconds, is_stale
from streams.ingest.article import Moment, Precision
from tests.unit.assess.assessing import BOTH, CALM, MODEL, NOW, NOW_MS, THRESHOLDS, UKRAINE, delivery, judged
from tests.unit.assess.places_support import gazetteer
from tests.unit.ingest.builders import article


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
def test_scores_have_three_decimals(values: list[float]) -> None:
    rounded = round_scores(np.array([values], dtype=np.float32))
    assert rounded.dtype == np.float64
    for before, after in zip(values, rounded[0], strict=True):
        assert float(after) == round(float(after), 3)
        assert abs(before - after) <= 0.0005 + 1e-9


def test_the_last_bits_decide_nothing() -> None:
    assert judged(article(text=UKRAINE), None, score=0.4999).outcome == "assessed"
    assert judged(article(text=UKRAINE), None, score=0.4996).outcome == "assessed"
    assert judged(article(text=UKRAINE), None, score=0.4994).outcome == "no_evidence"


def test_one_assessment_for_each_country() -> None:
    found = judged(article(text=BOTH), ["Ukraine", "Lebanon"])
    assert found.outcome == "assessed"
    assert [item.country for item in found.assessments] == ["LB", "UA"]
    for item, place in zip(found.assessments, ["Lebanon", "Ukraine"], strict=True):
        assert len(item.evidence) == 1
        assert place in item.evidence[0].quote
        assert {area.country for area in item.areas} == {item.country}
        assert item.scores == {"evacuation": 0.9}
        assert item.thresholds == THRESHOLDS
        assert (item.input.topic, item.input.partition, item.input.offset) == ("articles", 2, 17)
        assert item.kafka_timestamp_ms == NOW_MS


def test_an_event_below_its_threshold_has_no_score_but_keeps_its_evidence() -> None:
    (item,) = judged(article(text=UKRAINE), None).assessments
    assert "escalation" not in item.scores
    assert set(item.evidence[0].scores) == set(LABELS)


def test_nowhere_is_xx() -> None:
    text = "All citizens must leave the country now, the ministry said on Monday evening."
    (item,) = judged(article(text=text), None).assessments
    assert item.country == NOWHERE == "XX"
    assert item.areas == ()


def test_the_trace_is_passed_on() -> None:
    (item,) = judged(article(text=UKRAINE), None, headers=(("traceparent", b"00-aa-bb-01"),)).assessments
    assert item.traceparent == "00-aa-bb-01"


def test_outcomes() -> None:
    assert judged(article(text=CALM), []).outcome == "no_evidence"
    assert judged(article(title="Short one"), []).outcome == "too_short"
    assert judged(article(text=UKRAINE, date="2026-11-01T00:00:00Z"), None).outcome == "stale"
    french = "Le ministre a déclaré que les citoyens français doivent quitter le pays dans les plus brefs délais."
    assert judged(article(text=french), None).outcome == "unsupported_language"
    for outcome in (
        judged(article(text=CALM), []),
        judged(article(text=french), None),
        judged(article(text=UKRAINE, date="2026-11-01T00:00:00Z"), None),
    ):
        assert outcome.assessments == ()


def test_a_short_text_with_evidence_is_assessed() -> None:
    assert judged(article(title="Leave Ukraine now"), None).outcome == "assessed"


def test_where_there_is_nothing_to_ask_nothing_is_asked() -> None:
    stale = article(text=UKRAINE, date="2026-11-01T00:00:00Z")
    prepared = prepare(stale, delivery(), most_sentences=200, stale_hours=72)
    assert (prepared.texts, prepared.sentences, prepared.contexts, prepared.outcome) == ((), (), (), "stale")


def test_sentences_beyond_the_limit_are_counted_and_not_scored() -> None:
    made = article(text=" ".join(f"Citizens must leave town number {n} today." for n in range(30)))
    prepared = prepare(made, delivery(), most_sentences=12, stale_hours=72)
    assert len(prepared.texts) == len(prepared.sentences) == len(prepared.contexts) == 12
    assert prepared.cut == 18


def test_the_context_is_headline_and_sentence_before() -> None:
    prepared = prepare(
        article(title="Embassy warns its citizens", text=BOTH), delivery(), most_sentences=9, stale_hours=72
    )
    title, first, second, _ = prepared.texts
    assert prepared.sentences[0].field == "title"
    assert prepared.contexts[0] == (None, None)
    assert prepared.contexts[1] == (title, None), "the headline is no sentence before the body"
    assert prepared.contexts[2] == (title, first)
    assert prepared.contexts[3] == (title, second)


def test_evidence_is_the_best_twenty_in_the_order_of_the_text() -> None:
    made = article(text=" ".join(f"Citizens must leave Ukraine by day {n} of the month." for n in range(40)))
    prepared = prepare(made, delivery(), most_sentences=200, stale_hours=72)
    count = len(prepared.texts)
    assert count == 40
    scores = np.full((count, len(LABELS)), 0.01, dtype=np.float32)
    scores[:, LABELS.index("evacuation")] = [0.6 + 0.005 * ((n * 7) % count) for n in range(count)]
    found = assess(
        prepared,
        scores,
        delivery(),
        status="Test",
        thresholds=THRESHOLDS,
        model=MODEL,
        gazetteer=gazetteer(),
    )
    (item,) = found.assessments
    kept = [piece.scores["evacuation"] for piece in item.evidence]
    best = sorted(round_scores(scores)[:, LABELS.index("evacuation")], reverse=True)[:20]
    assert sorted(kept, reverse=True) == best
    assert [piece.start for piece in item.evidence] == sorted(piece.start for piece in item.evidence)
    assert item.scores["evacuation"] == best[0]
    assert item.status == "Test"


def test_quotes_are_cut_and_their_ends_say_so() -> None:
    text = f"{UKRAINE} Citizens must leave Ukraine {'and go on to the next border ' * 20}today. Go 😀 from Ukraine."
    made = article(text=text)
    assert made.body is not None
    (item,) = judged(made, None).assessments
    assert max(len(piece.quote) for piece in item.evidence) == 300
    for piece in item.evidence:
        assert piece.field == "body"
        assert piece.end - piece.start == len(piece.quote) <= 300
        assert made.body[piece.start : piece.end] == piece.quote


# Dates.


def dated(
    published: datetime | None = None,
    *,
    precision: Precision = "second",
    zone: bool = True,
    updated: datetime | None = None,
) -> Any:
    """What staleness looks at: an article's two dates."""
    return SimpleNamespace(
        published=Moment(published, precision, zone) if published else None,
        updated=Moment(updated, "second", True) if updated else None,
    )


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("precision", "zone", "slack"),
    [
        ("second", True, timedelta(0)),
        ("minute", True, timedelta(minutes=1)),
        ("hour", True, HOUR),
        ("day", True, 24 * HOUR),
        ("second", False, 14 * HOUR),
        ("day", False, 38 * HOUR),
    ],
)
def test_stale_begins_when_every_meaning_of_the_date_is_too_old(
    precision: Precision, zone: bool, slack: timedelta
) -> None:
    edge = NOW - 72 * HOUR - slack
    second = timedelta(seconds=1)
    assert not is_stale(dated(edge, precision=precision, zone=zone), NOW, 72)
    assert is_stale(dated(edge - second, precision=precision, zone=zone), NOW, 72)


def test_an_update_keeps_a_live_page_fresh_and_an_undated_one_is_never_stale() -> None:
    assert not is_stale(dated(NOW - 900 * HOUR, updated=NOW - HOUR), NOW, 72)
    assert is_stale(dated(NOW - 900 * HOUR, updated=NOW - 800 * HOUR), NOW, 72)
    assert not is_stale(dated(), NOW, 72)
    assert not is_stale(dated(updated=NOW - 900 * HOUR), NOW, 72)


def test_age_is_never_negative() -> None:
    assert age_seconds(dated(NOW - HOUR), NOW) == 3_600
    assert age_seconds(dated(NOW + HOUR), NOW) == 0
    assert age_seconds(dated(), NOW) is None
