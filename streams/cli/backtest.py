"""`tocsin backtest`: what would it have told me, and with other settings?

Guarantees: standard output holds the alerts topic's records and nothing else, one a line; a summary by incident and
what could not be used go to standard error; the exit code is 1 if something could not be used. Needs no broker.
"""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.replay import Status

if TYPE_CHECKING:
    from streams.alert.record import Alert
    from streams.assess.work import Scorer
    from streams.backtest.engine import Backtest, Refused
    from streams.settings import Settings

__all__ = ["backtest"]

_SHOWN = 5
_WIDE = 240


def backtest(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help='Articles in any form that the worker reads, or {"timestamp_ms": ..., "value": {article}}, one a line;'
            " - for standard input.",
        ),
    ],
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Leave out what came before (ISO 8601).")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Leave out what came later, and let time go on to here.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another value in the policy (incident.lifetime_hours=12, single_report.escalation=0.7), stale_hours,"
            " or evidence.EVENT: from which score a sentence is evidence. May be given several times.",
        ),
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the classifier's scores here, and compute none twice."),
    ] = None,
    status: Annotated[Status, typer.Option(help="Status of the alerts.")] = Status.exercise,
) -> None:
    """Run articles of the past through both stages, in event time, without a broker."""
    from streams.alert.record import encode
    from streams.backtest.engine import Refused
    from streams.backtest.feed import timed
    from streams.cli import inputs
    from streams.cli.output import line, say
    from streams.cli.score import moment
    from streams.ingest.article import Limits
    from streams.settings import from_environment

    settings = from_environment()
    begin, end = (None if text is None else _ms(moment(text)) for text in (since, until))
    policy, evidence, settings = _changes(change or [], settings)
    lines = [(record.line, record.value) for file in files for record in inputs.read(file)]
    records = timed(lines, Limits(record_bytes=settings.article_bytes))
    kept = [one for one in records if (begin is None or one.at >= begin) and (end is None or one.at <= end)]
    run = _engine(settings, policy, evidence, memory, status.value)
    alerts: list[Alert] = []
    refused = 0
    for found in _watched(run.run(kept, end), len(kept)):
        if isinstance(found, Refused):
            refused += 1
            if refused <= _SHOWN:
                say(f"line {found.line}: {found.rejected.reason}: {found.rejected.detail}")
            continue
        alerts.append(found)
        line(encode(found).decode())
    _summary(alerts, run, len(kept))
    if refused:
        say(f"{refused} records could not be used" + (f", {_SHOWN} are shown" if refused > _SHOWN else ""))
        raise typer.Exit(1)


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def _changes(texts: list[str], settings: "Settings") -> "tuple[dict[str, Any], dict[str, float], Settings]":
    """Changes to the policy, thresholds of evidence, and settings."""
    policy: dict[str, Any] = {}
    evidence: dict[str, float] = {}
    for text in texts:
        name, equals, written = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
        value = _value(written)
        if name in ("evidence.escalation", "evidence.evacuation"):
            evidence[name.partition(".")[2]] = _within(name, value, 0, 1)
        elif name == "stale_hours":
            settings = settings.model_copy(update={"stale_hours": _within(name, value, 0.001, 1_000_000)})
        else:
            policy[name] = value
    return policy, evidence, settings


def _value(text: str) -> Any:
    """`text` as TOML has it; as a word, where that is none of TOML's values."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _within(name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise typer.BadParameter(f"{name} is a number from {least:g} to {most:g}", param_hint="--set")
    return float(value)


def _engine(
    settings: "Settings", policy: dict[str, Any], evidence: dict[str, float], memory: Path | None, status: str
) -> "Backtest":
    from models.manifest import PACKAGED_WEIGHTS, Manifest
    from streams.alert.rules import load
    from streams.assess.places import Gazetteer
    from streams.assess.places.names import country_names
    from streams.assess.work import Reader
    from streams.backtest.engine import Backtest
    from streams.backtest.memory import Remembering

    rules = load(settings.policy_file, policy, settings.sources_file)
    scorer: Scorer
    if memory is None:
        scorer = _classifier(settings)
    else:
        manifest = Manifest.read(settings.weights or PACKAGED_WEIGHTS)
        scorer = Remembering(memory, manifest, lambda: _classifier(settings))
    reader = Reader(settings, scorer, Gazetteer.load())
    reader.thresholds |= evidence
    return Backtest(
        reader,
        rules,
        names=country_names(),
        environment=settings.environment,
        topic=settings.articles_topics[0],
        tick_ms=max(1, int(settings.tick_interval * 1000)),
        status=status,
    )


def _classifier(settings: "Settings") -> "Scorer":
    from models import Classifier

    return Classifier.load(settings.weights, threads=settings.torch_threads)


def _watched(found: "Iterator[Alert | Refused]", number: int) -> "Iterator[Alert | Refused]":
    """The same, with a sign of life on a terminal."""
    from streams.cli.output import stderr

    console = stderr()
    if not console.is_terminal:
        yield from found
        return
    with console.status(f"{number} articles") as sign:
        for seen, one in enumerate(found, 1):
            sign.update(f"{number} articles, {seen} alerts so far")
            yield one


def _summary(alerts: "list[Alert]", run: "Backtest", number: int) -> None:
    from rich.table import Table

    from streams.backtest.tally import told
    from streams.cli.output import inert, say, stderr

    rows = told(alerts)
    table = Table(box=None, pad_edge=False)
    for column in (
        "first",
        "last",
        "event",
        "where",
        "severity",
        "msgs",
        "articles",
        "publishers",
        "what, and its end",
    ):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            row.first[5:16].replace("T", " "),
            row.last[5:16].replace("T", " "),
            row.event,
            row.country,
            row.severity,
            str(row.messages),
            str(row.articles),
            str(row.publishers),
            inert(f"{row.headline}; {row.ended or 'goes on'}", most=200),
        )
    if rows:
        # In a file or a pipe lines are as long as they need to be.
        stderr(None if stderr().is_terminal else _WIDE).print(table)
    ends = ", ".join(f"{count} {outcome}" for outcome, count in sorted(run.outcomes.items()))
    say(f"{number} articles ({ends}); {len(alerts)} messages about {len(rows)} incidents, {run.open} of them go on")
