"""The scripted fortnight: what crawlers delivered, and what a careful analyst would have made of it.

Both were written before anything was run, from the rules of labelling alone, by writers who never saw a score.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models import Classifier
from streams.alert.rules import load
from streams.assess.places import Gazetteer
from streams.assess.places.names import country_names
from streams.assess.work import Reader
from streams.backtest.engine import Backtest
from streams.settings import Settings

__all__ = ["END", "Expected", "Item", "backtest", "expected", "lines", "news"]

_HERE = Path(__file__).parent
_FIRST = datetime(2026, 3, 2, tzinfo=UTC)
END = _FIRST + timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Item:
    """One article as a crawler delivered it at `at`."""

    id: str
    at: datetime
    kind: str
    story: str
    value: dict[str, Any]

    @property
    def line(self) -> bytes:
        """As `tocsin backtest` reads it."""
        return json.dumps({"timestamp_ms": int(self.at.timestamp() * 1000), "value": self.value}).encode()


@dataclass(frozen=True, slots=True)
class Expected:
    """One true incident. `opens` and `second` are the first two outlets' reports of it."""

    story: str
    country: str
    event: str
    opens: Item
    second: Item
    severity: tuple[str, ...]
    ends: str
    end: Item | None
    regions: tuple[str, ...]


def news() -> list[Item]:
    """All articles, in the order of their delivery."""
    found = []
    for file in sorted((_HERE / "stories").glob("*.jsonl")):
        for text in file.read_text("utf-8").splitlines():
            row = json.loads(text)
            hour, minute = row["at"].split(":")
            at = _FIRST + timedelta(days=row["day"] - 1, hours=int(hour), minutes=int(minute))
            value = {
                "title": row["title"],
                "text": row["text"],
                "url": row["url"],
                "published_at": row["published"],
                "publisher": row["publisher"],
                "status": row.get("status"),
            }
            kept = {name: part for name, part in value.items() if part is not None}
            found.append(Item(row["id"], at, row["kind"], file.stem, kept))
    return sorted(found, key=lambda item: (item.at, item.id))


def backtest(settings: Settings, environment: str = "test", tick_ms: int = 60_000) -> Callable[[], Backtest]:
    """What makes runs with the shipped weights and policy, which are loaded once."""
    reader = Reader(settings, Classifier.load(), Gazetteer.load())

    def made() -> Backtest:
        return Backtest(
            reader, load(), names=country_names(), environment=environment, topic="articles", tick_ms=tick_ms
        )

    return made


def lines() -> bytes:
    """The fortnight as one file of JSON Lines."""
    return b"\n".join(item.line for item in news()) + b"\n"


def expected() -> list[Expected]:
    """Every incident that is true."""
    by_id = {item.id: item for item in news()}
    found = []
    for file in sorted((_HERE / "expected").glob("*.json")):
        for row in json.loads(file.read_text("utf-8"))["incidents"]:
            found.append(
                Expected(
                    file.stem,
                    row["country"],
                    row["event"],
                    by_id[row["opens"]],
                    by_id[row["second"]],
                    tuple(row["severity"]),
                    row["ends"],
                    by_id.get(row.get("end_article") or ""),
                    tuple(row.get("regions", ())),
                )
            )
    return found


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(lines())
