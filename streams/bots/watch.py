"""A watch list: which alerts a person wants, and when. Pure: an alert and the time in, yes or no and why out.

Guarantees: an Extreme alert always passes, whatever the list says of countries, events, quiet hours and mutes (unless
`extreme = "watched"`, which leaves it the countries and events). Refuses a file with anything in it that it does not
know.
"""

from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, TypeAdapter, with_config

from streams.alert.record import Alert, Event, Severity
from streams.alert.rules import rank
from streams.tables import read

__all__ = ["EVERYTHING", "Mute", "Quiet", "Watch", "WatchList", "load"]

_STRICT = ConfigDict(extra="forbid")
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


def _clock(value: object) -> object:
    return value if isinstance(value, time) else time.fromisoformat(str(value))


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except Exception as error:  # zoneinfo raises several, for names that are no names
        raise ValueError(f"{value!r} is no time zone like Europe/Berlin") from error


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Watch:
    """Alerts of these countries and events (none named: all) that are at least so severe."""

    countries: frozenset[Country] = frozenset()
    events: frozenset[Event] = frozenset()
    severity: Severity = "Unknown"

    def takes(self, alert: Alert, *, floor: bool = True) -> bool:
        """Whether `alert` is one of them; without the `floor` whatever its severity."""
        return (
            (not self.countries or alert.country in self.countries)
            and (not self.events or alert.event in self.events)
            and (not floor or rank(alert.severity) >= rank(self.severity))
        )


@with_config(ConfigDict(extra="forbid", arbitrary_types_allowed=True))
@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nothing less severe than `severity` is told; `start` after `end` is over midnight."""

    start: Annotated[time, BeforeValidator(_clock)]
    end: Annotated[time, BeforeValidator(_clock)]
    zone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    severity: Severity = "Extreme"

    def holds(self, now: datetime) -> bool:
        """Whether it is quiet at `now` (aware)."""
        clock = now.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Mute:
    """Not these, until then (for good, where no time is given)."""

    countries: frozenset[Country] = frozenset()
    events: frozenset[Event] = frozenset()
    until: AwareDatetime | None = None

    def holds(self, alert: Alert, now: datetime) -> bool:
        """Whether `alert` is muted at `now` (aware)."""
        same = (not self.countries or alert.country in self.countries) and (
            not self.events or alert.event in self.events
        )
        return same and (self.until is None or now < self.until)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class WatchList:
    """The whole file. Without a `watch` everything is wanted."""

    watch: tuple[Watch, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    mute: tuple[Mute, ...] = ()
    extreme: Literal["always", "watched"] = "always"

    def refusal(self, alert: Alert, now: datetime) -> str | None:
        """Why `alert` is not wanted at `now` (aware): `not_watched`, `below_floor`, `muted`, `quiet_hours`; None if it
        is wanted.
        """
        extreme = alert.severity == "Extreme"
        if extreme and self.extreme == "always":
            return None
        if self.watch and not any(one.takes(alert) for one in self.watch):
            named = any(one.takes(alert, floor=False) for one in self.watch)
            return "below_floor" if named else "not_watched"
        if extreme:
            return None
        if any(one.holds(alert, now) for one in self.mute):
            return "muted"
        if any(one.holds(now) and rank(alert.severity) < rank(one.severity) for one in self.quiet):
            return "quiet_hours"
        return None


EVERYTHING = WatchList()
_ADAPTER: TypeAdapter[WatchList] = TypeAdapter(WatchList)


def load(path: Path) -> WatchList:
    """The list in `path`. Raises SettingsError, naming what is wrong in it."""
    return read(path, _ADAPTER, f"the watch list {path}")
