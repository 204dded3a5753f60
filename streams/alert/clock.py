"""Stage 2's clock: the lowest of the latest ticks of all article partitions. Pure.

A backlog on one partition holds the clock back, so that an incident never ends early because news of it still waits.
After a start the clock stands until a partition has ticked twice: by then every partition that lives has ticked once.
"""

from streams.assess.record import Tick

__all__ = ["TickClock"]

_FORGET = 3_600_000
"""A partition without a tick for an hour of the others' time no longer counts: it may have been removed."""


class TickClock:
    """Keeps the latest tick of each article partition."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], int] = {}
        self._round = False

    def tick(self, tick: Tick) -> int | None:
        """Note `tick`; the clock (ms) after it, None while it stands. The clock of one partition never goes back."""
        key = (tick.topic, tick.partition)
        self._round = self._round or key in self._latest
        self._latest[key] = max(self._latest.get(key, 0), tick.time)
        newest = max(self._latest.values())
        live = [time for time in self._latest.values() if newest - time < _FORGET]
        return min(live) if self._round else None
