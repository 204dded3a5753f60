"""`tocsin notify`: alerts to chats, mailboxes, pagers and webhooks.

Guarantees: an alert is committed only when every sink has taken it or refused it for good, so that a restart repeats
and never loses; repeats are dropped by id; addresses are never shown. Refuses an address that nothing understands.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.bots.notify import Notifier
    from streams.settings import Settings

__all__ = ["notify"]


def notify(
    url: Annotated[
        list[str],
        typer.Option(
            "--url",
            metavar="URL",
            help="https://... is a webhook (the alert as JSON); all else is an apprise address (slack://, tgram://,"
            " discord://, mailto://, ntfy:// ...; extra `notify`). May be repeated.",
        ),
    ],
    watch: Annotated[Path | None, typer.Option(metavar="FILE", help="Watch list (TOML).")] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the secret that webhooks are signed with.")
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Also the article's address: some chats fetch it.")] = False,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Of these statuses. Default: Actual.")
    ] = None,
    group: Annotated[str, typer.Option(help="Consumer group: one for each watch list.")] = "tocsin-notify",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after N alerts were told.")] = None,
) -> None:
    """Tell people of alerts, from now on, until interrupted."""
    from streams.assess.places import country_names
    from streams.bots.notify import Notifier
    from streams.bots.sinks import sink_of
    from streams.bots.watch import EVERYTHING, load
    from streams.cli import running
    from streams.cli.output import say
    from streams.settings import from_environment

    settings = from_environment()
    secret = _secret(secret_file)
    names = country_names()
    sinks = [sink_of(one, names, secret=secret, link=link) for one in url]
    notifier = Notifier(sinks, load(watch) if watch else EVERYTHING, say)
    running.run(settings, _follow(settings, notifier, frozenset(status or ("Actual",)), group, limit))
    say(f"{notifier.sent} notifications sent")


def _secret(file: Path | None) -> str | None:
    from streams.errors import SettingsError

    if file is None:
        return None
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the secret file {file} can't be read") from error
    if not found:
        raise SettingsError(f"the secret file {file} is empty")
    return found


async def _follow(
    settings: "Settings", notifier: "Notifier", statuses: frozenset[str], group: str, limit: int | None
) -> None:
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from streams.alert.record import adapter
    from streams.cli.output import say
    from streams.errors import TopicMissingError
    from streams.kafka import clients, topics

    topic = settings.alerts_topic
    if topic not in await topics.existing(settings):
        raise TopicMissingError(f"there is no topic {topic}; run `tocsin topics create`")
    told = 0
    # One record at a time: what was told is committed before the next is tried.
    async with clients.consumer(settings, topic, group_id=group, auto_offset_reset="latest") as consumer:
        # Where "from now on" begins: kept, so that a restart before the first alert does not begin later.
        places = {part: await consumer.position(part) for part in consumer.assignment()}
        if places:
            await consumer.commit(places)
        say(f"telling of {topic} from now on, as {group}")
        async for record in consumer:
            try:
                alert = adapter.validate_json(record.value or b"")
            except ValidationError:
                alert = None
            if alert is not None and alert.status in statuses and notifier.wanted(alert, datetime.now(UTC)):
                await notifier.tell(alert)
                told += 1
            await consumer.commit()
            if limit is not None and told >= limit:
                return
