"""The demo's counts and summary, and its articles with dates."""

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alert.record import AlertInput
from streams.cli.demo_feed import DemoArticle, articles, fill
from streams.cli.demo_tally import Tally, percentile
from tests.unit.cli.support import make_alert

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def article(name: str, *pairs: tuple[str, str]) -> DemoArticle:
    return DemoArticle(name, "plain", b"{}", frozenset(pairs))


def played() -> Tally:
    """Two true reports (one missed), one innocent that alerted, one that did not, one bad record."""
    tally = Tally()
    cast = [
        article("chad", ("TD", "evacuation")),
        article("mali", ("ML", "escalation")),
        article("sport"),
        article("bread"),
        article("bad-empty"),
    ]
    tally.sent = {("articles", 0, number): item for number, item in enumerate(cast)}
    ends = ["assessed", "assessed", "assessed", "no_evidence", "rejected"]
    tally.finished = {("articles", 0, number): end for number, end in enumerate(ends)}
    tally.dead = {("articles", 0, 4): "empty"}
    for number, (country, offset, latency) in enumerate([("TD", 0, 100), ("FR", 2, 300)]):
        inputs = (AlertInput("c" * 32, "articles", 0, offset, 1),)
        tally.add_alert(make_alert(alert_id=f"{number:032}", country=country, inputs=inputs, latency_ms=latency))
    return tally


def test_the_summary_counts_and_names_what_went_wrong() -> None:
    lines = dict(played().lines())
    assert lines["articles in"] == "5: 3 assessed, 1 no_evidence, 1 rejected"
    assert lines["alerts out"] == "2: 2 Alert"
    assert lines["dead letters"] == "1: 1 empty"
    assert lines["latency"].startswith("p50 100 ms, p95 300 ms")
    assert lines["expected"] == "1 of 2 pairs of country and event alerted; missed: ML escalation"
    assert lines["ignored"] == "1 of 2 articles that should not alert did not; these did: sport"
    assert lines["unexpected"] == "FR evacuation"


def test_a_run_without_alerts_has_a_summary_too() -> None:
    lines = dict(Tally().lines())
    assert lines["alerts out"] == lines["dead letters"] == "none"
    assert "latency" not in lines


def test_a_repeated_alert_counts_once() -> None:
    tally = Tally()
    assert tally.add_alert(make_alert())
    assert not tally.add_alert(make_alert())
    assert len(tally.alerts) == 1


def test_the_end_is_when_every_article_has_ended() -> None:
    tally = played()
    assert tally.all_finished(5)
    assert not tally.all_finished(6)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_every_placeholder_is_filled_and_bad_bytes_stay_bad() -> None:
    made = {item.name: item for item in articles(NOW)}
    rows = files("streams.cli").joinpath("demo_articles.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(made) == len(rows)
    assert not [item.name for item in made.values() if b"{{published" in item.value]
    assert made["bad-empty"].value == b""
    assert made["bad-empty"].bad
    assert not made["ht-order"].bad
    assert made["ht-order"].expected == {("HT", "evacuation"), ("HT", "escalation")}


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("{{published:ISO_Z}}", "2026-11-24T12:00:00Z"),
        ("{{published:ISO_NAIVE}}", "2026-11-24 12:00:00"),
        ("{{published:ISO_OFFSET}}", "2026-11-24T14:00:00+02:00"),
        ("{{published:RFC822}}", "Tue, 24 Nov 2026 12:00:00 +0000"),
        ("{{published:DATE}}", "2026-11-24"),
        ("{{published:COMPACT}}", "20261124T120000Z"),
        ("on {{published:DATE}}, it said", "on 2026-11-24, it said"),
        ("{{published:ARRAY}}", [2026, 11, 24, 12, 0, 0, 1, 328, 0]),
    ],
)
def test_dates_take_the_form_of_the_crawler(placeholder: str, text: object) -> None:
    assert fill({"a": [placeholder, 5, None]}, NOW) == {"a": [text, 5, None]}
    json.dumps(fill(placeholder, NOW))
