"""`tocsin config show`: every setting with its value and where that comes from.

Guarantees: a secret is never printed, only that there is one. Refuses to show settings that contradict each other.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Row", "app", "rows"]

app = typer.Typer(no_args_is_help=True, help="Show the settings.")

_MASK = "(set, not shown)"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. `value` and `default` as they would be written in the environment."""

    name: str
    value: str
    default: str
    source: str
    description: str


def rows() -> list[Row]:
    """All settings in the order of the record. Raises SettingsError."""
    from pydantic import SecretStr

    from streams.settings import PREFIX, Settings, config_file, from_environment

    settings = from_environment()
    sources = _sources(config_file())
    found = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        secret = isinstance(value, SecretStr)
        found.append(
            Row(
                f"{PREFIX}{name.upper()}",
                _MASK if secret else _text(value),
                _text(field.get_default()),
                sources.get(name, "default"),
                field.description or "",
            )
        )
    return found


def markdown_table() -> str:
    """Every setting with its default and meaning, as the README shows them."""
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for row in rows():
        lines.append(f"| `{row.name}` | {'' if row.default == '-' else f'`{row.default}`'} | {row.description} |")
    return "\n".join(lines)


def _sources(file: Path | None) -> dict[str, str]:
    """Setting to where it was set, where that is not the default; the environment beats the file."""
    import tomllib

    from pydantic_settings import EnvSettingsSource

    from streams.settings import PREFIX, Settings

    found = {}
    if file is not None:
        found = dict.fromkeys(tomllib.loads(file.read_text(encoding="utf-8")), f"file {file}")
    named = EnvSettingsSource(Settings, env_prefix=PREFIX).env_vars
    for name in Settings.model_fields:
        if f"{PREFIX}{name}".lower() in named:
            found[name] = "environment"
    return found


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


@app.command()
def show(
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of settings for the README.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a setting, one a line.")] = False,
) -> None:
    """Show every setting: its value, where that comes from, and what it means. Secrets are masked."""
    from streams.cli.output import json_line, line, stdout

    if markdown:
        line(markdown_table())
        return
    found = rows()
    if as_json:
        for row in found:
            json_line({"name": row.name, "value": row.value, "source": row.source, "description": row.description})
        return
    console = stdout()
    if not console.is_terminal:
        for row in found:
            line(f"{row.name}={row.value}\t{row.source}\t{row.description}")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("setting", "value", "source", "meaning"):
        table.add_column(name, overflow="fold")
    for row in found:
        changed = "bold" if row.source != "default" else ""
        cells = (row.name, row.value, row.source, row.description)
        table.add_row(*(Text(cell, changed if place < 3 else "dim") for place, cell in enumerate(cells)))
    console.print(table)
