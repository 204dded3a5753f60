"""`tocsin feedback`: say what became of an alert, and see what all of that adds up to.

Guarantees: one record on the feedback topic, acknowledged before the command ends; the report counts of each person's
words on an alert the last. Refuses an id that is none, and one that is not on the alerts topic.
"""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.bots.feedback import Feedback, Share
    from streams.settings import Settings

__all__ = ["feedback"]

_ID = re.compile(r"[0-9a-f]{32}")


class VerdictChoice(StrEnum):
    """What can be said of an alert."""

    right = "right"
    wrong = "wrong"
    late = "late"
    where = "where"


def feedback(
    alert_id: Annotated[
        str | None, typer.Argument(metavar="ALERT_ID", help="The alert's id, as `tocsin tail --json` shows it.")
    ] = None,
    verdict: Annotated[
        VerdictChoice | None,
        typer.Argument(help="right, wrong, late (right, but told too late), where (right, but elsewhere)."),
    ] = None,
    note: Annotated[str, typer.Option(help="A few words, at most 500 characters.")] = "",
    by: Annotated[str, typer.Option(help="Who says so; of one person's words on an alert the last counts.")] = "",
    report: Annotated[
        bool, typer.Option("--report", help="Precision by event, country and signal, from all of it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Say whether an alert was right, or report what people said."""
    from streams.cli import running
    from streams.cli.output import say
    from streams.settings import from_environment

    if report == (alert_id is not None):
        raise typer.BadParameter("give ALERT_ID and a verdict, or --report")
    settings = from_environment()
    if report:
        running.run(settings, _report(settings, as_json=as_json))
        return
    if verdict is None or alert_id is None:
        raise typer.BadParameter("a verdict is missing: right, wrong, late or where", param_hint="VERDICT")
    if not _ID.fullmatch(alert_id):
        raise typer.BadParameter(f"{alert_id[:40]!r} is no alert id: 32 hex digits", param_hint="ALERT_ID")
    if len(note) > 500 or len(by) > 80:
        raise typer.BadParameter("a note has at most 500 characters, a name 80")
    running.run(settings, _send(settings, alert_id, verdict.value, note, by))
    say(f"noted on {settings.feedback_topic}: {alert_id} {verdict.value}")


async def _send(settings: "Settings", alert_id: str, verdict: str, note: str, by: str) -> None:
    from datetime import UTC, datetime

    from streams.bots.feedback import decode, encode
    from streams.errors import InputError, TopicMissingError
    from streams.kafka import clients, lookup, topics

    if settings.feedback_topic not in await topics.existing(settings):
        raise TopicMissingError(f"there is no topic {settings.feedback_topic}; run `tocsin topics create`")
    if alert_id not in (await lookup.alerts(settings)).by_id:
        raise InputError(f"{settings.alerts_topic} holds no alert {alert_id}")
    import orjson

    time = datetime.now(UTC).isoformat(timespec="seconds")
    raw = {"schema_version": "1", "kind": "feedback", "alert_id": alert_id, "verdict": verdict}
    said = decode(orjson.dumps(raw | {"by": by, "note": note, "time": time}))
    async with clients.producer(settings) as producer:
        await producer.send_and_wait(settings.feedback_topic, key=alert_id.encode(), value=encode(said))


async def _report(settings: "Settings", *, as_json: bool) -> None:
    from streams.bots.feedback import report
    from streams.cli.output import json_line, say
    from streams.kafka import lookup

    said, strangers = await _said(settings)
    found = await lookup.alerts(settings)
    tables = report(said, found.by_id)
    if as_json:
        json_line({kind: {name: _object(share) for name, share in rows.items()} for kind, rows in tables.items()})
    else:
        _show(tables)
    unknown = len({one.alert_id for one in said} - set(found.by_id))
    if unknown:
        say(f"{unknown} alerts that were judged are not on {settings.alerts_topic} any more: not counted")
    if strangers:
        say(f"{strangers} records of {settings.feedback_topic} were no feedback and were left out")


async def _said(settings: "Settings") -> "tuple[list[Feedback], int]":
    from contextlib import aclosing

    from streams.bots.feedback import FeedbackError, decode
    from streams.kafka.scan import partitions_of, to_the_ends

    said, strangers = [], 0
    parts = await partitions_of(settings, [settings.feedback_topic])
    async with aclosing(to_the_ends(settings, parts)) as records:
        async for record in records:
            try:
                said.append(decode(record.value))
            except FeedbackError:
                strangers += 1
    return said, strangers


def _object(share: "Share") -> dict[str, float | int | None]:
    return {
        "judged": share.judged,
        "right": share.right,
        "late": share.late,
        "elsewhere": share.elsewhere,
        "precision": share.precision,
    }


def _show(tables: "dict[str, dict[str, Share]]") -> None:
    from rich.table import Table

    from streams.cli.output import inert, say, stdout

    if not tables["event"]:
        say("nobody has judged an alert yet: tocsin feedback ALERT_ID right|wrong|late|where")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("", "judged", "right", "precision", "late", "elsewhere"):
        table.add_column(name, justify="left" if not name else "right")
    for kind, rows in tables.items():
        for name, share in rows.items():
            precision = "-" if share.precision is None else f"{share.precision:.0%}"
            cells = (str(share.judged), str(share.right), precision, str(share.late), str(share.elsewhere))
            table.add_row(inert(f"{kind} {name}"), *cells)
    stdout().print(table)
