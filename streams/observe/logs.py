"""Log lines that an operator can read: one line each, control characters escaped, long ones clipped.

Articles' text goes into a log only where two models are compared (clipped), and where an error's text carries some; it
can't break a line or colour a terminal. aiokafka's storm of retries during an outage is reduced to one line a minute
with a count.
"""

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["configure", "escaped"]

_MOST = 2_000
_QUIET_SECONDS = 60.0
_STORMY = ("aiokafka", "faust.transport.drivers.aiokafka", "mode", "faust.transport.consumer")


def escaped(text: str, most: int = _MOST) -> str:
    """`text` on one line: whatever is not printable as an escape, clipped to `most` characters."""
    clipped = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in clipped)


class _Line(logging.Formatter):
    """`time level logger: message` for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        line = f"{moment} {record.levelname.lower():7} {record.name}: {escaped(record.getMessage())}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + "\n".join(_traceback(record.exc_info[1]))
        return line


def _traceback(error: BaseException) -> list[str]:
    """Lines of a traceback, the exceptions' own texts escaped: they may hold what somebody else wrote."""
    lines = [part for frame in traceback.format_tb(error.__traceback__) for part in frame.splitlines()]
    lines += [escaped(part.rstrip("\n")) for part in traceback.format_exception_only(error)]
    cause = error.__cause__ or error.__context__
    return lines if cause is None else [*_traceback(cause), "which led to", *lines]


class _Json(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": escaped(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = escaped(self.formatException(record.exc_info), 4 * _MOST)
        return json.dumps(entry, ensure_ascii=False)


class _Storm(logging.Filter):
    """Lets one line a minute through per logger and level of those that repeat themselves, with a count."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}
        self._held: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        stormy = any(record.name == name or record.name.startswith(f"{name}.") for name in _STORMY)
        if record.levelno < logging.WARNING or not stormy:
            return True
        key = (record.name, record.levelno)
        now = time.monotonic()
        if now - self._last.get(key, -_QUIET_SECONDS) < _QUIET_SECONDS:
            self._held[key] = self._held.get(key, 0) + 1
            return False
        self._last[key] = now
        held = self._held.pop(key, 0)
        if held:
            record.msg = f"{record.getMessage()} (and {held} more like it in the last minute)"
            record.args = ()
        return True


def configure(level: str, *, machine: bool, stream: TextIO | None = None) -> None:
    """Set the root logger up: to standard error, JSON if `machine`. Framework chatter below WARNING is dropped."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if machine else _Line())
    handler.addFilter(_Storm())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("aiokafka", "faust", "mode", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel("DEBUG" if level == "DEBUG" else "WARNING")
    logging.captureWarnings(True)
