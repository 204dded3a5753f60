"""From scores to assessments: rounding, countries, outcomes, bounds, and the bytes between the stages."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.labels import LABELS
from streams.assess.assess import NOWHERE, Judged, assess, prepare, round_scores
from streams.assess.record import Assessment, AssessmentError, ModelRef, Tick, decode, encode
from streams.assess.staleness import age_seconds, is_stale
from streams.assess.work import Conclusion, Reader
from streams.ingest.article import Article, Moment, Precision
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery
from streams.settings import Settings
from tests.unit.alert.builders import assessment
from tests.unit.assess.places_support import gazetteer
from tests.unit.ingest.builders import article

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MODEL = ModelRef("tocsin-test", "1", "0" * 64)
THRESHOLDS = {"escalation": 0.5, "evacuation": 0.5}
UKRAINE = "American citizens must leave Ukraine now, the embassy in Kyiv warned."
LEBANON = "The embassy in Beirut told its citizens to leave Lebanon at once."
CALM = "The museum opened a new wing with paintings from the last century."
BOTH = f"{UKRAINE} {LEBANON} {CALM}"


def delivery(value: bytes | None = b"{}", headers: tuple[tuple[str, bytes], ...] = (), ms: int = NOW_MS) -> Delivery:
    return Delivery(TopicPartition("articles", 2), 17, ms, b"key", value, headers, 0, None)


def judged(made: Article, hot: Sequence[str] | None, *, score: float = 0.9, headers: Any = ()) -> Judged:
    """What `made` comes to if sentences that hold one of `hot` (None: all) score high for evacuation."""
    prepared = prepare(made, delivery(), most_sentences=200, stale_hours=72)
    scores = np.full((len(prepared.texts), len(LABELS)), 0.01, dtype=np.float32)
    for number, sentence in enumerate(prepared.sentences):
        if hot is None or any(word in sentence.text for word in hot):
            scores[number, LABELS.index("evacuation")] = score
    return assess(
        prepared,
        scores,
        delivery(headers=headers),
        status="Actual",
        thresholds=THRESHOLDS,
        model=MODEL,
        gazetteer=gazetteer(),
    )


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


# The record between the stages.

SCORE = st.floats(0, 1).map(lambda value: round(value, 3))


@given(SCORE, SCORE, st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.integers(0, 2**53))
def test_an_assessment_survives_its_bytes(one: float, two: float, text: str, time: int) -> None:
    made = assessment(text or "a", escalation=one, evacuation=two, time=time)
    assert decode(encode(made)) == made
    assert encode(made) == encode(made)


def test_a_tick_survives_its_bytes() -> None:
    tick = Tick("1", "tick", "articles", 3, NOW_MS)
    assert decode(encode(tick)) == tick


def mended(changes: dict[str, Any]) -> bytes:
    record = orjson.loads(encode(assessment()))
    record.update(changes)
    return orjson.dumps(record)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "gossip"}, "gossip"),
        ({"schema_version": "2"}, "schema_version"),
        ({"country": "Ukraine"}, "country"),
        ({"country": "ua"}, "country"),
        ({"status": "Draft"}, "status"),
        ({"simhash": "xyz"}, "simhash"),
        ({"scores": {"evacuation": 1.5}}, "scores.evacuation"),
        ({"scores": {"weather": 0.5}}, "scores.weather"),
        ({"kafka_timestamp_ms": "soon"}, "kafka_timestamp_ms"),
        ({"evidence": [{"field": "footer"}]}, "evidence.0.field"),
        ({"article": None}, "article"),
        ({"input": {"topic": "a", "partition": "x", "offset": 1}}, "input.partition"),
        ({"retracted": "perhaps"}, "retracted"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(AssessmentError) as caught:
        decode(mended(changes))
    assert field in str(caught.value)


@pytest.mark.parametrize("value", [None, b"", b"null", b"[]", b"\xff", b"{", b"{}", b'{"kind": 1}', b'"tick"'])
def test_what_is_no_record_is_undecodable(value: bytes | None) -> None:
    with pytest.raises(AssessmentError):
        decode(value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(AssessmentError, match="time"):
        decode(b'{"schema_version": "1", "kind": "tick", "topic": "a", "partition": 0}')


@pytest.mark.parametrize("broken", ["no thresholds", "no labels"])
def test_what_stage_two_could_not_judge_is_undecodable(broken: str) -> None:
    record = orjson.loads(encode(assessment()))
    if broken == "no thresholds":
        record["thresholds"] = {}
    else:
        record["evidence"][0]["scores"] = {}
    with pytest.raises(AssessmentError):
        decode(orjson.dumps(record))


# A record's way, with a classifier that knows one word.


class Fake:
    """Scores "leave" high for evacuation; a token is a word."""

    labels = LABELS
    manifest = SimpleNamespace(
        name="fake",
        version="9",
        sha256="f" * 64,
        thresholds={name: SimpleNamespace(default=0.5) for name in ("escalation", "evacuation")},
    )

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def token_lengths(self, texts: Sequence[str], _contexts: Sequence[Any]) -> list[int]:
        return [len(text.split()) for text in texts]

    def scores(self, texts: Sequence[str], contexts: Sequence[Any]) -> Any:
        assert len(texts) == len(contexts)
        self.calls.append(list(texts))
        found = np.full((len(texts), len(LABELS)), 0.01, dtype=np.float32)
        found[["leave" in text for text in texts], LABELS.index("evacuation")] = 0.91234
        return found


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def reader(fake: Fake) -> Reader:
    return Reader(Settings(), fake, gazetteer())  # type: ignore[arg-type]  # all that a Reader asks of a classifier


def concluded(reader: Reader, *values: bytes, headers: Any = ()) -> list[Conclusion]:
    works = [reader.read(delivery(value, headers)) for value in values]
    return [reader.conclude(work, scores) for work, scores in zip(works, reader.score(works), strict=True)]


def value_of(**record: object) -> bytes:
    return json.dumps(record).encode()


def test_a_record_becomes_assessments_keyed_by_country(reader: Reader, fake: Fake) -> None:
    (conclusion,) = concluded(reader, value_of(title="Embassy warns", text=BOTH))
    assert conclusion.outcomes == ("assessed",)
    records = conclusion.outgoing("assessments")
    assert [record.key for record in records] == [b"LB", b"UA"]
    for record, made in zip(records, conclusion.assessments, strict=True):
        assert record.topic == "assessments"
        assert decode(record.value) == made
        assert record.headers["tocsin-kind"] == b"assessment"
        assert made.model == ModelRef("fake", "9", "f" * 64)
        assert made.scores == {"evacuation": 0.912}
    assert conclusion.work.lengths == tuple(len(text.split()) for text in fake.calls[0])


def test_a_batch_is_one_pass_and_every_record_gets_its_own_scores(reader: Reader, fake: Fake) -> None:
    calm = value_of(title="A day at the museum", text=CALM)
    conclusions = concluded(reader, calm, value_of(text=LEBANON), b"\xff", calm, value_of(text=UKRAINE))
    assert len(fake.calls) == 1
    outcomes = [conclusion.outcomes for conclusion in conclusions]
    assert outcomes == [("no_evidence",), ("assessed",), ("rejected",), ("no_evidence",), ("assessed",)]
    countries = [[made.country for made in conclusion.assessments] for conclusion in conclusions]
    assert countries == [[], ["LB"], [], [], ["UA"]]


def test_a_page_with_a_bad_article_gives_both(reader: Reader) -> None:
    page = {"status": "ok", "totalResults": 2, "articles": [{"title": UKRAINE, "content": UKRAINE}, {"title": ""}]}
    (conclusion,) = concluded(reader, json.dumps(page).encode())
    assert conclusion.outcomes == ("assessed", "rejected")
    *assessments, letter = conclusion.outgoing("assessments")
    assert [record.key for record in assessments] == [b"UA"]
    assert letter.topic == "articles.dlq"
    assert letter.headers["dlq.reason"] == b"no_text"
    assert orjson.loads(conclusion.audit("audit").value or b"")["outcome"] == "assessed"


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b"\xff\xfe", b'{"articles": []}', b"[" * 5_000])
def test_a_record_without_an_article_has_an_outcome_and_a_dead_letter(reader: Reader, value: bytes | None) -> None:
    work = reader.read(delivery(value))
    conclusion = reader.conclude(work, reader.score([work])[0])
    assert conclusion.outcomes == ("rejected",)
    (letter,) = conclusion.outgoing("assessments")
    assert letter.value == value
    assert orjson.loads(conclusion.audit("audit").value or b"") == {
        "topic": "articles",
        "partition": 2,
        "offset": 17,
        "outcome": "rejected",
    }


def test_the_status_comes_from_its_header_and_no_other_word_passes(reader: Reader) -> None:
    value = value_of(text=UKRAINE)
    (exercise,) = concluded(reader, value, headers=(("tocsin-status", b"Exercise"),))
    assert [made.status for made in exercise.assessments] == ["Exercise"]
    (wrong,) = concluded(reader, value, headers=(("tocsin-status", b"exercise"),))
    assert wrong.assessments == ()
    assert wrong.rejected[0].reason == "bad_status"


def test_giving_up_is_a_dead_letter_with_the_reason(reader: Reader) -> None:
    work = reader.read(delivery(value_of(text=UKRAINE)))
    conclusion = reader.give_up(work, "model_failure", "the classifier failed")
    (letter,) = conclusion.outgoing("assessments")
    assert conclusion.outcomes == ("error",)
    assert letter.headers["dlq.reason"] == b"model_failure"
    assert letter.value == value_of(text=UKRAINE)


def test_the_same_record_gives_the_same_bytes(reader: Reader) -> None:
    once, twice = concluded(reader, value_of(text=BOTH), value_of(text=BOTH))
    assert once.outgoing("a") == twice.outgoing("a")


def test_warming_takes_an_article_all_the_way(reader: Reader, fake: Fake) -> None:
    reader.warm()
    assert any("leave" in text for text in [text for call in fake.calls for text in call])


def test_a_timestamp_beyond_the_calendar_is_no_reason_to_raise(reader: Reader) -> None:
    reader.read(delivery(value_of(text=UKRAINE), ms=NOW_MS * 1_000))


def test_an_assessment_is_what_decode_gives(reader: Reader) -> None:
    (conclusion,) = concluded(reader, value_of(text=UKRAINE))
    assert isinstance(decode(conclusion.outgoing("a")[0].value), Assessment)
