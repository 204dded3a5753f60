"""What the canary sings: a test article that no alert stage can miss, and how its alert is known again. Pure.

Guarantees: the article is of the preferred form, of a country that is none (`ZZ`, user-assigned in ISO 3166-1), and
under one address for each partition, so that their number in an incident is bounded. Refuses any title that is not of
the canary's own form.
"""

import re
from datetime import datetime
from typing import Final

import orjson

__all__ = ["COUNTRY", "STATUS_HEADER", "article", "mark_of"]

COUNTRY: Final = "ZZ"
STATUS_HEADER: Final = ("tocsin-status", b"Test")

_MARK: Final = re.compile(r"\(canary ([0-9a-f]{16})\)")


def article(mark: str, partition: int, now: datetime) -> bytes:
    """The record's value. `mark`: 16 hexadecimal digits that no other article has; `now` is aware."""
    return orjson.dumps(
        {
            "url": f"https://canary.invalid/tocsin/{partition}",
            "title": f"Embassy tells all citizens to leave Tocsin Testland immediately (canary {mark})",
            "text": (
                "The embassy in Tocsin Testland on Thursday urged all its citizens to leave the country immediately."
                " Two evacuation flights will take off in the evening, the foreign ministry said."
                f" This is test {mark}; nobody is in danger."
            ),
            "publisher": "Tocsin canary",
            "language": "en",
            "published": now.isoformat(timespec="seconds"),
        }
    )


def mark_of(title: str | None) -> str | None:
    """The mark in the title of an alert's article; None if it is no canary's."""
    found = _MARK.search(title or "")
    return found[1] if found else None
