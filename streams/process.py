"""Stages as processes: one stage in this process, or both as children of a supervisor that ends with the first.

Two processes, not two apps in one: the classifier's work then never delays an alert, and either can be killed and
started by itself. The supervisor restarts nothing; that is the orchestrator's business, which must see the exit code.
"""

import logging
import signal
import subprocess
import time
from collections.abc import Sequence
from types import FrameType
from typing import Literal

from streams.errors import exit_code_of
from streams.settings import Settings

__all__ = ["Stage", "run_both", "run_stage"]

Stage = Literal["assess", "alert"]
_GRACE = 60.0
"""Seconds that a stage may take to drain after SIGTERM before it is killed (see streams.checks.worst_drain)."""

_log = logging.getLogger(__name__)


def run_stage(stage: Stage, settings: Settings) -> int:
    """Run one stage until SIGTERM, SIGINT or a fault; the exit code."""
    from streams.worker import StageWorker  # brings Faust: the supervisor of both stages has no use for it

    worker = StageWorker.of(stage, settings)
    _log.info("stage %s starts; brokers %s", stage, settings.brokers)
    code = worker.run()
    fault = worker.fault
    if fault is None:
        _log.info("stage %s stopped", stage)
        return code
    _log.error("stage %s ends: %s", stage, fault)
    return exit_code_of(fault)


def run_both(command: Sequence[str], assess: Sequence[str] = ()) -> int:
    """Run `command` once with `--stages assess` and once with `--stages alert`; end both when one ends.

    `assess` are further arguments for the assess stage alone.

    SIGTERM and SIGINT are passed on. The exit code is that of the first that ended by itself, 0 after a signal
    if both drained.
    """
    further: dict[str, Sequence[str]] = {"assess": assess, "alert": ()}
    children = [subprocess.Popen([*command, "--stages", stage, *more]) for stage, more in further.items()]
    asked = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        _end(children)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while all(child.poll() is None for child in children):
        time.sleep(0.1)
    first = next(code for code in (child.poll() for child in children) if code is not None)
    _end(children)
    deadline = time.monotonic() + _GRACE
    codes = []
    for child in children:
        try:
            codes.append(child.wait(max(0.1, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            child.kill()
            codes.append(child.wait())
    if asked:
        return next((_positive(code) for code in codes if code), 0)
    return _positive(first) or 1


def _end(children: Sequence["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()


def _positive(code: int) -> int:
    """A shell's exit code: 128 + the signal's number for a process that a signal ended."""
    return 128 - code if code < 0 else code
