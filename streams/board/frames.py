"""Server-sent events (WHATWG HTML, 9.2): their bytes, and what a browser that comes back has missed. Pure.

Guarantees: numbers grow, over restarts, too, as long as the clock does not go back, since a run begins at the time in
microseconds; whoever comes back with the number of its last event gets every later one, or is told to begin anew.
Refuses a number that is none.
"""

import re
from collections import deque
from typing import Final

__all__ = ["KEEP_ALIVE", "RETRY", "Journal", "frame", "number_in"]

RETRY: Final = b"retry: 2000\n\n"
"""Milliseconds after which a browser comes back."""
KEEP_ALIVE: Final = b": still here\n\n"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_LINES: Final = re.compile(rb"\r\n|\r|\n")


def frame(event: str, data: bytes, number: int | None = None) -> bytes:
    """One event. Without a `number` a browser that comes back does not ask for it."""
    head = b"" if number is None else b"id: %d\n" % number
    lines = b"".join(b"data: " + line + b"\n" for line in _LINES.split(data))
    return b"%sevent: %s\n%s\n" % (head, event.encode("ascii"), lines)


def number_in(text: str | None) -> int | None:
    """The number that a browser says; None if it says none, or nonsense."""
    return int(text) if text and _NUMBER.fullmatch(text) else None


class Journal:
    """The last events, by number. `begin` is the time in microseconds; at most `most` are kept."""

    def __init__(self, begin: int, most: int = 512) -> None:
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=most)
        self.last = begin
        """The newest number."""
        self._before = begin
        """The number before the oldest event that is kept: who has it has missed nothing that is not here."""

    def append(self, event: str, data: bytes) -> bytes:
        """The next event's bytes."""
        self.last += 1
        made = frame(event, data, self.last)
        if len(self._kept) == self._kept.maxlen:
            self._before = self._kept[0][0]
        self._kept.append((self.last, made))
        return made

    def reset(self) -> bytes:
        """The bytes that tell everybody to begin anew; nothing before them can be resumed from."""
        self._kept.clear()
        self.last += 1
        self._before = self.last
        return frame("reset", b"{}", self.last)

    def since(self, number: int) -> list[bytes] | None:
        """The events after `number`; None if some are not here any more, or that number is not of this run."""
        if not self._before <= number <= self.last:
            return None
        return [made for at, made in self._kept if at > number]

    def anew(self) -> bytes:
        """The same as `reset`, for one browser."""
        return frame("reset", b"{}", self.last)
