"""The bundled articles of the demo, dated relative to now, as the record values that eleven crawlers would send.

Guarantees: the order of the file; records that are meant to be bad are passed on as bad as they are. Refuses nothing:
the file ships with the program and has tests of its own.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import orjson

__all__ = ["DemoArticle", "articles", "fill"]

_ARRAY = "{{published:ARRAY}}"
_OFFSET = timezone(timedelta(hours=2))

_FORMS: Mapping[str, Callable[[datetime], str]] = MappingProxyType(
    {
        "{{published:ISO_Z}}": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "{{published:ISO_NAIVE}}": lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
        "{{published:ISO_OFFSET}}": lambda at: at.astimezone(_OFFSET).isoformat(timespec="seconds"),
        "{{published:RFC822}}": format_datetime,
        "{{published:DATE}}": lambda at: at.strftime("%Y-%m-%d"),
        "{{published:COMPACT}}": lambda at: at.strftime("%Y%m%dT%H%M%SZ"),
    }
)


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One record. `expected`: (country, event) pairs that a reader judged it to be evidence for."""

    name: str
    source_tool: str
    value: bytes
    expected: frozenset[tuple[str, str]]

    @property
    def bad(self) -> bool:
        """Whether the record is meant to end as a dead letter, in whole or in part."""
        return self.name.startswith("bad-")


def articles(now: datetime) -> tuple[DemoArticle, ...]:
    """All of them, published as long before `now` (aware, UTC) as the file says."""
    text = files("streams.cli").joinpath("demo_articles.jsonl").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        row = json.loads(line)
        published = now.replace(microsecond=0) - timedelta(minutes=row["age_minutes"])
        if "value_b64" in row:
            value = base64.b64decode(row["value_b64"])
        else:
            value = orjson.dumps(fill(row["value"], published))
        pairs = frozenset((country, event) for country, event in row["expect"]["alerts"])
        found.append(DemoArticle(row["name"], row["source_tool"], value, pairs))
    return tuple(found)


def fill(value: Any, published: datetime) -> Any:
    """`value` with every placeholder replaced by `published` (aware, UTC) in the form that it names."""
    if isinstance(value, dict):
        return {key: fill(inner, published) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, published) for inner in value]
    if not isinstance(value, str):
        return value
    if value == _ARRAY:
        return list(published.utctimetuple())
    for placeholder, form in _FORMS.items():
        if placeholder in value:
            value = value.replace(placeholder, form(published))
    return value
