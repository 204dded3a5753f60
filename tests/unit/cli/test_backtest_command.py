"""`tocsin backtest`: the past in event time, and with other settings."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.alert.record import adapter
from streams.cli import backtest as module
from tests.unit.cli.support import HOSTILE, Done, WordClassifier, command

NOON = 1_772_452_800_000  # 2026-03-02T12:00:00Z
HOUR = 3_600_000
TEXT = "The embassy told its citizens to leave Chad now. Shops were open as usual on Monday."
CALM = "Shops were open as usual on Monday, and the ferry to the island ran on time."


@pytest.fixture(autouse=True)
def _words_for_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_classifier", lambda settings: WordClassifier())


def row(number: int, hours: float, text: str = TEXT, **more: Any) -> dict[str, Any]:
    value = {"title": f"Notice {number}", "text": text, "url": f"https://paper{number}.example/{number}"} | more
    return {"timestamp_ms": NOON + int(hours * HOUR), "value": value}


def run(tmp_path: Path, rows: Sequence[Any], *options: str) -> Done:
    file = tmp_path / "articles.jsonl"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in rows))
    return command("backtest", str(file), *options)


def alerts(done: Done) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in done.out.splitlines()]
    for alert in found:
        adapter.validate_python(alert)
    return found


def kinds(done: Done) -> list[str]:
    return [alert["msg_type"] for alert in alerts(done)]


def test_standard_output_is_the_alerts_topic_and_the_summary_goes_elsewhere(tmp_path: Path) -> None:
    done = run(tmp_path, [row(1, 0), row(2, 1, CALM)])
    assert done.code == 0
    (alert,) = alerts(done)
    assert (alert["country"], alert["event"], alert["status"]) == ("TD", "evacuation", "Exercise")
    assert alert["sent"] == alert["first_seen"] == "2026-03-02T12:00:00+00:00"
    assert alert["latency_ms"] == 0
    assert "2 articles (1 assessed, 1 no_evidence); 1 messages about 1 incidents, 1 of them go on" in done.err
    assert "goes on" in done.err


def test_time_goes_on_between_records_and_to_until(tmp_path: Path) -> None:
    far = row(2, 60, CALM)
    assert kinds(run(tmp_path, [row(1, 0), far])) == ["Alert", "Cancel"]
    assert kinds(run(tmp_path, [row(1, 0)])) == ["Alert"]
    done = run(tmp_path, [row(1, 0)], "--until", "2026-03-04T01:00:00Z")
    assert kinds(done) == ["Alert", "Cancel"]
    assert alerts(done)[1]["sent"] == "2026-03-04T00:00:00+00:00"
    assert "no new evidence for 36 hours" in done.err


def test_since_and_until_leave_out_the_rest(tmp_path: Path) -> None:
    rows = [row(1, 0), row(2, 30), row(3, 60)]
    done = run(tmp_path, rows, "--since", "2026-03-03T00:00:00Z", "--until", "2026-03-04T00:00:00Z")
    assert [alert["article"]["title"] for alert in alerts(done)] == ["Notice 2"]


def test_other_settings_give_other_alerts(tmp_path: Path) -> None:
    rows = [row(1, 0), row(2, 13, CALM)]
    assert kinds(run(tmp_path, rows, "--set", "incident.lifetime_hours=12")) == ["Alert", "Cancel"]
    assert kinds(run(tmp_path, rows, "--set", "single_report.evacuation=1.0")) == []
    assert kinds(run(tmp_path, rows, "--set", "evidence.evacuation=0.99")) == []
    done = run(
        tmp_path,
        rows,
        "--set",
        "signals.leave_now.severity=Extreme",
        "--set",
        "signals.evacuation_underway.severity=Extreme",
    )
    assert done.code == 0


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("incident.lifetime=12", 3, "the policy has no incident.lifetime"),
        ("nonsense", 2, "'nonsense' is not NAME=VALUE"),
        ("incident.lifetime_hours=soon", 3, "incident.lifetime_hours"),
        ("evidence.evacuation=2", 2, "evidence.evacuation is a number from 0 to 1"),
        ("stale_hours=-1", 2, "stale_hours is a number from"),
    ],
)
def test_a_wrong_change_is_named(tmp_path: Path, change: str, code: int, says: str) -> None:
    done = run(tmp_path, [row(1, 0)], "--set", change)
    assert done.code == code
    assert says in done.err.replace("\n", " ")
    assert done.out == ""


def test_what_cannot_be_used_is_told_by_line_and_ends_with_1(tmp_path: Path) -> None:
    done = run(tmp_path, [row(1, 0), "{broken", {"timestamp_ms": NOON, "value": {"url": "https://a.example"}}])
    assert done.code == 1
    assert kinds(done) == ["Alert"]
    assert "line 2: undecodable" in done.err
    assert "line 3: no_text" in done.err
    assert "2 records could not be used" in done.err


def test_a_retraction_and_an_all_clear_end_it(tmp_path: Path) -> None:
    gone = row(1, 2, "This article has been withdrawn. It was false.", status="canceled")
    assert kinds(run(tmp_path, [row(1, 0), gone])) == ["Alert", "Cancel"]
    clear = [row(n, n, f"The order to leave Chad was lifted on Monday, outlet {n} says.") for n in (3, 4)]
    texts = [
        "The order to leave Chad was lifted on Monday.",
        "Citizens in Chad can return to their homes, said N'Djamena.",
    ]
    clear = [row(n, n, text) for n, text in zip((3, 4), texts, strict=True)]
    done = run(tmp_path, [row(1, 0), *clear])
    assert kinds(done) == ["Alert", "Cancel"]
    assert alerts(done)[1]["response_type"] == ["AllClear"]


def test_scores_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = str(tmp_path / "scores")
    first = run(tmp_path, [row(1, 0)], "--memory", memory)

    def never(settings: object) -> None:
        raise AssertionError("no classifier is needed")

    monkeypatch.setattr(module, "_classifier", never)
    again = run(tmp_path, [row(1, 0)], "--memory", memory)
    assert (first.code, again.code) == (0, 0)
    # The manifest is the packaged one, the scores are the words'.
    assert first.out == again.out
    assert kinds(again) == ["Alert"]


def test_hostile_text_acts_nowhere(tmp_path: Path) -> None:
    done = run(tmp_path, [row(1, 0, title=HOSTILE)])
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\x1b" not in done.err
    assert len(done.out.splitlines()) == 1


def test_standard_input_is_read(tmp_path: Path) -> None:
    done = command("backtest", "-", stdin=json.dumps(row(1, 0)).encode())
    assert kinds(done) == ["Alert"]
