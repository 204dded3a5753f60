"""`tocsin board`: the alerts as a page that lives, for a browser on this machine.

Guarantees: the address goes to standard error once the page is served; without a broker it is served all the same,
says since when it hears nothing, and goes on trying. Joins no group and commits nothing. Refuses a taken port (exit 7)
and requests by any name but this machine's.
"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["board"]


def board(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, metavar="N", help="Port instead of TOCSIN_BOARD_PORT; 0: any free one."),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            metavar="NAME",
            help="Also answer requests for this host name (behind a proxy of yours). May be repeated.",
        ),
    ] = None,
) -> None:
    """Show the alerts in a browser, from now on and of the last days, until interrupted."""
    from streams.assess.places import country_names
    from streams.board.run import serve
    from streams.board.source import AlertsTopic
    from streams.cli import running
    from streams.settings import from_environment

    settings = from_environment(**({} if port is None else {"board_port": port}))
    source = AlertsTopic(settings).follow
    running.run(settings, serve(settings, source, country_names(), _began(open_page), host or ()))


def _began(open_page: bool) -> "Callable[[str], None]":
    from streams.cli.output import say

    def began(address: str) -> None:
        say(f"the board is at {address}")
        if open_page:
            import webbrowser

            if not webbrowser.open(address):
                say("no browser could be opened")

    return began
