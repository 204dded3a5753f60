"""`tocsin dlq`: look at dead letters, and send them again when the fault is mended.

Guarantees: no record on a dead-letter topic, corrupt or hostile, breaks a command or acts on the terminal; a replay is
byte-exact and marked; nothing is deleted and no group is joined. Refuses to send everything again without being told
so, and a letter whose original would not fit its topic.
"""

import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.dlq_show import show_line, show_whole

if TYPE_CHECKING:
    from streams.cli.sending import Sending
    from streams.kafka.letters import Letter
    from streams.settings import Settings

__all__ = ["Wanted", "app"]

app = typer.Typer(no_args_is_help=True, help="List, show and replay dead letters.")

_PLACE = re.compile(r"(?P<topic>[\w.-]+)\[(?P<partition>\d{1,9})\]@(?P<offset>\d{1,18})")

_TOPIC = typer.Option(metavar="NAME", help="Only this dead-letter topic; may be repeated. Default: all of ours.")
_REASON = typer.Option(metavar="REASON", help="Only letters with this reason; may be repeated.")
_STAGE = typer.Option(metavar="STAGE", help="Only letters of this stage: assess or alert.")
_SINCE = typer.Option(metavar="TIME", help="Only letters written then or later (ISO 8601; UTC if it names no zone).")
_UNTIL = typer.Option(metavar="TIME", help="Only letters written before.")
_LIMIT = typer.Option(min=1, metavar="N", help="At most so many.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters. Empty and None mean any."""

    reasons: frozenset[str] = frozenset()
    stage: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, letter: "Letter") -> bool:
        """Whether `letter` is one of them."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and self.stage in (None, letter.stage)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
        )

    @property
    def anything(self) -> bool:
        """Whether every letter is one of them."""
        return self == Wanted()


def wanted_of(reason: list[str] | None, stage: str | None, since: str | None, until: str | None) -> Wanted:
    """The filter that the options say. Raises typer.BadParameter."""
    from typing import get_args

    from streams.ingest.article import Reason

    for name in reason or ():
        if name not in get_args(Reason):
            raise typer.BadParameter(f"{name!r} is none of {', '.join(get_args(Reason))}", param_hint="--reason")
    if stage not in (None, "assess", "alert"):
        raise typer.BadParameter(f"{stage!r} is neither assess nor alert", param_hint="--stage")
    return Wanted(frozenset(reason or ()), stage, _time(since, "--since"), _time(until, "--until"))


def _time(text: str | None, option: str) -> datetime | None:
    from datetime import UTC

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time like 2026-11-20T18:00", param_hint=option) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@app.command("list")
def list_(
    topic: Annotated[list[str] | None, _TOPIC] = None,
    reason: Annotated[list[str] | None, _REASON] = None,
    stage: Annotated[str | None, _STAGE] = None,
    since: Annotated[str | None, _SINCE] = None,
    until: Annotated[str | None, _UNTIL] = None,
    limit: Annotated[int | None, _LIMIT] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a letter, one a line.")] = False,
) -> None:
    """List dead letters: place, reason, stage, time, origin, size in bytes, what was said."""
    from streams.cli import running
    from streams.cli.output import say
    from streams.settings import from_environment

    wanted = wanted_of(reason, stage, since, until)
    settings = from_environment()
    counted: Counter[str] = Counter()

    async def work() -> None:
        async for letter in _chosen(settings, topic, wanted, limit):
            counted[letter.reason or "no reason"] += 1
            show_line(letter, as_json=as_json)

    running.run(settings, work())
    parts = ", ".join(f"{number} {name}" for name, number in counted.most_common(12))
    say(f"{counted.total()} dead letters" + (f": {parts}" if parts else ""))


@app.command()
def show(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="As `list` says it: articles.dlq[0]@12")],
    raw: Annotated[bool, typer.Option("--raw", help="Only the original value, byte for byte.")] = False,
) -> None:
    """Show one dead letter: where it was, what is wrong, its headers, its value."""
    from streams.cli import running
    from streams.errors import InputError
    from streams.kafka import letters
    from streams.settings import from_environment

    found = _PLACE.fullmatch(place)
    if found is None:
        raise InputError(f"{place!r} is no place like articles.dlq[0]@12; `tocsin dlq list` shows them")
    settings = from_environment()
    where = found["topic"], int(found["partition"]), int(found["offset"])
    letter = running.run(settings, letters.read_one(settings, *where))
    if letter is None:
        raise InputError(f"there is no record at {place}")
    if raw:
        sys.stdout.buffer.write(letter.value or b"")
        sys.stdout.buffer.flush()
    else:
        show_whole(letter)


@app.command()
def replay(
    topic: Annotated[list[str] | None, _TOPIC] = None,
    reason: Annotated[list[str] | None, _REASON] = None,
    stage: Annotated[str | None, _STAGE] = None,
    since: Annotated[str | None, _SINCE] = None,
    until: Annotated[str | None, _UNTIL] = None,
    limit: Annotated[int | None, _LIMIT] = None,
    everything: Annotated[bool, typer.Option("--all", help="Yes, every letter: needed without any filter.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent.")] = False,
) -> None:
    """Send originals again to the topic that they came from. The letters stay; sending twice is harmless."""
    from streams.cli import running
    from streams.cli.output import say
    from streams.cli.sending import Sending
    from streams.errors import InputError
    from streams.settings import from_environment

    wanted = wanted_of(reason, stage, since, until)
    if wanted.anything and not topic and limit is None and not everything:
        raise InputError("this would send every dead letter again: name a filter, or say --all")
    settings = from_environment()
    sending = Sending()
    try:
        running.run(settings, _again(settings, sending, _chosen(settings, topic, wanted, limit), dry_run=dry_run))
    finally:
        say(f"{sending.sent} dead letters {'would be' if dry_run else 'were'} sent again")
    if sending.refused:
        say(f"{sending.refused} are larger than their topic or TOCSIN_REQUEST_BYTES allow: not sent")
        raise typer.Exit(1)


async def _chosen(
    settings: "Settings", names: list[str] | None, wanted: Wanted, limit: int | None
) -> AsyncIterator["Letter"]:
    from streams.errors import InputError
    from streams.kafka import letters

    ours = letters.dead_letter_topics(settings)
    if strange := [name for name in names or () if name not in ours]:
        raise InputError(f"{strange[0]} is no dead-letter topic of this installation: they are {', '.join(ours)}")
    left = limit
    async with aclosing(letters.read(settings, names or ours)) as found:
        async for letter in found:
            if not wanted.takes(letter):
                continue
            yield letter
            left = None if left is None else left - 1
            if left == 0:
                return


async def _again(settings: "Settings", sending: "Sending", chosen: AsyncIterator["Letter"], *, dry_run: bool) -> None:
    """Send all. Raises TopicMissingError, BrokerError."""
    from streams.errors import TopicMissingError
    from streams.kafka import clients, topics

    counts = await topics.existing(settings)
    async with clients.producer(settings, linger_ms=5) as producer:
        async for letter in chosen:
            if not letter.whole:
                sending.refused += 1
                continue
            if dry_run:
                show_line(letter, as_json=False)
                sending.sent += 1
                continue
            if letter.target not in counts:
                raise TopicMissingError(f"there is no topic {letter.target} to send {letter.where} to")
            again = letter.again(counts[letter.target])
            await sending.send(
                producer,
                again.topic,
                value=again.value,
                key=again.key,
                partition=again.partition,
                headers=again.all_headers,
            )
        await sending.confirm()
