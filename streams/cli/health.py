"""`tocsin health`: asks a process of ours how it is, for orchestrators that have no HTTP client at hand.

Guarantees: one request to this machine, five seconds at most, exit code 0 or 1. Refuses any other host.
"""

from enum import StrEnum
from typing import Annotated

import typer

__all__ = ["health"]

_SECONDS = 5.0


class Page(StrEnum):
    """What can be asked."""

    livez = "livez"
    readyz = "readyz"


def health(
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Port of the process on this machine.")],
    page: Annotated[
        Page, typer.Option(help="livez: does it make progress; readyz: has it begun to work.")
    ] = Page.livez,
) -> None:
    """Ask a worker, canary or board on this machine how it is; exit code 1 if it is not well or does not answer."""
    from http.client import HTTPConnection, HTTPException

    from streams.cli.output import line, say

    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", f"/{page}")
        answer = connection.getresponse()
        said = answer.read(500).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as error:
        say(f"nothing answers at 127.0.0.1:{port}/{page}: {type(error).__name__}")
        raise typer.Exit(1) from error
    finally:
        connection.close()
    if answer.status != 200:
        say(f"127.0.0.1:{port}/{page} answers {answer.status}: {said}")
        raise typer.Exit(1)
    line(said)
