"""Parsers of hostile text, in a process of their own that can be ended.

Guarantees: one piece of work at a time, each within its seconds, after which the process is killed and another takes
its place; a crash below (or no memory) costs that piece of work. Refuses nothing. WHY a process: some markup takes
these parsers quadratic time, hours for a page of 3 MiB, and a thread that is lost can't be ended.
"""

import asyncio
import contextlib
import multiprocessing
import resource
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, Final, ParamSpec, Protocol, TypeVar

__all__ = ["Aside", "Helper"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MEMORY: Final = 2 * 1024**3
"""Bytes of address space for a child: honest feeds and pages take a tenth of it."""


class Helper(Protocol):
    """Who does slow work for us."""

    async def run(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """What `work` (a function of a module) gives. Raises what it raises, and TimeoutError if it is too slow."""


class Aside:
    """One child process, started when it is first needed. `seconds`: for one piece of work, starting included."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tocsin-aside")
        self._child: tuple[multiprocessing.process.BaseProcess, Connection] | None = None

    async def run(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """As `Helper.run`. Also TimeoutError for a child that died over it."""
        async with self._turn:
            asked = asyncio.get_running_loop().run_in_executor(self._thread, self._ask, (work, args, more))
            try:
                good, value = await asked
            except asyncio.CancelledError:
                self._end()  # ORDER: the thread waits for the child, so it returns now
                raise
        if not good:
            raise value
        found: _T = value
        return found

    def close(self) -> None:
        """End the child, whatever it does."""
        self._end()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._end()

    def _ask(self, job: tuple[Any, ...]) -> tuple[bool, Any]:
        try:
            pipe = self._pipe()
            pipe.send(job)
            if not pipe.poll(self._seconds):
                raise TimeoutError("too slow")
            answer: tuple[bool, Any] = pipe.recv()
        except BaseException as error:
            self._end()
            if isinstance(error, EOFError | OSError) and not isinstance(error, TimeoutError):
                raise TimeoutError("the child died") from error
            raise
        return answer

    def _pipe(self) -> Connection:
        if self._child is None or not self._child[0].is_alive():
            self._end()
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            child = context.Process(target=_work, args=(theirs,), name="tocsin-aside", daemon=True)
            child.start()
            theirs.close()
            self._child = (child, ours)
        return self._child[1]

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        process, pipe = child
        process.kill()
        process.join()
        process.close()
        pipe.close()


def _work(pipe: Connection) -> None:
    """The child: one answer for each job, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the parent decides
    with contextlib.suppress(ValueError, OSError):  # not every system has that limit
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    while True:
        try:
            work, args, more = pipe.recv()
        except EOFError:
            return
        try:
            answer = (True, work(*args, **more))
        except MemoryError:
            return  # the parent sees the end of us, and goes on without that piece of work
        except Exception as error:  # noqa: BLE001  (raised again by the parent)
            answer = (False, error)
        pipe.send(answer)
