"""Where commands write: results to standard output, everything else to standard error.

Guarantees: no colour and no control sequence where the output is no terminal, or NO_COLOR says so; text of articles
never acts (its control characters are shown as escapes, its brackets are no markup). Refuses nothing.
"""

import os
import sys
from typing import Any, NoReturn, TextIO

import orjson
from rich.console import Console
from rich.text import Text

from streams.observe.logs import escaped

__all__ = [
    "PipeClosedError",
    "debugging",
    "drop_stdout",
    "inert",
    "json_line",
    "line",
    "plain",
    "prepare_streams",
    "say",
    "stderr",
    "stdout",
]

_SENTENCE = 1_500


class PipeClosedError(Exception):
    """Whoever read our standard output has gone: stop, quietly."""


class _Console(Console):
    """Rich's console, which would otherwise end the process in its own way when a pipe closes."""

    def on_broken_pipe(self) -> NoReturn:
        raise PipeClosedError


def stdout(width: int | None = None) -> Console:
    """The console for results. Markup is off: brackets in any text stay brackets."""
    return _console(sys.stdout, width)


def stderr(width: int | None = None) -> Console:
    """The console for progress and remarks."""
    return _console(sys.stderr, width)


def _console(stream: TextIO, width: int | None) -> Console:
    return _Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def plain(console: Console) -> bool:
    """Whether colours can't carry meaning on `console`: words must."""
    return console.no_color or not console.is_terminal or console.color_system is None


def inert(text: str, style: str = "", most: int = 2_000) -> Text:
    """`text` on one line as something to print: control characters as escapes, nothing in it is markup."""
    return Text(escaped(text, most), style=style)


def say(sentence: str) -> None:
    """One sentence on standard error, prefixed with our name."""
    sys.stderr.write(f"tocsin: {escaped(sentence, _SENTENCE)}\n")
    sys.stderr.flush()


def json_line(value: Any) -> None:
    """`value` as one line of JSON on standard output, at once. Raises PipeClosedError."""
    line(orjson.dumps(value).decode())


def line(text: str) -> None:
    """`text` (ours, or made inert before) and a line break on standard output. Raises PipeClosedError."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise PipeClosedError from error


def prepare_streams() -> None:
    """Make both streams unable to fail on a character that their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def drop_stdout() -> None:
    """Send the rest of standard output nowhere, so that the interpreter's last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def debugging() -> bool:
    """Whether the settings ask for tracebacks."""
    from streams.errors import SettingsError
    from streams.settings import from_environment

    try:
        return from_environment().log_level == "DEBUG"
    except SettingsError:
        return False
