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

import faust

from streams.app import alert_app, assess_app
from streams.errors import TocsinError
from streams.settings import Settings

__all__ = ["Stage", "run_both", "run_stage"]

Stage = Literal["assess", "alert"]
_GRACE = 60.0
"""Seconds that a stage may take to drain after SIGTERM before it is killed (see streams.checks.worst_drain)."""

_log = logging.getLogger(__name__)


class _Worker(faust.Worker):
    """Faust's worker without its own logging, spinner, and debugger on SIGUSR2."""

    def _install_signal_handlers_unix(self) -> None:
        self.loop.add_signal_handler(signal.SIGINT, self._on_sigint)
        self.loop.add_signal_handler(signal.SIGTERM, self._on_sigterm)


def run_stage(stage: Stage, settings: Settings) -> int:
    """Run one stage until SIGTERM, SIGINT or a fault; the exit code."""
    app = assess_app(settings) if stage == "assess" else alert_app(settings)
    worker = _Worker(app, quiet=True, override_logging=False, redirect_stdouts=False, loglevel="WARN")
    worker.spinner = None
    _log.info("stage %s starts; brokers %s", stage, settings.brokers)
    try:
        worker.execute_from_commandline()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0
    except TocsinError as error:
        app.fault = app.fault or error
        code = 1
    except Exception as error:  # noqa: BLE001  (Faust re-raises what crashed it)
        app.fault = app.fault or error
        code = 1
    if app.fault is None:
        _log.info("stage %s stopped", stage)
        return code
    _log.error("stage %s ends: %s", stage, app.fault)
    return app.fault.exit_code if isinstance(app.fault, TocsinError) else TocsinError.exit_code


def run_both(command: Sequence[str]) -> int:
    """Run `command` once with `--stages assess` and once with `--stages alert`; end both when one ends.

    SIGTERM and SIGINT are passed on. The exit code is that of the first that ended by itself, 0 after a signal
    if both drained.
    """
    children = [subprocess.Popen([*command, "--stages", stage]) for stage in ("assess", "alert")]
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
