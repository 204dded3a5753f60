"""The record between the stages, and a record's way through stage 1."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.article import Aggregation, article_score
from models.labels import LABELS
from streams.assess.record import Assessment, AssessmentError, ModelRef, Revision, Tick, decode, encode
from streams.assess.work import Conclusion, Reader
from streams.settings import Settings
from tests.unit.alert.builders import assessment
from tests.unit.assess.assessing import BOTH, CALM, LEBANON, NOW_MS, UKRAINE, delivery
from tests.unit.assess.places_support import gazetteer

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
        aggregation={},
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
    records = conclusion.outgoing("assessments", 2)
    assert [record.key for record in records] == [b"LB", b"UA"]
    for record, made in zip(records, conclusion.assessments, strict=True):
        assert record.topic == "assessments"
        assert decode(record.value) == made
        assert record.headers["tocsin-kind"] == b"assessment"
        assert made.model == ModelRef("fake", "9", "f" * 64)
        assert made.scores == {"evacuation": 0.912}
    assert conclusion.work.lengths == tuple(len(text.split()) for text in fake.calls[0])


def test_the_aggregation_of_the_manifest_scores_the_article(fake: Fake) -> None:
    learnt = Aggregation(-1.0, {"best": 0.1, "headline": 0.4, "lead": 0.2, "further": 1.0})
    fake.manifest = SimpleNamespace(**vars(Fake.manifest) | {"aggregation": {"evacuation": learnt}})
    reader = Reader(Settings(), fake, gazetteer())  # type: ignore[arg-type]  # all that a Reader asks of a classifier
    (conclusion,) = concluded(reader, value_of(title="Embassy warns", text=BOTH))
    assert [made.country for made in conclusion.assessments] == ["LB", "UA"]
    for made in conclusion.assessments:
        assert made.scores == {"evacuation": round(article_score([0.912], ["lead"], learnt), 3)}
        assert made.evidence[0].scores["evacuation"] == 0.912, "a sentence keeps its own score"


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
    *assessments, letter = conclusion.outgoing("assessments", 2)
    assert [record.key for record in assessments] == [b"UA"]
    assert letter.topic == "articles.dlq"
    assert letter.headers["dlq.reason"] == b"no_text"
    assert orjson.loads(conclusion.audit("audit").value or b"")["outcome"] == "assessed"


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b"\xff\xfe", b'{"articles": []}', b"[" * 5_000])
def test_a_record_without_an_article_has_an_outcome_and_a_dead_letter(reader: Reader, value: bytes | None) -> None:
    work = reader.read(delivery(value))
    conclusion = reader.conclude(work, reader.score([work])[0])
    assert conclusion.outcomes == ("rejected",)
    (letter,) = conclusion.outgoing("assessments", 2)
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
    (letter,) = conclusion.outgoing("assessments", 2)
    assert conclusion.outcomes == ("error",)
    assert letter.headers["dlq.reason"] == b"model_failure"
    assert letter.value == value_of(text=UKRAINE)


def test_the_same_record_gives_the_same_bytes(reader: Reader) -> None:
    once, twice = concluded(reader, value_of(text=BOTH), value_of(text=BOTH))
    assert once.outgoing("a", 2) == twice.outgoing("a", 2)


def test_warming_takes_an_article_all_the_way(reader: Reader, fake: Fake) -> None:
    reader.warm()
    assert any("leave" in text for text in [text for call in fake.calls for text in call])


def test_a_timestamp_beyond_the_calendar_is_no_reason_to_raise(reader: Reader) -> None:
    reader.read(delivery(value_of(text=UKRAINE), ms=NOW_MS * 1_000))


def test_an_assessment_is_what_decode_gives(reader: Reader) -> None:
    (conclusion,) = concluded(reader, value_of(text=UKRAINE))
    assert isinstance(decode(conclusion.outgoing("a", 2)[0].value), Assessment)


def test_a_retraction_without_any_text_is_told_to_every_partition(reader: Reader) -> None:
    value = json.dumps({"url": "https://a.example/1", "status": "canceled"}).encode()
    work = reader.read(delivery(value))
    conclusion = reader.conclude(work, reader.score([work])[0])
    assert (conclusion.outcomes, conclusion.rejected) == (("too_short",), ())
    records = conclusion.outgoing("assessments", 3)
    assert [record.partition for record in records] == [0, 1, 2]
    told = decode(records[0].value)
    assert isinstance(told, Revision)
    assert told.retracted
    assert told.article_id == work.prepared[0].article.id


def test_an_old_article_that_is_retracted_now_is_told_of(reader: Reader) -> None:
    value = {"title": "Leave now", "url": "https://a.example/1", "status": "canceled", "date": "2026-11-01T00:00:00Z"}
    work = reader.read(delivery(json.dumps(value).encode()))
    conclusion = reader.conclude(work, reader.score([work])[0])
    assert conclusion.outcomes == ("stale",)
    assert len(conclusion.revisions) == 1
