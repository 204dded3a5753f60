"""The composed alert: it keeps its contract, whatever led to it."""

import re
from dataclasses import replace
from typing import Any

import jsonschema
import orjson
import pytest

from streams.alert.compose import compose, headers, place
from streams.alert.policy import Message, decide, expire
from streams.alert.record import Alert, adapter, encode
from streams.alert.rules import load
from streams.assess.record import Assessment
from tests.unit.alert.builders import HOUR, NOW, assessment

RULES = load()
SCHEMA = adapter.json_schema()
CAP_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def message(*records: Assessment, event: Any = "evacuation") -> Message:
    incident, last = None, None
    for record in records:
        decision = decide(incident, record, event, RULES, 0)
        incident, last = decision.incident, decision.message or last
    assert last is not None
    return last


def cancelled(record: Assessment) -> Message:
    opened = message(record)
    ended = expire(opened.incident, NOW + 37 * HOUR, RULES).message
    assert ended is not None
    return ended


def composed(made: Message, record: Assessment | None, now: float = NOW + 1_234.5, name: str = "Ukraine") -> Alert:
    return compose(
        made,
        rules=RULES,
        record=record,
        names={"UA": name},
        environment="test",
        now_ms=now,
        trigger_ms=NOW,
    )


def checked(alert: Alert) -> Alert:
    jsonschema.Draft202012Validator(SCHEMA).validate(orjson.loads(encode(alert)))
    assert adapter.validate_json(encode(alert)) == alert
    assert all(CAP_TIME.fullmatch(time) for time in (alert.sent, alert.expires, alert.first_seen))
    assert len(alert.headline) <= 200
    assert len(alert.summary) <= 600
    return alert


@pytest.mark.parametrize("event", ["escalation", "evacuation"])
@pytest.mark.parametrize("country", ["UA", "FR", "XX"])
@pytest.mark.requirement(16)
def test_an_alert_keeps_its_contract(event: Any, country: str) -> None:
    record = assessment(country=country, escalation=0.9, dated=country != "FR", signals={"threat": 0.8, "coup": 0.9})
    alert = checked(composed(message(record, event=event), record))
    where = {"UA": "Ukraine", "FR": "FR", "XX": "an unnamed place"}[country]
    assert alert.headline.startswith(f"{event.capitalize()} in {where}: ")
    assert (alert.msg_type, alert.event, alert.latency_ms) == ("Alert", event, 1_234)
    assert alert.response_type == (("Shelter", "Monitor") if event == "escalation" else ("Avoid",))


def test_the_schema_refuses_what_is_not_the_contract() -> None:
    record = orjson.loads(encode(composed(message(assessment()), assessment())))
    for change in ({"sent": "2026-11-24T00:00:00.5Z"}, {"headline": "x" * 201}, {"certainty": "Observed"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(record | change)


def test_a_cancel_is_all_clear_and_past() -> None:
    alert = checked(composed(cancelled(assessment()), None))
    assert (alert.msg_type, alert.response_type, alert.urgency) == ("Cancel", ("AllClear",), "Past")
    assert alert.headline == "Evacuation in Ukraine: ended, no new evidence for 36 hours"
    assert (alert.article.id, alert.article.url, alert.model) == ("a1", None, {})
    assert len(alert.references) == 1


def test_long_texts_are_bounded() -> None:
    records = [assessment(f"a{n}", publisher=f"{'p' * 110}{n}.example", text=f"t{n}", time=NOW + n) for n in range(12)]
    records = [replace(r, evidence=(replace(r.evidence[0], quote="q" * 300),)) for r in records]
    checked(composed(message(*records), records[-1], name="N" * 500))


@pytest.mark.parametrize("trace", [None, "00-aa-bb-01"])
def test_headers_equal_the_record(trace: str | None) -> None:
    alert = composed(message(assessment()), assessment())
    found = headers(alert, trace)
    for name in ("severity", "event", "country", "msg_type", "status"):
        assert found[name].decode() == getattr(alert, name)
    assert found["ce_id"] == alert.alert_id.encode()
    assert found["ce_subject"] == alert.dedup_key.encode()
    assert found["ce_time"] == alert.sent.encode()
    assert found["ce_source"] == b"/tocsin/test"
    assert found.get("traceparent") == (trace.encode() if trace else None)


def test_a_clock_behind_gives_no_negative_latency() -> None:
    assert composed(message(assessment()), assessment(), now=NOW - 5_000).latency_ms == 0


def test_the_place_is_named() -> None:
    assert place(message(assessment()).incident, {"UA": "Ukraine"}) == "Ukraine"
