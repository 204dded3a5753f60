"""`tocsin feed`: RSS and Atom feeds onto the articles topic, politely, with the full text where that is allowed.

Guarantees: standard output holds records (with --dry-run) and nothing else; a restart repeats nothing that was sent;
a fault of one feed is one line on standard error. Exit codes: 0 done or stopped; 1 if with --once a feed failed or a
record was refused; 4 if Kafka goes away, with nothing lost. Refuses to fetch without an address for complaints, and
from private networks.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.replay import Status

if TYPE_CHECKING:
    from streams.feeds.poll import Outlet
    from streams.settings import Settings

__all__ = ["CRAWLER_HEADER", "TopicOutlet", "feed"]

CRAWLER_HEADER = "tocsin-crawler"
"""Names the crawler and its version on each record."""


def feed(
    feeds: Annotated[
        list[str],
        typer.Argument(metavar="FEEDS.opml|URL...", help="OPML files and addresses of RSS or Atom feeds."),
    ],
    contact: Annotated[
        str | None,
        typer.Option(metavar="MAIL|URL", help="Where publishers reach you: goes with every request. Required."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder that remembers what was sent. Required but for --dry-run."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Poll every feed once, and end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the records, one a line; needs no broker and keeps no state.")
    ] = False,
    since: Annotated[
        float,
        typer.Option(
            min=0, max=720, metavar="HOURS", help="How far to go back in a feed that is new; undated entries are old."
        ),
    ] = 24.0,
    every: Annotated[
        float, typer.Option(min=1, max=1_440, metavar="MINUTES", help="Poll a feed no more often than this.")
    ] = 10.0,
    pages: Annotated[bool, typer.Option("--pages/--no-pages", help="Fetch articles for their full text.")] = True,
    topic: Annotated[str | None, typer.Option(help="Default: the first of TOCSIN_ARTICLES_TOPICS.")] = None,
    status: Annotated[
        Status, typer.Option(case_sensitive=False, help="Status of the alerts that come of it.")
    ] = Status.actual,
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="Fetch from private addresses, too: feeds can then reach your network."),
    ] = False,
) -> None:
    """Poll RSS and Atom feeds and send their articles to the input topic, until interrupted.

    With --once: exit code 1 if a feed failed. An entry whose words changed is sent again, under the same address.
    """
    _need_extra()
    from streams.cli import running
    from streams.cli.output import say
    from streams.feeds.assembly import Options, crawled
    from streams.feeds.outlines import listed
    from streams.feeds.schedule import Timing
    from streams.feeds.state import State
    from streams.settings import from_environment

    user_agent = _agent(contact)
    if dry_run and state is not None:
        raise typer.BadParameter("a dry run keeps no state: leave out one of the two", param_hint="--state")
    if not dry_run and state is None:
        raise typer.BadParameter("name a folder that remembers what was sent", param_hint="--state")
    found = listed(feeds)
    for sentence in found.refused:
        say(sentence)
    settings = from_environment()
    least = every * 60
    options = Options(
        user_agent, since, once, pages, allow_private, timing=Timing(least, max(least, 3_600.0), max(least, 14_400.0))
    )
    target = topic or settings.articles_topics[0]
    outlet = _lines() if dry_run else _topic(settings, target, status.value)
    with State(state) as memory:
        tally = running.run(settings, crawled(found, memory, options, outlet, say))
    say(str(tally) + ("" if dry_run else f" to {target} as {status.value}"))
    if once and (tally.failed or tally.refused or found.refused):
        raise typer.Exit(1)


def _need_extra() -> None:
    """Raise SettingsError unless the extra's packages are there."""
    from importlib.util import find_spec

    from streams.errors import SettingsError

    missing = [name for name in ("feedparser", "trafilatura", "protego", "defusedxml") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{missing[0]} is missing; this command needs the extra `feeds`: pip install 'tocsin[feeds]'"
        )


def _agent(contact: str | None) -> str:
    from streams.feeds.web import agent

    if contact is None:
        raise typer.BadParameter(
            "publishers must be able to reach you: give a mail address or a web page, say --contact you@example.org",
            param_hint="--contact",
        )
    found = agent(contact)
    if found is None:
        raise typer.BadParameter(
            f"{contact!r} is neither a mail address nor a web page (https://...)", param_hint="--contact"
        )
    return found


@asynccontextmanager
async def _lines() -> "AsyncIterator[Outlet]":
    """Records to standard output."""
    from streams.cli.output import line

    class Lines:
        async def put(self, value: bytes) -> bool:
            line(value.decode())
            return True

    yield Lines()


class TopicOutlet:
    """Records onto a topic, as any crawler puts them there: no key, a status, and who it was."""

    def __init__(self, producer: Any, topic: str, status: str) -> None:
        from streams.feeds.web import CRAWLER

        self._producer, self._topic = producer, topic
        self._headers = [("tocsin-status", status.encode()), (CRAWLER_HEADER, CRAWLER.encode())]

    async def put(self, value: bytes) -> bool:
        """True when the broker has acknowledged it, False if it is too large. Raises Kafka's other errors."""
        from streams.cli.sending import Sending

        sending = Sending()  # one for each record: many are sent at once, and each waits for its own ack
        await sending.send(self._producer, self._topic, value=value, headers=self._headers)
        await sending.confirm()
        return sending.sent == 1


@asynccontextmanager
async def _topic(settings: "Settings", topic: str, status: str) -> "AsyncIterator[Outlet]":
    """Records to a topic. Raises TopicMissingError, BrokerError."""
    from streams.errors import TopicMissingError
    from streams.kafka import clients

    async with clients.admin(settings) as admin:
        if topic not in await admin.list_topics():
            raise TopicMissingError(f"there is no topic {topic}; run `tocsin topics create`, or see --topic")
    async with clients.producer(settings, linger_ms=5) as producer:
        yield TopicOutlet(producer, topic, status)
