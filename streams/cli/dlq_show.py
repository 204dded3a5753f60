"""How a dead letter looks: a line in a list, or all of it.

Guarantees: whatever a letter holds is shown as inert text, so much of it as a person can read. Refuses nothing.
"""

from typing import TYPE_CHECKING, Any

from streams.cli.output import json_line, line
from streams.observe.logs import escaped

if TYPE_CHECKING:
    from streams.kafka.letters import Letter

__all__ = ["show_line", "show_whole"]

_PREVIEW = 4_000
"""Bytes of a value that are shown."""


def _origin(letter: "Letter") -> str:
    if letter.origin_topic is None:
        return "unknown"
    return f"{letter.origin_topic}[{letter.origin_partition}]@{letter.origin_offset}"


def _facts(letter: "Letter") -> dict[str, Any]:
    return {
        "place": letter.where,
        "reason": letter.reason,
        "stage": letter.stage,
        "time": letter.time.isoformat(timespec="milliseconds"),
        "origin": _origin(letter),
        "bytes": len(letter.value or b"") if letter.whole else letter.original_bytes,
        "error": letter.error,
        "app_version": letter.app_version,
    }


def show_line(letter: "Letter", *, as_json: bool) -> None:
    """One line: its facts, tab-separated, or as JSON."""
    facts = _facts(letter)
    if as_json:
        json_line(facts)
        return
    del facts["app_version"]
    line("\t".join(escaped("-" if value is None else str(value), 300) for value in facts.values()))


def show_whole(letter: "Letter") -> None:
    """Its facts, key, headers and the beginning of its value, one a line."""
    for name, value in _facts(letter).items():
        line(f"{name}: {escaped('-' if value is None else str(value), 300)}")
    line(f"key: {_bytes(letter.key)}")
    for header, content in letter.headers:
        line(f"header {escaped(header, 100)}: {_bytes(content, 300)}")
    line(f"value: {_bytes(letter.value) if letter.whole else 'too large for this topic; it is at the origin'}")


def _bytes(value: bytes | None, most: int = _PREVIEW) -> str:
    """Bytes as a person can read them: text where it is text, escapes elsewhere, and how much was left out."""
    if value is None:
        return "none"
    shown = escaped(value[:most].decode("utf-8", "backslashreplace"), 2 * most)
    return shown if len(value) <= most else f"{shown} ... ({len(value)} bytes; --raw gives all)"
