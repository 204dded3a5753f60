"""`tocsin score`: the contract of its JSON, its pretty form, and what it says of what it can't score."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.labels import SIGNALS
from streams.alert.rules import load as load_rules
from streams.assess.places import Gazetteer
from streams.assess.work import Reader
from streams.cli import score as module
from streams.cli.scoring import NEVER_STALE_HOURS
from streams.settings import from_environment
from tests.unit.cli.support import HOSTILE, Done, WordClassifier, command

TEXT = (
    "Embassy tells citizens to leave Chad\n\nThe embassy told its citizens to leave Chad now. Rebels shelled N'Djamena"
    " overnight, the army of Chad said. Shops were open as usual on Monday."
)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture(autouse=True)
def _words_for_weights(monkeypatch: pytest.MonkeyPatch, gazetteer: Gazetteer) -> None:
    """The commands with a classifier that reads words: what is tested is the command."""

    def load(points: module.ThresholdSet) -> Any:
        settings = from_environment()
        classifier: Any = WordClassifier()
        reader = Reader(settings.model_copy(update={"stale_hours": NEVER_STALE_HOURS}), classifier, gazetteer)
        manifest = classifier.manifest
        reader.thresholds = {event: getattr(point, points.value) for event, point in manifest.thresholds.items()}
        # Higher than what the word "possibly" scores, so that evidence and alert can differ.
        rules = replace(load_rules(), single_report={"escalation": 0.75, "evacuation": 0.75})
        return settings, classifier, reader, rules

    monkeypatch.setattr(module, "_load", load)


def score(tmp_path: Path, data: str | bytes, *options: str) -> Done:
    file = tmp_path / "article"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return command("score", str(file), *options)


def objects(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_json_says_what_the_contract_says(tmp_path: Path) -> None:
    done = score(tmp_path, TEXT, "--json")
    assert done.code == 0
    (found,) = objects(done)
    assert set(found) == {"article", "sentences", "events"}
    assert {"id", "title", "url", "language", "source_format", "published_at"} <= set(found["article"])
    assert found["article"]["language"] == "en"
    title, first, second, third = found["sentences"]
    assert [item["field"] for item in found["sentences"]] == ["title", "body", "body", "body"]
    for item in found["sentences"]:
        assert {"text", "start", "end", "escalation", "evacuation", "signals", "decision", "why"} <= set(item)
        assert item["end"] - item["start"] == len(item["text"])
        assert set(item["signals"]) <= set(SIGNALS)
    body = TEXT.split("\n\n")[1]
    assert all(body[item["start"] : item["end"]] == item["text"] for item in (first, second, third))
    assert title["decision"] == first["decision"] == ["evacuation"]
    assert first["signals"] == ["leave_now"]
    assert second["decision"] == ["escalation"]
    assert third["decision"] == []


def test_events_are_what_the_worker_would_decide_for_the_article_alone(tmp_path: Path) -> None:
    (found,) = objects(score(tmp_path, TEXT, "--json"))
    assert [(item["event"], item["country"], item["alert"]) for item in found["events"]] == [
        ("escalation", "TD", True),
        ("evacuation", "TD", True),
    ]
    for item in found["events"]:
        assert item["severity"] == "Severe"
        for piece in item["evidence"]:
            assert {"quote", "start", "end", "score", "field"} <= set(piece)
    quotes = [piece["quote"] for piece in found["events"][1]["evidence"]]
    assert "The embassy told its citizens to leave Chad now." in quotes


def test_evidence_below_the_score_of_a_single_report_is_no_alert(tmp_path: Path) -> None:
    (found,) = objects(score(tmp_path, "The embassy in Chad may possibly close its visa section soon.", "--json"))
    (event,) = found["events"]
    assert event["alert"] is False
    assert "second independent report" in event["why"]


def test_the_threshold_set_changes_what_is_evidence(tmp_path: Path) -> None:
    text = "The embassy in Chad may possibly close its visa section soon."
    (strict,) = objects(score(tmp_path, text, "--json", "--threshold-set", "high_precision"))
    assert strict["events"] == []
    assert score(tmp_path, text, "--threshold-set", "other").code == 2


def test_an_old_article_is_scored_but_does_not_alert(tmp_path: Path) -> None:
    record = json.dumps({"title": "Leave", "text": TEXT, "published_at": "2026-01-01T00:00:00Z"})
    (old,) = objects(score(tmp_path, record, "--json", "--at", "2026-02-01T00:00:00Z"))
    assert old["article"]["outcome"] == "stale"
    assert old["sentences"]
    assert [item["alert"] for item in old["events"]] == [False, False]
    (fresh,) = objects(score(tmp_path, record, "--json", "--at", "2026-01-01T06:00:00"))
    assert [item["alert"] for item in fresh["events"]] == [True, True]


@pytest.mark.parametrize("at", ["yesterday", "1950-01-01", "9999-12-31T23:59:59-14:00", "2026-13-01"])
def test_a_time_that_is_none_is_a_wrong_command_line(tmp_path: Path, at: str) -> None:
    assert score(tmp_path, TEXT, "--at", at).code == 2


def test_another_language_is_said_and_not_scored(tmp_path: Path) -> None:
    text = (
        "Die Botschaft forderte ihre Staatsangehörigen am Montag auf, das Land sofort zu verlassen, solange es noch"
        " Linienflüge gibt. Die Regierung erwägt eine Evakuierung."
    )
    (found,) = objects(score(tmp_path, text, "--json"))
    assert (found["article"]["language"], found["article"]["outcome"]) == ("de", "unsupported_language")
    assert found["sentences"] == found["events"] == []
    assert "scores English only" in " ".join(score(tmp_path, text).out.split())


def test_many_articles_and_bad_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"title": f"Story {n}", "text": TEXT}) for n in range(20)]
    lines[3] = '{"title": "cut o'
    lines[7] = "5"
    done = score(tmp_path, "\n".join(lines), "--json")
    assert done.code == 1
    found = objects(done)
    assert [item["line"] for item in found if "error" in item] == [4, 8]
    assert sum("article" in item for item in found) == 18
    assert found[3]["error"].startswith("undecodable")
    pretty = score(tmp_path, "\n".join(lines))
    assert pretty.code == 1
    assert "tocsin: line 4: undecodable" in pretty.err


def test_pretty_shows_scores_decision_why_and_marks(tmp_path: Path) -> None:
    done = score(tmp_path, TEXT)
    assert done.code == 0
    assert done.err == ""
    assert "EVACUATION" in done.out
    assert "leave_now 0.90" in done.out
    assert "*leave*" in done.out
    assert "evacuation 0.950 reaches 0.500" in done.out
    assert "is below 0.500" in done.out
    assert "ALERT SEVERE evacuation in Chad (TD)" in done.out


def test_hostile_text_is_inert(tmp_path: Path) -> None:
    record = json.dumps({"title": f"leave {HOSTILE}", "text": f"Citizens must leave Chad now {HOSTILE} at once."})
    done = score(tmp_path, record)
    assert done.code == 0
    assert all(line.isprintable() for line in done.out.split("\n"))


def test_from_standard_input() -> None:
    done = command("score", "-", "--json", stdin=TEXT.encode())
    assert done.code == 0
    assert objects(done)[0]["article"]["title"] == "Embassy tells citizens to leave Chad"


@pytest.mark.parametrize(("data", "said"), [(b"", "is empty"), (b"\0\1\2", "binary"), (b"[]", "empty list")])
def test_what_is_no_article_is_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    done = score(tmp_path, data)
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_missing_file_and_directory(tmp_path: Path) -> None:
    assert command("score", str(tmp_path / "none")).err.startswith("tocsin: there is no file")
    assert "is a directory" in command("score", str(tmp_path)).err
