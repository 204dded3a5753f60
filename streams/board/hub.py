"""Frames to browsers, each with a queue of its own.

Guarantees: publishing never waits: who reads so slowly that its queue is full is cut off, and comes back by itself
with the number of its last event. The number of browsers is bounded. Refuses one more than that.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

__all__ = ["CrowdedError", "Hub", "Subscriber"]

_WAITING: Final = 256
"""Frames that may wait for one browser."""
_BROWSERS: Final = 200


class CrowdedError(Exception):
    """As many browsers as we serve are connected."""


class Subscriber:
    """One browser. `cut` ends its connection at once, without waiting for it."""

    def __init__(self, first: Sequence[bytes], cut: Callable[[], None], waiting: int) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(waiting)
        self._first, self._cut = list(first), cut
        self.dropped = False
        """Whether it was cut off."""

    def put(self, frame: bytes | None) -> bool:
        """Queue `frame` (None: the end). False, and the browser is cut off, if there is no room."""
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.dropped = True
            self._cut()
        return not self.dropped

    async def next(self) -> bytes | None:
        """The next bytes to send, as many as wait; None when it is over."""
        if self._first:
            found, self._first = b"".join(self._first), []
            return found
        frame = await self._queue.get()
        if frame is None or self.dropped:
            return None
        frames = [frame]
        while not self._queue.empty():
            more = self._queue.get_nowait()
            if more is None:
                self._queue.put_nowait(None)
                break
            frames.append(more)
        return b"".join(frames)


class Hub:
    """All browsers that are connected."""

    def __init__(self, waiting: int = _WAITING, most: int = _BROWSERS) -> None:
        self._waiting, self._most = waiting, most
        self._all: set[Subscriber] = set()
        self.dropped = 0
        """Browsers that were cut off because they read too slowly."""

    def __len__(self) -> int:
        return len(self._all)

    @contextmanager
    def joined(self, first: Sequence[bytes], cut: Callable[[], None]) -> Iterator[Subscriber]:
        """A browser that gets the frames `first`, then all that are published from now on. Raises CrowdedError."""
        if len(self._all) >= self._most:
            raise CrowdedError
        one = Subscriber(first, cut, self._waiting)
        self._all.add(one)
        try:
            yield one
        finally:
            self._all.discard(one)

    def publish(self, frame: bytes) -> None:
        """Queue `frame` for everybody."""
        for one in list(self._all):
            if not one.put(frame):
                self._all.discard(one)
                self.dropped += 1

    def close(self) -> None:
        """Tell everybody that it is over."""
        for one in list(self._all):
            one.put(None)
        self._all.clear()
