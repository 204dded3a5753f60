"""`tocsin score` with the weights that ship: one run on the founding story, and weights that are not there."""

import json
from pathlib import Path
from typing import Any

from tests.conftest import FIXTURES
from tests.unit.cli.support import command

STORY = FIXTURES / "founding_story.json"


def test_the_founding_story_alerts_for_its_country_alone(founding_story: dict[str, Any]) -> None:
    done = command("score", str(STORY), "--json", "--at", "2022-02-12T12:00:00Z")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["sentences"]
    alerts = {(item["country"], item["event"]) for item in found["events"] if item["alert"]}
    assert alerts == {("UA", "escalation"), ("UA", "evacuation")}
    quotes = " ".join(
        piece["quote"] for item in found["events"] if item["event"] == "evacuation" for piece in item["evidence"]
    )
    assert "must leave the country now" in quotes
    assert "ruled out sending troops" not in quotes


def test_missing_weights_are_exit_code_5(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TOCSIN_WEIGHTS", str(tmp_path / "none"))
    done = command("score", str(STORY))
    assert done.code == 5
    assert done.err.count("\n") == 1
