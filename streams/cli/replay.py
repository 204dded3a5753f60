"""`tocsin replay`: put files of articles on an input topic, as a crawler would.

Guarantees: record values reach the topic byte for byte (see `inputs`), without a key; every record carries the status
that is asked for, by default Exercise, so that no bot takes a replay for news. Refuses a topic that does not exist.
"""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.cli.inputs import Record
    from streams.cli.sending import Sending
    from streams.settings import Settings

__all__ = ["replay"]


class Status(StrEnum):
    """CAP 1.2 `status` of the alerts that may come of it."""

    exercise = "Exercise"
    test = "Test"
    actual = "Actual"


def replay(
    files: Annotated[
        list[str] | None, typer.Argument(help="Articles as JSON, JSON Lines or plain text; - for standard input.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Default: the first of TOCSIN_ARTICLES_TOPICS.")] = None,
    rate: Annotated[str | None, typer.Option(metavar="N/s", help="At most so many a second, say 5/s.")] = None,
    status: Annotated[
        Status, typer.Option(case_sensitive=False, help="Status of the alerts that come of it.")
    ] = Status.exercise,
    event_time: Annotated[
        bool, typer.Option("--event-time", help="Kafka timestamp = the article's date of publication.")
    ] = False,
    bundled: Annotated[
        bool, typer.Option("--bundled", help="The demo's articles instead of files, dated relative to now.")
    ] = False,
) -> None:
    """Send articles from files to the input topic."""
    from streams.cli import inputs, running
    from streams.cli.output import say
    from streams.cli.sending import Sending
    from streams.settings import from_environment

    most = _rate(rate)
    if bundled == bool(files):
        raise typer.BadParameter("give files, or --bundled and no file", param_hint="FILES")
    records = _bundled() if bundled else [record for file in files or () for record in inputs.read(file)]
    settings = from_environment()
    dates = [_date(record, settings) for record in records]
    stale = sum(old for _, old in dates)
    if stale and not event_time:
        say(
            f"{stale} of {len(records)} articles are older than {settings.stale_hours:g} h and will give no alert;"
            " --event-time sends them under their own dates"
        )
    stamps = [stamp if event_time else None for stamp, _ in dates]
    sending, target = Sending(), topic or settings.articles_topics[0]
    try:
        running.run(settings, _run(settings, sending, target, records, stamps, status.value, most))
    finally:
        if sending.sent:
            say(f"{sending.sent} of {len(records)} records sent to {target} as {status.value}")
    if sending.refused:
        say(f"{sending.refused} records are larger than TOCSIN_REQUEST_BYTES or the topic allow: not sent")
        raise typer.Exit(1)


def _bundled() -> "list[Record]":
    from datetime import UTC, datetime

    from streams.cli.demo_feed import articles
    from streams.cli.inputs import Record

    return [Record(number, article.value) for number, article in enumerate(articles(datetime.now(UTC)), 1)]


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        found = float(text.removesuffix("/s"))
    except ValueError:
        found = 0.0
    if not 0.001 <= found <= 1_000_000:
        raise typer.BadParameter(f"{text!r} is no rate like 5 or 5/s", param_hint="--rate")
    return found


def _date(record: "Record", settings: "Settings") -> tuple[int | None, bool]:
    """When the record's first article says it was published (ms), and whether the worker would call it stale."""
    from datetime import UTC, datetime

    from streams.assess.staleness import is_stale
    from streams.ingest.article import Limits
    from streams.ingest.decode import decode

    now = datetime.now(UTC)
    decoded = decode(record.value, received=now, limits=Limits(record_bytes=settings.article_bytes))
    if not decoded.articles or decoded.articles[0].published is None:
        return None, False
    first = decoded.articles[0]
    assert first.published is not None
    stamp = int(first.published.at.timestamp() * 1000)
    return (stamp if stamp >= 0 else None), is_stale(first, now, settings.stale_hours)


async def _run(
    settings: "Settings",
    sending: "Sending",
    topic: str,
    records: "list[Record]",
    stamps: list[int | None],
    status: str,
    rate: float | None,
) -> None:
    """Send all, at most `rate` a second. Raises TopicMissingError, BrokerError."""
    import asyncio

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from streams.cli.output import stderr
    from streams.errors import TopicMissingError
    from streams.kafka import clients

    async with clients.admin(settings) as admin:
        if topic not in await admin.list_topics():
            raise TopicMissingError(f"there is no topic {topic}; run `tocsin topics create`, or see --topic")
    headers = [("tocsin-status", status.encode())]
    console = stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with clients.producer(settings, linger_ms=5) as producer:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task(f"to {topic}", total=len(records))
            begin = time.monotonic()
            for number, (record, stamp) in enumerate(zip(records, stamps, strict=True)):
                if rate:
                    await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
                await sending.send(producer, topic, value=record.value, headers=headers, timestamp_ms=stamp)
                if rate:
                    await sending.confirm()
                progress.update(bar, completed=number + 1)
            await sending.confirm()
