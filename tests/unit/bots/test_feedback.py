"""What people say of alerts, and what it adds up to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.bots.feedback import VERDICTS, Feedback, FeedbackError, decode, encode, report
from tests.unit.cli.support import make_alert

A, B = "a" * 32, "b" * 32


def said(verdict: Any, alert_id: str = A, by: str = "ana") -> Feedback:
    return Feedback("1", "feedback", alert_id, verdict, by, "", "2026-03-02T12:00:00+00:00")


ALERTS = {
    A: make_alert(alert_id=A, country="TD", event="evacuation"),
    B: make_alert(alert_id=B, country="UA", event="escalation"),
}


def test_precision_by_event_country_and_signal() -> None:
    found = report([said("right"), said("wrong", B)], ALERTS)
    assert {name: share.precision for name, share in found["event"].items()} == {"evacuation": 1.0, "escalation": 0.0}
    assert set(found["country"]) == {"TD", "UA"}
    signals = {name for piece in ALERTS[A].evidence for name in piece.signals}
    assert signals <= set(found["signal"])


def test_a_persons_last_word_counts_and_the_most_decide() -> None:
    one = report([said("wrong"), said("right")], ALERTS)["event"]["evacuation"]
    assert (one.judged, one.right) == (1, 1)
    three = [said("wrong", by="ana"), said("right", by="ben"), said("wrong", by="cem")]
    assert report(three, ALERTS)["event"]["evacuation"].precision == 0.0
    assert report(three[:2], ALERTS)["event"] == {}, "one against one says nothing"


def test_late_and_elsewhere_are_right_and_counted() -> None:
    share = report([said("late", by="ana"), said("late", by="ben"), said("right", by="cem")], ALERTS)["event"][
        "evacuation"
    ]
    assert (share.right, share.late, share.elsewhere) == (1, 1, 0)
    share = report([said("where")], ALERTS)["event"]["evacuation"]
    assert (share.right, share.late, share.elsewhere) == (1, 0, 1)


def test_alerts_that_are_not_known_are_not_counted() -> None:
    assert report([said("right", "c" * 32)], ALERTS)["event"] == {}


@given(st.sampled_from(VERDICTS), st.text(max_size=80), st.text(max_size=500))
def test_it_survives_its_bytes(verdict: Any, by: str, note: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in by + note):
        return
    made = Feedback("1", "feedback", A, verdict, by, note, "2026-03-02T12:00:00+00:00")
    assert decode(encode(made)) == made


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[]", b"\xff", encode(said("right")).replace(b"right", b"great")])
def test_what_is_no_feedback_is_refused(value: bytes | None) -> None:
    with pytest.raises(FeedbackError):
        decode(value)
