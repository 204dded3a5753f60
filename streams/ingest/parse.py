"""From the text of a record to a JSON value: strict first, then the few mends that crawlers need.

Guarantees: linear time, nesting never deeper than `limits.depth`, no exception whatever the text. Refuses (a
`Rejected` value) what is no JSON, what is nested too deeply, and what is JSON but can't hold an article.
"""

import json
import re
from dataclasses import dataclass

import orjson

from streams.ingest.article import Limits, Rejected
from streams.ingest.repairs import Repair

__all__ = ["Parsed", "embedded", "parse"]

_ENCODED_TWICE = 2
"""Levels of JSON inside a JSON string that are undone."""
_DIGITS = 19
"""Digits of a whole number that surely fit 64 bits; Python refuses to read more than 4,300 (`int_max_str_digits`)."""
_NEST = re.compile(r'"(?:[^"\\]++|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON object or a JSON list, and what was mended to read it."""

    value: dict[str, object] | list[object]
    repairs: frozenset[Repair]


def parse(text: str, limits: Limits) -> Parsed | Rejected:
    """Read `text` as JSON and undo up to two levels of JSON in a string."""
    repairs: set[Repair] = set()
    text = text.strip()
    for level in range(_ENCODED_TWICE + 1):
        value = _load(text, limits, repairs)
        if isinstance(value, Rejected):
            # A string that only looks like JSON is a plain string.
            return value if level == 0 or value.reason == "too_deep" else _NOT_AN_OBJECT
        if isinstance(value, dict | list):
            return Parsed(value, frozenset(repairs))
        if value is None:
            return Rejected("empty", "the record is JSON null")
        if not isinstance(value, str):
            return _NOT_AN_OBJECT
        text = value.strip()
        if not text:
            return Rejected("empty", "the record is an empty JSON string")
        if not text.startswith(("{", "[", '"')):
            return _NOT_AN_OBJECT
        repairs.add("double_encoded")
    return _NOT_AN_OBJECT


def embedded(text: str, limits: Limits) -> Parsed | None:
    """The JSON object or list that is the whole of the string `text`, or None."""
    text = text.strip()
    if not text.startswith(("{", "[")):
        return None
    repairs: set[Repair] = {"double_encoded"}
    value = _load(text, limits, repairs)
    return Parsed(value, frozenset(repairs)) if isinstance(value, dict | list) else None


_NOT_AN_OBJECT = Rejected("not_an_object", "the record is JSON but neither an object nor a list of objects")
_NO_JSON = Rejected("undecodable", "the record is not JSON")


def _load(text: str, limits: Limits, repairs: set[Repair]) -> object:
    """The JSON value of `text`, or why there is none."""
    # ORDER: depth before parsing, for a parser may recurse; counting all brackets first is enough for most records.
    if text.count("{") + text.count("[") > limits.depth and _depth(text) > limits.depth:
        return Rejected("too_deep", f"nested more than {limits.depth} levels deep")
    try:
        return orjson.loads(text)
    except (ValueError, RecursionError):
        return _mend(text, repairs)


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside of strings. One pass: an unclosed string ends with the text."""
    depth = deepest = 0
    for match in _NEST.finditer(text):
        first = match[0][0]
        if match[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif first != '"':
            depth -= 1
    return deepest


def _mend(text: str, repairs: set[Repair]) -> object:
    """Read what the strict parser refuses: half a surrogate pair, NaN, huge numbers, raw control characters."""
    found: set[Repair] = set()

    def whole(digits: str) -> object:
        if len(digits) <= _DIGITS:
            return int(digits)
        found.add("big_number")
        return None

    def constant(_: str) -> object:
        found.add("nonfinite")
        return None

    try:
        value: object = json.loads(text, strict=False, parse_int=whole, parse_constant=constant)
    except (ValueError, RecursionError):
        return _NO_JSON
    if not found and not _SURROGATE_ESCAPE.search(text):
        found.add("raw_control")
    repairs |= found
    return value
