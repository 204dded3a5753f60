"""The JSON Schemas: valid themselves, true of our records, and a promise about the input."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.alert.record import encode
from streams.bots.asyncapi import alert_schema
from streams.cli.preferred import article_schema
from streams.ingest.article import Limits
from streams.ingest.decode import decode
from tests.unit.cli.support import command, make_alert

ARTICLE = Draft202012Validator(article_schema())
NOW = datetime(2026, 11, 24, tzinfo=UTC)

TEXTS = st.text(max_size=60) | st.sampled_from(
    [
        "None",
        "nan",
        "n/a ",
        "x<b></b>",
        "Advertisement",
        "a [+12 chars]",
        "0",
        "null\n",
        "A" * 1_001,
        "é",
        "&nbsp;",
        "<p>",
    ]
)
RECORDS = st.fixed_dictionaries(
    {"title": TEXTS | st.text(max_size=60).map("A{}".format)},
    optional={
        "text": TEXTS | st.none(),
        "summary": TEXTS | st.none(),
        "url": TEXTS | st.none(),
        "published_at": TEXTS | st.just("2026-11-20T18:02:11+00:00"),
        "updated_at": TEXTS,
        "crawled_at": TEXTS,
        "language": st.text(max_size=35),
        "publisher": TEXTS,
        "authors": st.lists(TEXTS, max_size=3),
        "tags": st.lists(TEXTS, max_size=3),
        "image_url": TEXTS,
    },
)


@pytest.mark.parametrize("contract", ["article", "alert", "feedback"])
def test_all_are_printed_and_are_schemas(contract: str) -> None:
    done = command("schema", contract)
    assert done.code == 0
    found = json.loads(done.out)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(found)


def test_an_alert_is_valid_and_a_maimed_one_is_not() -> None:
    validator = Draft202012Validator(alert_schema())
    record = json.loads(encode(make_alert()))
    validator.validate(record)
    for name, wrong in {"severity": "Bad", "country": "chad", "scores": {"evacuation": 2}, "sent": "now"}.items():
        assert not validator.is_valid({**record, name: wrong}), name
    del record["evidence"]
    assert not validator.is_valid(record)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"title": None},
        {"title": None, "text": None},
        {"title": "None"},
        {"title": "null "},
        {"text": "A story without a title"},
        {"title": "<b></b>"},
        {"title": "\u200b"},
        {"title": "A story", "unknown": 1},
        {"title": "A story", "authors": "me"},
        {"title": "A" * 1_001},
        [],
        "A story",
    ],
)
def test_what_is_not_preferred_is_not_valid(record: Any) -> None:
    assert not ARTICLE.is_valid(record)


@pytest.mark.parametrize(
    "record",
    [
        {"title": "A story"},
        {"title": "使馆要求公民立即离开"},
        {"title": "A story", "text": None, "summary": None, "authors": [], "tags": ["a"]},
        {"title": "Noneties of the world", "published_at": "2026-11-20T18:02:11+00:00"},
    ],
)
def test_preferred_records_are_valid(record: dict[str, Any]) -> None:
    ARTICLE.validate(record)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(RECORDS)
@example({"title": "Advertisement"})
@example({"text": "Advertisement\nAdvertisement", "title": "Advertisement"})
@example({"title": "Nil", "text": "nil"})
@example({"title": "a", "text": "a" * 60_000})
def test_a_valid_record_is_never_a_dead_letter(record: dict[str, Any]) -> None:
    if not ARTICLE.is_valid(record):
        return
    value = json.dumps(record).encode()
    decoded = decode(value, received=NOW, limits=Limits())
    assert decoded.rejected == ()
    assert len(decoded.articles) == 1


def test_the_longest_valid_record_fits() -> None:
    # Outside the Basic Multilingual Plane a code point is twelve bytes of JSON.
    wide = "\U0001d4d0"
    record = {
        "title": "A" + wide * 999,
        "text": "A" + wide * 59_999,
        "summary": wide * 5_000,
        "url": wide * 2_048,
        "published_at": wide * 64,
        "updated_at": wide * 64,
        "crawled_at": wide * 64,
        "language": wide * 35,
        "publisher": wide * 300,
        "authors": [wide * 200] * 20,
        "tags": [wide * 100] * 30,
        "image_url": wide * 2_048,
    }
    ARTICLE.validate(record)
    value = json.dumps(record).encode()
    assert len(value) <= Limits().record_bytes
    assert decode(value, received=NOW, limits=Limits()).rejected == ()


def test_the_schema_is_the_same_every_time() -> None:
    assert orjson.dumps(article_schema()) == orjson.dumps(article_schema())
