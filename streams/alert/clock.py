"""Stage 2's clock: the lowest of the latest ticks of all article partitions. Pure values.

A backlog on one partition holds the clock back, so that an incident never ends early because news of it still waits.
At the very first start the clock stands until a partition has ticked twice: by then every partition that lives has
ticked once. Each assessments partition has a clock of its own, kept in the table beside its incidents: so what time
ends depends on what stands on that partition only, not on who works on it, nor on how often it was started.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter

from streams.assess.record import Tick

__all__ = ["Clock", "decode", "encode"]

_FORGET = 3_600_000
"""A partition without a tick for an hour of the others' time no longer counts: it may have been removed."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The latest tick (ms) of each article partition (topic, number), sorted; `round` once one has ticked twice."""

    latest: tuple[tuple[str, int, int], ...] = ()
    round: bool = False

    def after(self, tick: Tick) -> "Clock":
        """The clock after `tick`. A repeated or late one changes nothing: time of a partition never goes back."""
        known = {(topic, number): time for topic, number, time in self.latest}
        key = (tick.topic, tick.partition)
        later = key in known and tick.time > known[key]
        known[key] = max(known.get(key, 0), tick.time)
        return Clock(tuple((*key, time) for key, time in sorted(known.items())), self.round or later)

    @property
    def now(self) -> int | None:
        """The time (ms), None while it stands."""
        if not self.round:
            return None
        newest = max(time for *_, time in self.latest)
        return min(time for *_, time in self.latest if newest - time < _FORGET)


_ADAPTER = TypeAdapter(Clock)


def encode(clock: Clock) -> bytes:
    """JSON for the table."""
    return _ADAPTER.dump_json(clock)


def decode(value: bytes) -> Clock:
    """The clock in `value`. Raises ValueError."""
    return _ADAPTER.validate_json(value)
