"""Alerts to sinks: what is wanted is told once, and no alert is lost because a sink was away.

Guarantees: an alert id that was told is not told again; what a watch list lets through is tried until every sink has
taken it or refused it for good; an Update or Cancel of an incident that was told is told, too, whatever its severity.
Pure but for the sinks; the clock is an argument. Refuses nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from streams.alert.record import Alert
from streams.bots.sinks import Sink, SinkError
from streams.bots.watch import WatchList

__all__ = ["Notifier"]

_REMEMBERED: Final = 10_000
_WAITS: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds between attempts at a sink that is away; the last one for ever."""

Say = Callable[[str], None]


class Notifier:
    """Tells sinks of alerts. `say` gets one sentence about what went wrong; `sleep` is for tests."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        watch: WatchList,
        say: Say,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sinks, self._watch, self._say, self._sleep = tuple(sinks), watch, say, sleep
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._told: OrderedDict[str, None] = OrderedDict()
        self.sent = 0
        """Notifications that sinks have taken."""

    def wanted(self, alert: Alert, now: datetime) -> bool:
        """Whether `alert` is to be told at `now`; from then on its id is known."""
        if alert.alert_id in self._seen:
            return False
        _remember(self._seen, alert.alert_id)
        if alert.incident_id not in self._told and self._watch.refusal(alert, now) is not None:
            return False
        _remember(self._told, alert.incident_id)
        return True

    async def tell(self, alert: Alert) -> None:
        """Return when every sink has taken or refused it."""
        await asyncio.gather(*(self._tell(sink, alert) for sink in self._sinks))

    async def _tell(self, sink: Sink, alert: Alert) -> None:
        for attempt in range(1_000_000):
            try:
                await sink.send(alert)
            except SinkError as error:
                if not error.passing:
                    self._say(f"{error}: {alert.alert_id} is not told there")
                    return
                wait = _WAITS[min(attempt, len(_WAITS) - 1)]
                self._say(f"{error}: again in {wait:g} s")
                await self._sleep(wait)
            else:
                self.sent += 1
                return


def _remember(known: "OrderedDict[str, None]", name: str) -> None:
    known[name] = None
    known.move_to_end(name)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
