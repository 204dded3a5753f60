"""Workers as an orchestrator keeps them: started again when they end, asked whether they live, and how they ended kept.

What a worker may end with depends on what was done to it, so that is noted for each process: signals sent, memory
taken away, and what its log says of fault points.
"""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.kafka.tools import Worker, until

__all__ = ["Crew", "Ended", "Member", "NobodyError", "Stage"]

Stage = Literal["assess", "alert"]
_GRACE = 60.0
"""Seconds from SIGTERM to the end, at most (streams.process)."""
_LOOK = 3.0


class NobodyError(Exception):
    """No worker of the stage lives, and was not told to end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: exit code (negative: that signal) and what was done to it before."""

    stage: Stage
    code: int
    signals: tuple[int, ...]
    squeezed: bool
    waited: float
    """Seconds from SIGTERM to its end; 0 if it was not told to."""
    log: Path
    pid: int

    @property
    def stuck(self) -> bool:
        """Whether it took longer to end than it may, or had to be killed for that."""
        return self.waited > _GRACE

    @property
    def odd(self) -> bool:
        """Whether the code is none that is documented (streams.errors) for what was done."""
        if self.signals and self.signals[-1] == signal.SIGKILL:
            return self.code not in (-signal.SIGKILL, *self._of_faults)
        told = (0,) if signal.SIGTERM in self.signals else ()
        return self.code not in (*told, 4, *self._of_faults)

    @property
    def _of_faults(self) -> tuple[int, ...]:
        """Codes of faults of our own: only where a fault was made."""
        marked = (self.log.parent / "faults" / f"failed-{self.pid}").exists()
        made = self.squeezed or marked or "fault point" in self.log.read_text("utf-8", "replace")
        if not made:
            return ()
        # Who is ending of a fault already has no handler for a signal any more.
        codes = (4, 5, 70, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGUSR1)
        # Without memory a process may end by its own hand in several ways, also in the interpreter or a library.
        return (*codes, 1, -signal.SIGABRT, -signal.SIGSEGV) if self.squeezed else codes


@dataclass
class Member:
    """One process at a time, in a place that is to be filled as long as `wanted`."""

    stage: Stage
    worker: Worker
    wanted: bool = True
    ready: bool = False
    squeezed: bool = False
    signals: list[int] = field(default_factory=list)
    told_at: float | None = None
    again_at: float | None = None

    @property
    def alive(self) -> bool:
        return self.worker.process.poll() is None

    @property
    def pid(self) -> int:
        return self.worker.process.pid

    def send(self, number: int) -> None:
        """Send the process a signal, if it lives, and note it."""
        if self.alive:
            self.signals.append(number)
            if number == signal.SIGTERM and self.told_at is None:
                self.told_at = time.monotonic()
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def replace(self, worker: Worker) -> None:
        """A new process in this place."""
        self.worker, self.ready, self.squeezed = worker, False, False
        self.signals, self.told_at, self.again_at = [], None, None

    def ended(self) -> Ended:
        """How its process ended; only when it did."""
        waited = 0.0 if self.told_at is None else time.monotonic() - self.told_at
        code = self.worker.process.returncode
        return Ended(self.stage, code, tuple(self.signals), self.squeezed, waited, self.worker.log, self.pid)


class Crew:
    """All members. `start` makes a process of a stage."""

    def __init__(self, start: Callable[[Stage], Worker], chance: random.Random) -> None:
        self._start, self._chance = start, chance
        self.members: list[Member] = []
        self.ended: list[Ended] = []
        self.frozen: set[int] = set()
        self.standstills: list[str] = []
        """What `/livez` said, when it was not well."""

    def hire(self, stage: Stage) -> Member:
        """Start one more worker, in a place of its own."""
        member = Member(stage, self._start(stage))
        self.members.append(member)
        return member

    def living(self, stage: Stage, *, ready: bool) -> list[Member]:
        """Members of the stage whose process runs, is not stopped and was not told to end; `ready`: and was so once."""
        return [
            member
            for member in self.members
            if member.stage == stage
            and member.alive
            and member.told_at is None
            and member.pid not in self.frozen
            and (member.ready or not ready)
        ]

    async def pick(self, stage: Stage, chance: random.Random, *, ready: bool = True) -> Member:
        """One of the living; waits for one. Raises NobodyError if there is none for two minutes."""

        async def found() -> list[Member]:
            return self.living(stage, ready=ready)

        try:
            return chance.choice(await until(found, 120, f"a living {stage} worker", 0.1))
        except AssertionError as error:
            raise NobodyError(str(error)) from None

    async def wait_ready(self, seconds: float = 120) -> None:
        """Until every member says that it is ready."""
        for member in list(self.members):
            await asyncio.to_thread(member.worker.wait_ready, seconds)
            member.ready = True

    async def keep(self) -> None:
        """Start again what ended, and ask what lives, for ever."""
        looked = time.monotonic()
        while True:
            for member in list(self.members):
                self._fill(member)
            if time.monotonic() - looked >= _LOOK:
                await asyncio.gather(*(self._ask(member) for member in list(self.members)))
                looked = time.monotonic()
            await asyncio.sleep(0.1)

    def _fill(self, member: Member) -> None:
        if member.alive:
            if member.told_at is not None and time.monotonic() - member.told_at > _GRACE:
                member.send(signal.SIGKILL)  # noted: it waited longer than it may
            return
        if member.again_at is None:
            self.ended.append(member.ended())
            member.again_at = time.monotonic() + self._chance.uniform(0.2, 2.0)
        if not member.wanted:
            self.members.remove(member)
        elif time.monotonic() >= member.again_at:
            member.replace(self._start(member.stage))

    async def _ask(self, member: Member) -> None:
        if not member.alive or member.pid in self.frozen:
            return
        pid, page = member.pid, "livez" if member.ready else "readyz"
        with suppress(OSError):
            status, text = await asyncio.to_thread(member.worker.status, page)
            if member.pid != pid:
                return
            if not member.ready:
                member.ready = status == 200
            elif status != 200 and member.told_at is None:
                self.standstills.append(f"{member.stage}: {text.strip()}; {member.worker.log}")

    async def stop(self, *stages: Stage) -> None:
        """End every worker of these stages with SIGTERM and wait; what does not end is killed, and noted as stuck."""
        leaving = [member for member in self.members if member.stage in stages]
        for member in leaving:
            member.wanted = False
            member.send(signal.SIGTERM)
        for member in leaving:
            left = _GRACE + 1 - (time.monotonic() - (member.told_at or time.monotonic()))
            try:
                await asyncio.to_thread(member.worker.process.wait, max(0.1, left))
            except subprocess.TimeoutExpired:
                member.send(signal.SIGKILL)
                await asyncio.to_thread(member.worker.process.wait)
            if member.again_at is None:
                self.ended.append(member.ended())
        self.members = [member for member in self.members if member not in leaving]
