"""Where everything stands when nothing moves: the stacks of all threads and tasks, in the log.

A consumer that died silently leaves no line behind, and the restart that follows destroys what could explain it. So a
thread of its own, which needs no event loop, looks on; it writes names of files and functions only, never a value.
"""

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import FrameType

__all__ = ["StuckDetector", "stacks"]

_LOOK = 1.0
_FRAMES = 12
_TASKS = 50
"""At most so many tasks, and frames of each stack: enough to see, and a bounded log."""

_log = logging.getLogger(__name__)


class StuckDetector:
    """Logs every stack once when `stuck_for()` reaches `after` seconds, and again only after it was below."""

    def __init__(self, stuck_for: Callable[[], float], after: float, look: float = _LOOK) -> None:
        self._stuck_for, self._after, self._look = stuck_for, after, look
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look. Call it in the thread whose event loop is to be shown."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(loop,), name="tocsin-stuck", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; nothing happens if it does not run."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        told = False
        while not self._end.wait(self._look):
            seconds = self._stuck_for()
            if seconds < self._after:
                told = False
            elif not told:
                told = True
                _log.error("no progress for %.0f s with work at hand: /livez fails; here is where all stand", seconds)
                for line in stacks(loop):
                    _log.error("%s", line)


def stacks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """One line for each thread but the caller's, and for each task of `loop`: innermost frame first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            yield f"thread {names.get(ident, ident)}: {_chain(frame)}"
    try:
        tasks = list(asyncio.all_tasks(loop))
    except RuntimeError:  # tasks came and went while we looked
        return
    for task in tasks[:_TASKS]:
        coroutine = task.get_coro()
        name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
        frames = task.get_stack(limit=_FRAMES)
        yield f"task {name}: {' < '.join(_place(frame) for frame in reversed(frames)) or 'done'}"


def _chain(frame: FrameType) -> str:
    frames = (found for found, _ in traceback.walk_stack(frame))
    return " < ".join(_place(found) for found in islice(frames, _FRAMES))


def _place(frame: FrameType) -> str:
    code = frame.f_code
    path = Path(code.co_filename)
    return f"{code.co_qualname} ({path.parent.name}/{path.name}:{frame.f_lineno})"
