"""`tocsin score`: what the program thinks of an article, without a broker.

Guarantees: `--json` prints one object an article, one a line, and `{line, error}` for what can't be used; the exit code
is 1 if there was any such. Refuses to alert: it only says what the worker would do.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from models import Classifier
    from streams.alert.rules import Rules
    from streams.assess.work import Reader
    from streams.cli.scoring import ScoredArticle
    from streams.settings import Settings

__all__ = ["ThresholdSet", "moment", "score"]


class ThresholdSet(StrEnum):
    """The operating points that the model's manifest names."""

    default = "default"
    high_recall = "high_recall"
    high_precision = "high_precision"


def moment(text: str | None) -> datetime:
    """The time that an option gives in ISO 8601 (no zone: UTC); now, if it gives none."""
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no time like 2026-11-20T18:00:00Z") from error
    if not 1970 <= found.year <= 9000:
        raise typer.BadParameter("the year must lie between 1970 and 9000")
    return found


def score(
    file: Annotated[str, typer.Argument(help="An article as JSON, JSON Lines or plain text; - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an article, one a line.")] = False,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time of arrival (ISO 8601), for the article's age. Default: now."),
    ] = None,
    threshold_set: Annotated[
        ThresholdSet, typer.Option(help="Operating point of the model: from which score a sentence is evidence.")
    ] = ThresholdSet.default,
) -> None:
    """Score an article: every sentence with its scores, the decision, and why.

    English only so far; articles in other languages are recognised and not scored. No broker needed.
    """
    from streams.cli import inputs

    arrived = moment(at)
    records = inputs.read(file)
    from streams.cli.output import json_line, say
    from streams.cli.score_view import show
    from streams.cli.scoring import ScoredArticle, score_records

    settings, classifier, reader, rules = _load(threshold_set)
    bad = False
    for result in score_records(reader, rules, records, arrived, stale_hours=settings.stale_hours):
        if isinstance(result, ScoredArticle):
            if as_json:
                json_line(as_object(result))
            else:
                show(result, classifier, reader.thresholds)
            continue
        bad = True
        line, rejected = result
        error = f"{rejected.reason}: {rejected.detail}"
        if as_json:
            json_line({"line": line, "error": error})
        else:
            say(f"line {line}: {error}")
    if bad:
        raise typer.Exit(1)


def _load(points: ThresholdSet) -> "tuple[Settings, Classifier, Reader, Rules]":
    from models import Classifier
    from streams.alert.rules import load
    from streams.assess.places import Gazetteer
    from streams.assess.work import Reader
    from streams.cli.scoring import NEVER_STALE_HOURS
    from streams.settings import from_environment

    settings = from_environment()
    rules = load(settings.policy_file, sources=settings.sources_file)
    classifier = Classifier.load(settings.weights, threads=settings.torch_threads)
    reader = Reader(settings.model_copy(update={"stale_hours": NEVER_STALE_HOURS}), classifier, Gazetteer.load())
    manifest = classifier.manifest
    reader.thresholds = {event: getattr(point, points.value) for event, point in manifest.thresholds.items()}
    return settings, classifier, reader, rules


def as_object(scored: "ScoredArticle") -> dict[str, Any]:
    """The JSON object of one article: see the README for what each key promises."""
    article, language = scored.prepared.article, scored.prepared.language
    published = article.published
    return {
        "article": {
            "id": article.id,
            "url": article.url,
            "title": article.title,
            "publisher": article.publisher,
            "domain": article.domain,
            "language": language.code,
            "language_confidence": round(language.confidence, 3),
            "source_format": article.source_format,
            "published_at": published.at.isoformat(timespec="seconds") if published else None,
            "published_at_precision": published.precision if published else None,
            "retracted": article.retracted,
            "outcome": scored.outcome,
            "sentences_not_scored": scored.prepared.cut,
        },
        "sentences": [
            {
                "text": sentence.text,
                "start": sentence.start,
                "end": sentence.end,
                "field": sentence.field,
                **sentence.scores,
                "signals": sentence.signals,
                "decision": sentence.decision,
                "why": sentence.why,
            }
            for sentence in scored.sentences
        ],
        "events": [
            {
                "event": event.event,
                "country": event.country,
                "score": event.score,
                "alert": event.alert,
                "severity": event.severity,
                "why": event.why,
                "evidence": [
                    {
                        "quote": piece.quote,
                        "start": piece.start,
                        "end": piece.end,
                        "score": piece.score,
                        "field": piece.field,
                        "signals": piece.signals,
                    }
                    for piece in event.evidence
                ],
            }
            for event in scored.events
        ],
    }
