"""The story that the project began with: every sentence of alarm in it is about Ukraine, whoever speaks."""

import json

import pytest

from streams.assess.places import locate
from tests.unit.assess.places_support import FOUNDING, gazetteer

TEXT: str = json.loads(FOUNDING.read_text(encoding="utf-8"))["text"]
# First words of each sentence of alarm and where it ends.
ALARMS = [
    ("The NATO Secretary General", "escalation in Ukraine."),
    ("But if in recent weeks", "Russian secret services."),
    ("He stated this himself", "agents present in Ukraine."),
    ("Overthrow the government of Kiev", "present in Ukraine."),
    ("All while the American president", "broadcaster’s microphones."),
    ("American citizens must leave", "leave the country now"),
    ("The US embassy in the Eastern", "risk pandemic."),
    ("Those in Ukraine have to leave", "private means."),
    ("If they stay in Ukraine", "they warn."),
    ("The secretary of state", "in progress a Beijing."),
    ("including during Olympic Games", "in progress a Beijing."),
    ("If Putin is foolish enough", "during the interview."),
]


@pytest.mark.parametrize(("begin", "stop"), ALARMS)
def test_founding_story_is_about_ukraine(begin: str, stop: str) -> None:
    start = TEXT.index(begin)
    end = TEXT.index(stop, start) + len(stop)
    (areas,) = locate(None, None, TEXT, [("body", start, end)], gazetteer())
    assert [area.country for area in areas] == ["UA"]


def test_founding_story_in_one_call() -> None:
    spans = [("body", TEXT.index(b), TEXT.index(e, TEXT.index(b)) + len(e)) for b, e in ALARMS]
    found = locate(None, None, TEXT, spans, gazetteer())  # type: ignore[arg-type]
    assert [[area.country for area in areas] for areas in found] == [["UA"]] * len(ALARMS)


def test_founding_story_as_a_summary() -> None:
    start = TEXT.index("American citizens must leave")
    (areas,) = locate(None, TEXT, None, [("summary", start, start + 44)], gazetteer())
    assert [area.country for area in areas] == ["UA"]
