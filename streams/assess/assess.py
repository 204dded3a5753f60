"""From an article and the scores of its sentences to assessments, one per country. Pure.

Two steps, because the classifier sits between them: `prepare` says what to score, `assess` says what it means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.article import Aggregation, Position, article_score, positions_of
from models.labels import EVENTS, LABELS
from streams.assess.allclear import cleared
from streams.assess.genre import genre_of
from streams.assess.places import Area, Gazetteer, Home, concerned, home_of, locate
from streams.assess.record import (
    EVENT_NAMES,
    ArticleRef,
    AssessedArea,
    AssessedEvidence,
    Assessment,
    EventName,
    InputRef,
    ModelRef,
    Status,
)
from streams.assess.settle import DECIMALS, Rounded, Scores, settled
from streams.assess.staleness import is_stale
from streams.ingest.article import Article, Moment
from streams.ingest.language import Language, language_of
from streams.ingest.sentences import Sentence, sentences
from streams.ingest.text import fold
from streams.kafka.records import Delivery
from streams.observe.vocabulary import NOWHERE

__all__ = ["Judged", "Outcome", "Prepared", "assess", "prepare"]

_SHORT = 20
"""Visible characters below which an article is counted `too_short` (CONTRACTS)."""
_QUOTE = 300
_MOST_EVIDENCE = 20
"""Evidence sentences kept per country, the best ones: it bounds the assessment."""
_NEVER = 2.0
"""A threshold that no score reaches."""

Outcome = Literal["assessed", "no_evidence", "stale", "unsupported_language", "too_short"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article and what the classifier is to be asked. `texts` and `contexts` belong to `sentences`, in order.

    `outcome` is set where there is nothing to ask: then the lists are empty.
    """

    article: Article
    language: Language
    sentences: tuple[Sentence, ...]
    texts: tuple[str, ...]
    contexts: tuple[tuple[str | None, str | None], ...]
    cut: int
    """Sentences beyond the limit, not scored."""
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one article: an outcome, and its assessments if the outcome is `assessed`."""

    outcome: Outcome
    assessments: tuple[Assessment, ...]


def prepare(article: Article, delivery: Delivery, *, most_sentences: int, stale_hours: float) -> Prepared:
    """What to score of `article`. English only; stale articles and other languages are not scored."""
    language = language_of(article)
    outcome: Outcome | None = None
    if not (article.title or article.summary or article.body):
        outcome = "too_short"
    elif language.code != "en":
        outcome = "unsupported_language"
    elif is_stale(article, delivery.time, stale_hours):
        outcome = "stale"
    if outcome is not None:
        return Prepared(article, language, (), (), (), 0, outcome)
    found = sentences(article)
    kept = found[:most_sentences]
    texts = tuple(fold(sentence.text) for sentence in kept)
    return Prepared(article, language, kept, texts, _contexts(article, kept, texts), len(found) - len(kept), None)


def _contexts(
    article: Article, kept: Sequence[Sentence], texts: Sequence[str]
) -> tuple[tuple[str | None, str | None], ...]:
    """For each sentence the headline (not for itself) and the sentence before it in the same field."""
    headline = fold(article.title) if article.title else None
    found = []
    for number, sentence in enumerate(kept):
        previous = texts[number - 1] if number and kept[number - 1].field == sentence.field else None
        found.append((None if sentence.field == "title" else headline, previous))
    return tuple(found)


def assess(
    prepared: Prepared,
    scores: Scores,
    delivery: Delivery,
    *,
    status: Status,
    thresholds: dict[str, float],
    model: ModelRef,
    gazetteer: Gazetteer,
    aggregation: Mapping[str, Aggregation] | None = None,
) -> Judged:
    """The assessments of one scored article. `scores` are those of `prepared.texts`, any precision.

    An assessment's score says how likely the event is the article's news there (`aggregation`, from the model's
    manifest), not only that a sentence mentions it. Without one it is the best sentence's.
    """
    if prepared.outcome is not None:
        return Judged(prepared.outcome, ())
    rounded = settled(prepared.texts, scores)
    positions = positions_of([sentence.field for sentence in prepared.sentences])
    chosen = [number for number in range(len(prepared.sentences)) if _counts(rounded[number], thresholds)]
    over = cleared(prepared.texts, positions, _headline_evidence(rounded, positions, thresholds))
    article = prepared.article
    home = home_of(article.publisher, article.domain, gazetteer) if chosen or over else None
    found = _places(article, prepared.sentences, chosen, gazetteer, home)
    about = concerned(article.title, article.summary, article.body, gazetteer, home) if over else ()
    clears = _cleared_by_country(over, about, prepared.sentences)
    by_country: dict[str, list[tuple[int, Area | None]]] = {country: [] for country in clears}
    for number in chosen:
        for area in found[number] or (None,):
            by_country.setdefault(area.country if area else NOWHERE, []).append((number, area))
    if not by_country:
        return Judged("too_short" if _is_short(article) else "no_evidence", ())
    reference = _reference(article, prepared.language)
    made = []
    for country in sorted(by_country):
        ended = clears.get(country, {})
        # What is said to be over is told once more on the way: that is no evidence that it goes on.
        least = {event: _NEVER if event in ended else thresholds[event] for event in EVENTS}
        numbers = [number for number, _ in by_country[country] if _counts(rounded[number], least)]
        made.append(
            Assessment(
                schema_version="1",
                kind="assessment",
                status=status,
                country=country,
                article=reference,
                content_hash=article.content_hash,
                simhash=article.simhash,
                kafka_timestamp_ms=delivery.timestamp_ms,
                input=InputRef(delivery.tp.topic, delivery.tp.partition, delivery.offset),
                scores=_event_scores(rounded, numbers, positions, least, aggregation or {}),
                thresholds={"escalation": thresholds["escalation"], "evacuation": thresholds["evacuation"]},
                evidence=_evidence(prepared.sentences, rounded, numbers),
                areas=_areas([area for _, area in by_country[country] if area]),
                retracted=article.retracted,
                model=model,
                traceparent=delivery.header("traceparent"),
                cleared=ended,
            )
        )
    return Judged("assessed", tuple(made))


def _counts(row: NDArray[np.float64], least: Mapping[str, float]) -> bool:
    return any(row[column] >= least[event] for column, event in enumerate(EVENTS))


def _headline_evidence(
    rounded: Rounded, positions: Sequence[Position], thresholds: Mapping[str, float]
) -> frozenset[EventName]:
    """Events that a headline is evidence of."""
    headlines = [number for number, position in enumerate(positions) if position in ("headline", "alone")]
    return frozenset(
        event
        for column, event in enumerate(EVENT_NAMES)
        if any(rounded[n, column] >= thresholds[event] for n in headlines)
    )


def _places(
    article: Article, found: Sequence[Sentence], numbers: Sequence[int], gazetteer: Gazetteer, home: Home | None
) -> dict[int, tuple[Area, ...]]:
    """Where it happens, for the sentences of these numbers."""
    spans = [(found[number].field, found[number].start, found[number].end) for number in numbers]
    if not spans:
        return {}
    areas = locate(article.title, article.summary, article.body, spans, gazetteer, home)
    return {number: tuple(where) for number, where in zip(numbers, areas, strict=True)}


def _cleared_by_country(
    over: Mapping[int, frozenset[EventName]], about: Sequence[str], found: Sequence[Sentence]
) -> dict[str, dict[EventName, str]]:
    """For each country that the article is about the events that are over, with the first sentence that says so: a
    truce ends what happens to both sides, and where nothing happened it ends nothing.
    """
    said: dict[EventName, str] = {}
    for number in sorted(over):
        for event in sorted(over[number]):
            said.setdefault(event, found[number].text[:_QUOTE])
    return {country: dict(said) for country in about}


def _is_short(article: Article) -> bool:
    text = "".join(part for part in (article.title, article.summary, article.body) if part)
    return sum(not letter.isspace() for letter in text) < _SHORT


def _event_scores(
    rounded: Rounded,
    numbers: Sequence[int],
    positions: Sequence[Position],
    thresholds: Mapping[str, float],
    aggregation: Mapping[str, Aggregation],
) -> dict[EventName, float]:
    found: dict[EventName, float] = {}
    for event in EVENT_NAMES:
        column = LABELS.index(event)
        mine = [number for number in numbers if rounded[number, column] >= thresholds[event]]
        if mine:
            scores, places = rounded[mine, column], [positions[number] for number in mine]
            found[event] = round(article_score(scores, places, aggregation.get(event)), DECIMALS)
    return found


def _evidence(
    all_sentences: Sequence[Sentence], rounded: Rounded, numbers: Sequence[int]
) -> tuple[AssessedEvidence, ...]:
    best = sorted(numbers, key=lambda number: (-float(rounded[number, :2].max()), number))[:_MOST_EVIDENCE]
    found = []
    for number in sorted(best):
        sentence = all_sentences[number]
        quote = sentence.text[:_QUOTE]
        scores = {label: float(rounded[number, column]) for column, label in enumerate(LABELS)}
        end = sentence.start + len(quote)
        found.append(AssessedEvidence(sentence.field, sentence.start, end, quote, scores))
    return tuple(found)


def _areas(areas: Sequence[Area]) -> tuple[AssessedArea, ...]:
    """Each named place once, with its best confidence; at most five, the surest first."""
    best: dict[tuple[str, str | None], Area] = {}
    for area in areas:
        known = best.get((area.name, area.admin1))
        if known is None or area.confidence > known.confidence:
            best[area.name, area.admin1] = area
    surest = sorted(best.values(), key=lambda area: (-area.confidence, area.name))[:5]
    return tuple(AssessedArea(a.name, a.country, a.admin1, a.source, a.confidence) for a in surest)


def _reference(article: Article, language: Language) -> ArticleRef:
    published = article.published
    return ArticleRef(
        id=article.id,
        url=article.url,
        title=article.title,
        publisher=article.publisher,
        domain=article.domain,
        language=language.code,
        published_at=_text(published),
        precision=published.precision if published else None,
        zone_known=bool(published and published.zone_known),
        crawled_at=_text(article.crawled),
        genre=genre_of(article),
    )


def _text(moment: Moment | None) -> str | None:
    return moment.at.isoformat(timespec="seconds") if moment else None
