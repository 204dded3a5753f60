"""What is gathered while one record becomes an article: candidates, mends, the keys that were read, what was dropped.

Guarantees: each note once. Refuses nothing: it is the workbench of `normalise`, and never leaves this room.
"""

from dataclasses import dataclass, field
from datetime import datetime

from streams.ingest.article import Limits
from streams.ingest.coerce import NULLS
from streams.ingest.formats import Candidates
from streams.ingest.repairs import Repair

__all__ = ["Draft", "is_null"]


@dataclass(slots=True)
class Draft:
    found: Candidates
    received: datetime
    limits: Limits
    repairs: set[Repair]
    aliases: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    def places(self, name: str) -> list[tuple[str, object]]:
        return self.found.get(name, [])

    def drop(self, name: str, why: str) -> None:
        note = f"{name}: {why}"
        if note not in self.dropped:
            self.dropped.append(note)


def is_null(value: object) -> bool:
    return isinstance(value, str) and value[:20].strip().lower() in NULLS | {""}
