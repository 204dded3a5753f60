"""How fast one host is asked: an interval between the beginnings of requests, and what the host itself asks for.

Guarantees: pure, the clock is an argument; no host's wish makes us wait for more than a day, or asks for more than a
minute between two requests. Refuses nothing: what can't be read counts as not said.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from streams.feeds.faults import DAY

__all__ = ["Pace", "retry_after"]

_LONGEST_DELAY: Final = 60.0
_REMEMBERED: Final = 2_000


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3: seconds, or a date) asks for, at most a day."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return DAY if len(text) > 6 else min(float(text), DAY)
    try:
        date = parsedate_to_datetime(text[:64])
        stamp = (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(0.0, stamp - now), DAY)


class Pace:
    """When each host may be asked next. `interval`: seconds between the beginnings of two requests."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._free: dict[str, float] = {}
        self._delay: dict[str, float] = {}

    def wait(self, host: str, now: float) -> float:
        """Seconds from `now` until `host` may be asked."""
        return max(0.0, self._free.get(host, 0.0) - now)

    def asked(self, host: str, now: float) -> None:
        """Note that a request to `host` begins."""
        until = now + max(self._interval, self._delay.get(host, 0.0))
        self._free[host] = max(self._free.get(host, 0.0), until)
        if len(self._free) > _REMEMBERED:
            self._free = {name: free for name, free in self._free.items() if free > now}
            self._delay = {name: delay for name, delay in self._delay.items() if name in self._free}

    def delay(self, host: str, seconds: float | None) -> None:
        """Note what a host's robots.txt asks for between two requests (at most a minute is granted)."""
        if seconds is not None and seconds > 0:
            self._delay[host] = min(float(seconds), _LONGEST_DELAY)

    def hold(self, host: str, now: float, seconds: float) -> None:
        """Note that `host` asked to be left alone for `seconds`."""
        self._free[host] = max(self._free.get(host, 0.0), now + min(seconds, DAY))
