"""Stage 2's clock: the lowest of the latest ticks of all article partitions. Pure values.

A backlog on one partition holds the clock back, so that an incident never ends early because news of it still waits.
At the very first start the clock stands until a partition has ticked twice: by then every partition that lives has
ticked once. Each assessments partition has a clock of its own, kept in the table beside its incidents: so what time
ends depends on what stands on that partition only, not on who works on it, nor on how often it was started.

Silence is counted in turns, and not in time alone: after a stop of days the first tick is days later than all others,
and a machine's clock may be days ahead. Neither says that the other partitions are gone.
"""

from dataclasses import dataclass

from streams.assess.record import Tick

__all__ = ["MOST", "Clock"]

_FORGET_TURNS = 60
_FORGET_MS = 3_600_000
"""A partition that said nothing for so many turns, and is so far behind the newest tick, no longer counts: it may have
been removed. A turn is over when a partition ticks a later time again; by default partitions tick once a minute."""

MOST = 3_000
"""Partitions that one clock can hold. Their ticks are our own, but the clock is a record, and records have a size."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The latest tick (ms) of each article partition (topic, number), sorted, with its turn; and the present turn."""

    latest: tuple[tuple[str, int, int, int], ...] = ()
    turn: int = 0

    def after(self, tick: Tick) -> "Clock":
        """The clock after `tick`. Time of a partition never goes back: a late tick only says that it is there.

        Raises ValueError for one partition too many.
        """
        known = {(topic, number): (time, turn) for topic, number, time, turn in self.latest}
        key = (tick.topic, tick.partition)
        time, turn = known.get(key, (-1, -1))
        present = self.turn + (turn == self.turn and tick.time > time)
        known[key] = (max(tick.time, time), present)
        newest = max(time for time, _ in known.values())
        kept = tuple(
            (*key, time, turn)
            for key, (time, turn) in sorted(known.items())
            if present - turn <= _FORGET_TURNS or newest - time <= _FORGET_MS
        )
        if len(kept) > MOST:
            raise ValueError(f"ticks of more than {MOST} article partitions")
        return Clock(kept, present)

    def at(self, tick: Tick) -> int | None:
        """The time (ms) that may end incidents when `tick` is taken, None while the clock stands.

        Never later than the tick itself: one that comes again, or after a clock that was ahead, says no more than it
        said.
        """
        if self.turn == 0:
            return None
        return min(tick.time, *(time for _, _, time, _ in self.latest))
