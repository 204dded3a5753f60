"""Which test articles are on their way, and for how long. Pure: the clock is an argument.

Guarantees: bounded; each mark comes in at most once. Refuses marks that were never sent, or given up.
"""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Arrival", "Probe"]

_MOST = 1_000
"""Marks on their way; the oldest are given up first."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article that came out as an alert: through which partition, after how many seconds."""

    partition: int
    seconds: float


class Probe:
    """What was sent and has not come. `patience`: seconds after which an article counts as overdue."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._waiting: dict[str, tuple[int, float]] = {}

    @property
    def waiting(self) -> int:
        """How many are on their way."""
        return len(self._waiting)

    def sent(self, mark: str, partition: int, now: float) -> int:
        """Note an article; how many older ones had to be given up for it."""
        self._waiting[mark] = (partition, now)
        return self._give_up(lambda _: False)

    def came(self, mark: str | None, now: float) -> Arrival | None:
        """Note an alert; None if it is of no article that is waited for."""
        found = self._waiting.pop(mark, None) if mark else None
        return None if found is None else Arrival(found[0], max(0.0, now - found[1]))

    def overdue(self, now: float) -> int:
        """Give up what is overdue; how many those were."""
        return self._give_up(lambda since: now - since >= self._patience)

    def _give_up(self, late: Callable[[float], bool]) -> int:
        marks = [mark for mark, (_, since) in self._waiting.items() if late(since)]
        marks += [mark for mark in list(self._waiting)[: max(0, len(self._waiting) - _MOST)] if mark not in marks]
        for mark in marks:
            del self._waiting[mark]
        return len(marks)
