"""Shared by the place tests: the cases file, and one gazetteer for the whole run."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from streams.assess.places import Area, Gazetteer, locate

HERE = Path(__file__).parent
FOUNDING = HERE.parents[1] / "fixtures" / "founding_story.json"


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@cache
def cases() -> tuple[dict[str, Any], ...]:
    with (HERE / "places_cases.jsonl").open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def areas_of(case: dict[str, Any]) -> tuple[Area, ...]:
    """Build the article of a case around its sentence, and locate that sentence."""
    title, sentence = case["title"], case["sentence"]
    if case["field"] == "title":
        assert title == sentence
        return locate(title, None, case["before"], [("title", 0, len(title))], gazetteer())[0]
    before = case["before"] + " " if case["before"] else ""
    after = " " + case["after"] if case["after"] else ""
    span = ("body", len(before), len(before) + len(sentence))
    return locate(title, None, before + sentence + after, [span], gazetteer())[0]  # type: ignore[list-item]


def countries(areas: tuple[Area, ...]) -> list[str]:
    return sorted(area.country for area in areas)


def where(text: str, sentence: str | None = None, title: str | None = None) -> tuple[str, ...]:
    """Countries of one sentence of a body (of the whole body without one)."""
    start = text.index(sentence) if sentence else 0
    end = start + len(sentence or text)
    return tuple(area.country for area in locate(title, None, text, [("body", start, end)], gazetteer())[0])
