"""Which articles are told of as revised, and what is left of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from streams.assess.record import Revision, decode, encode
from streams.assess.revise import revision
from streams.ingest.article import Article
from tests.unit.alert.builders import assessment
from tests.unit.assess.assessing import NOW_MS, delivery
from tests.unit.ingest.builders import article as made_of


def article(**fields: Any) -> Article:
    record = {"title": "Leave now", "text": "Citizens must leave the country now.", "url": "https://a.example/1"}
    return made_of(**(record | fields))


def of(made: Article, *assessments: Any) -> Revision | None:
    return revision(made, assessments, delivery(), "Actual")


def test_nearly_all_articles_are_not_told_of() -> None:
    assert of(article()) is None
    assert of(article(), assessment()) is None
    dated = article(published="2026-11-20T10:00:00Z", updated="2026-11-20T11:00:00Z")
    assert of(dated) is None, "it was updated, but never was evidence as far as it says"


def test_what_is_taken_back_keeps_nothing() -> None:
    told = of(replace(article(), retracted=True), assessment())
    assert told is not None
    assert (told.kept, told.retracted, told.kafka_timestamp_ms) == ({}, True, NOW_MS)
    assert (told.input.topic, told.input.partition, told.input.offset) == ("articles", 2, 17)


def test_what_was_updated_keeps_what_it_is_evidence_of_still() -> None:
    dated = article(published="2026-11-20T10:00:00Z", updated="2026-11-20T11:00:00Z")
    assert dated.published is not None
    assert dated.updated is not None
    assert dated.updated.at - dated.published.at == timedelta(hours=1)
    told = of(dated, assessment(escalation=0.9), assessment(country="PL"))
    assert told is not None
    assert told.kept == {"UA": ("escalation", "evacuation"), "PL": ("evacuation",)}
    assert not told.retracted


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "CORRECTED-Goma district evacuated as fighters near city"},
        {"text": "Correction: an earlier version of this article said that the town was empty. It is not."},
        {"text": "It is not empty. " * 60 + "This article has been amended."},
        {"text": "This article has been withdrawn. It was false."},
    ],
)
def test_what_says_that_it_was_corrected_is_told_of(fields: dict[str, str]) -> None:
    assert of(article(**fields)) is not None


def test_a_word_deep_in_the_text_is_no_correction() -> None:
    assert of(article(text="x y z. " * 100 + "Its correction took a year. " + "x y z. " * 100)) is None


def test_a_revision_survives_its_bytes() -> None:
    told = of(replace(article(), retracted=True))
    assert told is not None
    assert decode(encode(told)) == told
