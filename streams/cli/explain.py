"""`tocsin explain`: why an alert was sent, as a person would want to read it.

Guarantees: everything it says is the alert's own record, the policy's rows, and the articles as they stand on Kafka,
scored again by the weights at hand; it says where those are others than the alert's, and which articles are gone.
Refuses to guess.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.alert.record import Alert, AlertInput
    from streams.alert.rules import Rules
    from streams.cli.scoring import ScoredArticle
    from streams.kafka.lookup import Found
    from streams.settings import Settings

__all__ = ["explain"]

_MOST_ARTICLES = 10


def explain(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID", help="The alert's id, or its first digits.")],
    file: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="Alerts as JSON Lines (of backtest, say), not the topic."),
    ] = None,
    articles: Annotated[bool, typer.Option(help="Read its articles from Kafka, and score them again.")] = True,
) -> None:
    """Show the articles, sentences, scores, table rows and rules that led to an alert."""
    from streams.alert.rules import load
    from streams.cli.explain_view import show
    from streams.cli.output import stdout
    from streams.settings import from_environment

    settings = from_environment()
    rules = load(settings.policy_file, sources=settings.sources_file)
    alert, chain, values = _look(settings, alert_id, file, articles=articles and file is None)
    scored = _scored(settings, rules, values) if any(values.values()) else {}
    show(stdout(), alert, chain, rules, values, scored)


def _look(
    settings: "Settings", alert_id: str, file: str | None, *, articles: bool
) -> "tuple[Alert, list[Alert], dict[AlertInput, bytes | None]]":
    from streams.cli import running
    from streams.kafka import lookup

    if file is not None:
        found = _from_file(file)
        alert = _one(found.by_id, alert_id, file)
        return alert, found.chain(alert), {}

    async def look() -> "tuple[Alert, list[Alert], dict[AlertInput, bytes | None]]":
        found = await lookup.alerts(settings)
        alert = _one(found.by_id, alert_id, settings.alerts_topic)
        values: dict[AlertInput, bytes | None] = {}
        for place in alert.inputs[-_MOST_ARTICLES:] if articles else ():
            values[place] = await lookup.value_at(settings, place.topic, place.partition, place.offset)
        return alert, found.chain(alert), values

    return running.run(settings, look())


def _from_file(file: str) -> "Found":
    from pydantic import ValidationError

    from streams.alert.record import adapter
    from streams.cli import inputs
    from streams.errors import InputError
    from streams.kafka import lookup

    found = lookup.Found()
    for record in inputs.read(file):
        try:
            alert = adapter.validate_json(record.value)
        except ValidationError as error:
            raise InputError(f"{inputs.name_of(file)}, line {record.line}, is no alert of this version") from error
        found.by_id[alert.alert_id] = alert
    return found


def _one(by_id: "Mapping[str, Alert]", wanted: str, where: str) -> "Alert":
    from streams.errors import InputError

    found = [alert_id for alert_id in by_id if alert_id.startswith(wanted)] if wanted else []
    if len(found) > 1:
        raise InputError(f"{len(found)} alerts begin with {wanted}: give more of the id")
    if not found:
        raise InputError(f"{where} holds no alert {wanted}")
    return by_id[found[0]]


def _scored(
    settings: "Settings", rules: "Rules", values: "Mapping[AlertInput, bytes | None]"
) -> "dict[AlertInput, Sequence[ScoredArticle]]":
    """Each article that is there still, scored as it was delivered."""
    from datetime import UTC, datetime

    from models import Classifier
    from streams.assess.places import Gazetteer
    from streams.assess.work import Reader
    from streams.cli.inputs import Record
    from streams.cli.scoring import NEVER_STALE_HOURS, ScoredArticle, score_records

    classifier = Classifier.load(settings.weights, threads=settings.torch_threads)
    reader = Reader(settings.model_copy(update={"stale_hours": NEVER_STALE_HOURS}), classifier, Gazetteer.load())
    found: dict[AlertInput, Sequence[ScoredArticle]] = {}
    for place, value in values.items():
        if value is None:
            continue
        at = datetime.fromtimestamp(place.timestamp / 1000, UTC)
        results = score_records(reader, rules, [Record(1, value)], at, stale_hours=settings.stale_hours)
        made = [one for one in results if isinstance(one, ScoredArticle)]
        # A record may hold a page of articles: only the one that was evidence is shown.
        found[place] = [one for one in made if one.prepared.article.id == place.article_id] or made
    return found
