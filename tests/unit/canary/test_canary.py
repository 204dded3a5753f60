"""The canary's article, its book of what is on the way, and that every one of its articles gives a message."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Classifier
from streams.alert.compose import compose
from streams.alert.docket import judged
from streams.alert.incident import Incident
from streams.alert.rules import load
from streams.assess.places import Gazetteer, country_names
from streams.assess.work import Reader
from streams.canary.article import COUNTRY, STATUS_HEADER, article, mark_of
from streams.canary.metrics import build
from streams.canary.probe import Arrival, Probe
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery
from streams.settings import Settings

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


class Table(dict[str, Incident]):
    def items(self, partition: int | None = None, prefix: str = ""):  # type: ignore[no-untyped-def,override]
        return iter([(key, one) for key, one in sorted(super().items()) if key.startswith(prefix)])


def test_every_article_gives_a_message_with_its_mark() -> None:
    """Whatever came before: that is what the canary's silence means."""
    settings, rules, table = Settings(), load(), Table()
    reader = Reader(settings, Classifier.load(threads=1), Gazetteer.load())
    for turn in range(60):
        mark, at = f"{turn:016x}", NOW + timedelta(minutes=turn)
        delivery = Delivery(
            tp=TopicPartition("articles", turn % 4),
            offset=turn,
            timestamp_ms=int(at.timestamp() * 1000),
            key=None,
            value=article(mark, turn % 4, at),
            headers=(STATUS_HEADER,),
            generation=0,
            message=None,
        )
        work = reader.read(delivery)
        (assessment,) = reader.conclude(work, reader.score([work])[0]).assessments
        assert (assessment.country, assessment.status) == (COUNTRY, "Test")
        assert set(assessment.scores) == {"evacuation"}
        marks = []
        for step in judged(assessment, table, rules, 0):
            if step.decision.message is not None:
                alert = compose(
                    step.decision.message,
                    rules=rules,
                    record=assessment,
                    names=country_names(),
                    environment="test",
                    now_ms=at.timestamp() * 1000,
                    trigger_ms=int(at.timestamp() * 1000),
                )
                assert (alert.status, alert.country, alert.event) == ("Test", COUNTRY, "evacuation")
                marks.append(mark_of(alert.article.title))
            assert step.key is not None
            if step.decision.incident is not None:
                table[step.key] = step.decision.incident
        assert marks == [mark], turn


@given(st.text(max_size=200))
def test_only_the_canarys_own_titles_have_a_mark(title: str) -> None:
    assert mark_of(title) is None or f"(canary {mark_of(title)})" in title


@pytest.mark.parametrize("title", [None, "", "canary 0123456789abcdef", "(canary 0123)", "(canary 0123456789ABCDEF)"])
def test_other_titles_have_none(title: str | None) -> None:
    assert mark_of(title) is None


def test_what_comes_was_sent_and_comes_once() -> None:
    probe = Probe(patience=300)
    probe.sent("a", 3, now=10)
    assert probe.came("b", 11) is None
    assert probe.came(None, 11) is None
    assert probe.came("a", 12.5) == Arrival(3, 2.5)
    assert probe.came("a", 13) is None


def test_what_does_not_come_is_overdue_once() -> None:
    probe = Probe(patience=300)
    probe.sent("a", 0, now=0)
    probe.sent("b", 1, now=60)
    assert probe.overdue(299) == 0
    assert probe.overdue(301) == 1
    assert (probe.overdue(301), probe.waiting) == (0, 1)
    assert probe.came("a", 302) is None


@given(st.integers(min_value=0, max_value=3_000))
def test_the_book_is_bounded(articles: int) -> None:
    probe = Probe(patience=1e9)
    given_up = sum(probe.sent(str(number), 0, float(number)) for number in range(articles))
    assert probe.waiting == min(articles, 1_000)
    assert given_up == articles - probe.waiting


def test_the_age_counts_from_the_beginning_until_one_came() -> None:
    """An age that begins at zero would be half a century, and an alert at every start."""
    now = time.time()
    (sample,) = (
        sample
        for family in build(now).registry.collect()
        for sample in family.samples
        if sample.name == "tocsin_canary_last_success_timestamp_seconds"
    )
    assert sample.value == pytest.approx(now)
