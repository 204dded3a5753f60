"""`tocsin topics`: make the topics of an installation, and look at them.

Guarantees: making them again changes nothing that is there. Refuses to alter or delete a topic.
"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.settings import Settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make and list the topics.")

_JSON = typer.Option("--json", help="One JSON object a topic, one a line.")


@app.command()
def create(as_json: Annotated[bool, _JSON] = False) -> None:
    """Make every topic that is missing, with the settings' partitions, replication and retention."""
    from streams.cli import running
    from streams.cli.output import json_line, stdout
    from streams.kafka import topics
    from streams.settings import from_environment

    settings = from_environment()
    made = running.run(settings, topics.create(settings))
    console = stdout()
    for spec in topics.specs(settings):
        if as_json:
            json_line({"topic": spec.name, "made": made[spec.name], "partitions": spec.partitions, "why": spec.why})
        else:
            console.print(f"{'made ' if made[spec.name] else 'there'}  {spec.name}  ({spec.why})", soft_wrap=True)


@app.command("list")
def list_(as_json: Annotated[bool, _JSON] = False) -> None:
    """List the topics of this installation: what should be there, and what is."""
    from streams.cli import running
    from streams.kafka import topics
    from streams.settings import from_environment

    settings = from_environment()
    found = running.run(settings, topics.existing(settings))
    _show(settings, found, as_json=as_json)


def _show(settings: "Settings", found: dict[str, int], *, as_json: bool) -> None:
    from rich.table import Table

    from streams.cli.output import json_line, line, stdout
    from streams.kafka import topics

    console = stdout()
    table = Table(box=None, pad_edge=False)
    for name in ("topic", "partitions", "wanted", "for"):
        table.add_column(name, no_wrap=name != "for", justify="right" if name in ("partitions", "wanted") else "left")
    for spec in topics.specs(settings):
        there = found.get(spec.name)
        if as_json:
            json_line({"topic": spec.name, "partitions": there, "wanted": spec.partitions, "why": spec.why})
        elif console.is_terminal:
            table.add_row(spec.name, "missing" if there is None else str(there), str(spec.partitions), spec.why)
        else:
            shown = "missing" if there is None else there
            line(f"{spec.name}\t{shown}\t{spec.partitions}\t{spec.why}")
    if console.is_terminal and not as_json:
        console.print(table)
    missing = [spec.name for spec in topics.specs(settings) if spec.name not in found]
    if missing and not as_json:
        from streams.cli.output import say

        say(f"{len(missing)} missing; `tocsin topics create` makes them")
