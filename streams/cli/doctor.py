"""`tocsin doctor`: is everything there that a worker needs, and if not, what to do.

Guarantees: one line a check, `ok`, `FAILED` with what to do, or `?` where it can't be told; exit code 1 if any failed;
never hangs. Refuses to mend anything.
"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.cli.checks import Check
    from streams.settings import Settings

__all__ = ["doctor"]

_WORDS = {"ok": ("ok", "bold green"), "failed": ("FAILED", "bold red"), "unknown": ("?", "bold yellow")}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check, one a line.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Leave out what needs the broker.")] = False,
) -> None:
    """Check this machine, the settings and Kafka; say what to do about what is wrong."""
    from streams.cli import checks, running

    failed = 0
    first, settings = checks.settings_check()
    failed += _show(first, as_json=as_json)
    if settings is not None:
        for check in checks.local(settings):
            failed += _show(check, as_json=as_json)
        if not offline:
            failed += running.run(settings, _ask(settings, as_json=as_json))
    if failed:
        raise typer.Exit(1)


async def _ask(settings: "Settings", *, as_json: bool) -> int:
    from streams.cli.checks_kafka import kafka

    failed = 0
    async for check in kafka(settings):
        failed += _show(check, as_json=as_json)
    return failed


def _show(check: "Check", *, as_json: bool) -> bool:
    """Print one answer; whether it failed."""
    from dataclasses import asdict

    from rich.text import Text

    from streams.cli.output import inert, json_line, stdout

    if as_json:
        json_line(asdict(check))
        return check.verdict == "failed"
    console = stdout()
    word, style = _WORDS[check.verdict]
    line = Text.assemble((f"{word:7}", style), (f"{check.name:16}", "bold"), inert(check.detail))
    console.print(line, soft_wrap=not console.is_terminal)
    if check.fix:
        console.print(
            Text.assemble(" " * 7, f"{'':16}", ("-> ", "bold"), inert(check.fix)), soft_wrap=not console.is_terminal
        )
    return check.verdict == "failed"
