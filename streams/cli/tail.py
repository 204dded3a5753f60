"""`tocsin tail`: follow the alerts topic with a plain consumer, as any bot could.

Guarantees: joins no group and commits nothing, so it disturbs nobody; an alert id that was shown is not shown again.
Refuses nothing on the topic: what is no alert of this version is counted and said at the end.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from models import Classifier
    from streams.alert.record import Alert
    from streams.bots.watch import WatchList
    from streams.settings import Settings

__all__ = ["Wanted", "tail"]

_REMEMBERED = 10_000
"""Alert ids that repeats are recognised by."""


class EventName(StrEnum):
    """What an alert can be about."""

    escalation = "escalation"
    evacuation = "evacuation"


class Floor(StrEnum):
    """Severities, most severe first."""

    extreme = "Extreme"
    severe = "Severe"
    moderate = "Moderate"
    minor = "Minor"
    unknown = "Unknown"


def tail(
    event: Annotated[EventName | None, typer.Option(help="Only alerts about this.")] = None,
    country: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only these countries (ISO code); may be repeated.")
    ] = None,
    severity: Annotated[
        Floor, typer.Option(metavar="FLOOR", case_sensitive=False, help="Only alerts at least this severe.")
    ] = Floor.unknown,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Also what is on the topic now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The records as they are, one a line.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after N alerts.")] = None,
    mark: Annotated[bool, typer.Option("--mark", help="Mark the deciding words (loads the classifier).")] = False,
    watch: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only what a watch list (TOML) lets through.")
    ] = None,
) -> None:
    """Follow the alerts."""
    from streams.bots.watch import EVERYTHING, load
    from streams.cli import running
    from streams.settings import from_environment

    watched = load(watch) if watch else EVERYTHING
    wanted = Wanted(event, {code.upper() for code in country or ()}, severity.value, watched)
    settings = from_environment()
    classifier = None
    if mark and not as_json:
        from models import Classifier

        classifier = Classifier.load(settings.weights, threads=settings.torch_threads)
    follow = Follow(settings, wanted, as_json=as_json, limit=limit, classifier=classifier)
    running.run(settings, follow.run(from_beginning=from_beginning))
    if follow.strangers:
        from streams.cli.output import say

        say(f"{follow.strangers} records were no alerts of this version and were left out")


class Wanted:
    """What to show, and what of it was shown already."""

    def __init__(self, event: str | None, countries: set[str], floor: str, watch: "WatchList") -> None:
        from streams.alert.rules import rank

        self._watch = watch
        self._event, self._countries, self._least = event, countries, rank(floor)
        self._rank = rank
        self._seen: OrderedDict[str, None] = OrderedDict()

    def takes(self, alert: "Alert") -> bool:
        """Whether `alert` is to be shown; from then on its id is known."""
        if self._event not in (None, alert.event) or self._rank(alert.severity) < self._least:
            return False
        if (self._countries and alert.country not in self._countries) or alert.alert_id in self._seen:
            return False
        if self._watch.refusal(alert, datetime.now(UTC)) is not None:
            return False
        self._seen[alert.alert_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


class Follow:
    """Reads and prints until `limit` alerts were shown, or for ever. `strangers`: records that were no alerts."""

    def __init__(
        self,
        settings: "Settings",
        wanted: Wanted,
        *,
        as_json: bool,
        limit: int | None,
        classifier: "Classifier | None",
    ) -> None:
        from streams.assess.places import country_names
        from streams.cli.output import stdout

        self._settings, self._wanted, self._json, self._limit = settings, wanted, as_json, limit
        self._classifier = classifier
        self._console, self._names = stdout(), country_names()
        self._shown = 0
        self.strangers = 0

    async def run(self, *, from_beginning: bool) -> None:
        """Follow the topic. Raises TopicMissingError if there is none."""
        from streams.errors import TopicMissingError
        from streams.kafka import clients, topics

        topic = self._settings.alerts_topic
        if topic not in await topics.existing(self._settings):
            raise TopicMissingError(f"there is no topic {topic}; run `tocsin topics create`")
        reset = "earliest" if from_beginning else "latest"
        async with clients.consumer(self._settings, topic, auto_offset_reset=reset) as consumer:
            while self._limit is None or self._shown < self._limit:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        self._take(record.value)

    def _take(self, value: bytes | None) -> None:
        import orjson
        from pydantic import ValidationError

        from streams.alert.record import adapter
        from streams.cli.output import json_line
        from streams.cli.render import show_alert

        try:
            alert = adapter.validate_json(value or b"")
        except ValidationError:
            self.strangers += 1
            return
        if (self._limit is not None and self._shown >= self._limit) or not self._wanted.takes(alert):
            return
        self._shown += 1
        if self._json:
            json_line(orjson.loads(value or b""))
        else:
            show_alert(self._console, alert, self._names, self._marks(alert))

    def _marks(self, alert: "Alert") -> dict[str, Any]:
        if self._classifier is None:
            return {}
        from streams.cli.marks import deciding_words

        return {
            piece.quote: deciding_words(
                self._classifier,
                piece.quote,
                piece.label,
                (None if piece.field == "title" else alert.article.title, None),
            )
            for piece in alert.evidence
        }
