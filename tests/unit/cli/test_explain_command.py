"""`tocsin explain`: the message, its incident, the rows, and what is said where something is gone."""

from dataclasses import replace
from pathlib import Path

import pytest

from streams.alert.record import Alert, AlertInput, encode
from streams.alert.rules import load
from streams.cli.explain_view import show
from streams.cli.output import stdout
from tests.unit.cli.support import HOSTILE, Done, command, make_alert

FIRST = make_alert(alert_id="1" * 32)
SECOND = make_alert(
    alert_id="2" * 32, msg_type="Update", sequence=1, references=("1" * 32,), severity="Extreme",
    reasons=("severity raised to Extreme", "citizens told to leave now"),
    evidence=(replace(FIRST.evidence[0], signals=("leave_now",)),),
)  # fmt: skip
OTHER = make_alert(alert_id="2f" + "0" * 30, incident_id="f" * 16, headline=HOSTILE, reasons=(HOSTILE,))


def explain(tmp_path: Path, alert_id: str, *alerts: Alert) -> Done:
    file = tmp_path / "alerts.jsonl"
    file.write_bytes(b"\n".join(encode(alert) for alert in alerts))
    return command("explain", alert_id, "--from", str(file))


def test_it_says_what_where_why_and_by_which_rows(tmp_path: Path) -> None:
    done = explain(tmp_path, "22", FIRST, SECOND, OTHER)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "Update " + "2" * 32
    assert "The incident: evacuation in Chad (TD), " + "a" * 16 in lines
    assert "  1. 2026-11-20T18:02 Alert Severe: first report that is sure enough" in lines
    assert "  2. 2026-11-20T18:02 Update Extreme: severity raised to Extreme <- this message" in lines
    assert any(line.startswith("  leave_now: Severe, Extreme from 3 independent reports; Immediate") for line in lines)
    assert "  score 0.970; one report alone needs 0.75" in lines
    assert "  a.example: ordinary" in lines
    assert "  0.970 body: The embassy told its citizens to leave now. (leave_now)" in lines
    assert any("the policy at hand is" in line for line in lines), "the alert's policy is another one"


def test_hostile_text_is_inert(tmp_path: Path) -> None:
    done = explain(tmp_path, "2f", FIRST, OTHER)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert not any(line.startswith("FAKE") for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("alert_id", "says"),
    [("9", "holds no alert 9"), ("2", "2 alerts begin with 2"), ("", "holds no alert")],
)
def test_an_id_that_is_not_one(tmp_path: Path, alert_id: str, says: str) -> None:
    done = explain(tmp_path, alert_id, FIRST, SECOND, OTHER)
    assert (done.code, done.out) == (1, "")
    assert says in done.err


def test_a_file_of_something_else_is_refused_by_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"title": "no alert"}')
    done = command("explain", "1", "--from", str(tmp_path / "x.jsonl"))
    assert done.code == 1
    assert "line 1, is no alert of this version" in done.err


def test_an_article_that_is_gone_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    place = AlertInput("c" * 32, "articles", 0, 7, 1_795_000_000_000)
    show(stdout(), FIRST, [FIRST], load(), {place: None}, {})
    out = capsys.readouterr().out
    assert "articles[0]@7, 2026-11-18 11:06 UTC: gone from the topic" in out
