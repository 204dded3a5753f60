"""`tocsin demo`: the whole path on this machine in one command. Broker, worker, crawlers' records, alerts.

Guarantees: what is shown was read from the alerts topic, where the worker put it; exit code 0 only when every article
has ended; nothing is left running. Refuses to use your Kafka or your settings.
"""

from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Alerts as JSON lines on standard output.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Also start the board, and leave all of it running until Ctrl-C.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Send only the first N articles.")] = None,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, metavar="N", help="Articles a second.")] = 2.0,
) -> None:
    """See it work: starts a broker and a worker, replays bundled articles, shows the alerts.

    No Kafka and no network needed; takes about a minute and a half, and cleans up after itself.
    """
    from streams.cli import running
    from streams.cli.demo_run import Installation
    from streams.cli.demo_show import Show

    show = Show(as_json=as_json)
    show.note("starting an embedded broker")
    with Installation(board=keep) as installation:
        code = running.run(installation.settings, show.play(installation, limit=limit, rate=rate, keep=keep))
    raise typer.Exit(code)
