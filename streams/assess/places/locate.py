"""From evidence sentences to countries: the one function that the assess stage calls.

Guarantees: pure and deterministic; linear in the length of the article plus the number of spans; never raises on any
text or offsets. Refuses to invent a place: nothing found is an empty tuple.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from streams.assess.places.area import Area
from streams.assess.places.context import PART_WEIGHT, Context, FieldParts, build_context, in_span
from streams.assess.places.gazetteer import Candidate, Gazetteer
from streams.assess.places.home import Home
from streams.assess.places.mentions import find_mentions
from streams.assess.places.part import ACROSS, Part, Role
from streams.assess.places.resolve import count_votes, resolve
from streams.assess.places.roles import find_roles
from streams.assess.places.words import split_words

__all__ = ["concerned", "locate"]

FieldName = Literal["title", "summary", "body"]
Span = tuple[FieldName, int, int]

_MOST_AREAS = 3
_MOST_PLACES = 64  # of one span; keeps many long spans over one text linear
_THRESHOLD = 0.9
_PLAIN_SCORE, _WEAK_SCORE = 3.5, 1.6
_DOERS = frozenset((Role.AGENT, Role.SPEAKER, Role.BELONGING))
# Less than any step between two strengths: it decides between equals.
_DOER_PENALTY = 0.4
_SOURCE = "gazetteer"
_PASSING = 0.5
"""Of the share of the country that an article is most about: who has less is named in passing."""
_CONCERNED = 0.15
_GUESSED = 0.3


def locate(
    title: str | None,
    summary: str | None,
    body: str | None,
    spans: Sequence[Span],
    gazetteer: Gazetteer,
    home: Home | None = None,
) -> tuple[tuple[Area, ...], ...]:
    """Countries in danger, for each span (field, start, end) in code points of that field.

    Usually one area a span; several only where the sentence puts them side by side ("Israel and Iran traded
    strikes"), at most three; none where neither the sentence nor the article names a place, unless the publisher's
    `home` is a part of a country: then that part. Offsets outside the field are harmless; an end before the start is an
    empty span.
    """
    context = _analyse({"title": title or "", "summary": summary or "", "body": body or ""}, gazetteer, home)
    local = _local(home, gazetteer)
    return tuple(_coherent(_areas(context, span, gazetteer), context, gazetteer) or local for span in spans)


def _local(home: Home | None, gazetteer: Gazetteer) -> tuple[Area, ...]:
    if home is None or not home.local:
        return ()
    return (Area(home.area or gazetteer.countries[home.code], home.code, home.admin1 or None, "publisher", _GUESSED),)


def concerned(
    title: str | None, summary: str | None, body: str | None, gazetteer: Gazetteer, home: Home | None = None
) -> tuple[str, ...]:
    """Codes of the countries that the article is about, the most important first: whose it may be that something ended,
    whoever ended it.
    """
    context = _analyse({"title": title or "", "summary": summary or "", "body": body or ""}, gazetteer, home)
    ranked = sorted(context.shares.items(), key=lambda item: (-item[1], item[0]))
    found = tuple(code for code, share in ranked if share >= _CONCERNED)
    return found or tuple(area.country for area in _local(home, gazetteer))


def _coherent(areas: tuple[Area, ...], context: Context, gazetteer: Gazetteer) -> tuple[Area, ...]:
    """Without the countries that the article names in passing: what a sentence says of them ("two flights for Greek
    citizens are to leave") is mostly part of what happens in the article's own country.
    """
    top = max(context.shares.items(), key=lambda item: (item[1], item[0]), default=None)
    if top is None or not areas:
        return areas
    least = _PASSING * top[1]
    kept = tuple(area for area in areas if context.shares.get(area.country, 0.0) >= least)
    if kept:
        return kept
    return (Area(gazetteer.countries[top[0]], top[0], None, _SOURCE, _GUESSED),)


def _analyse(texts: Mapping[str, str], gazetteer: Gazetteer, home: Home | None) -> Context:
    split = {name: split_words(text) for name, text in texts.items()}
    mentions = dict(zip(split, find_mentions(tuple(split.values()), gazetteer), strict=True))
    votes = count_votes([(words, mentions[name]) for name, words in split.items()], gazetteer, home)
    fields = {}
    for name, words in split.items():
        places = resolve(words, mentions[name], votes, gazetteer)
        parts = tuple(find_roles(words, places, gazetteer.cues, datelines=name != "title"))
        fields[name] = FieldParts(words, parts, tuple(words.start[part.place.first] for part in parts))
    return build_context(fields, home.code if home else None, local=home is not None and home.local)


def _areas(context: Context, span: Span, gazetteer: Gazetteer) -> tuple[Area, ...]:
    field, start, end = span
    start = max(start, 0)
    parts = in_span(context.fields[field], start, max(end, start), _MOST_PLACES)
    targets = [part for part in parts if part.role is Role.TARGET]
    if targets:
        return _in_danger(targets, parts, context)
    return _by_context(parts, context, field, start, gazetteer)


def _in_danger(targets: Sequence[Part], parts: Sequence[Part], context: Context) -> tuple[Area, ...]:
    """The sentence says where: the strongest target and what stands beside it; who also acts ranks lower."""
    doers = {part.place.place.code for part in parts if part.role in _DOERS}
    if all(part.strength == ACROSS for part in targets):  # "Estonia closed its border with Russia"
        targets = [*targets, *(replace(p, strength=ACROSS) for p in parts if p.role is Role.PLAIN)]
    strength: dict[str, float] = {}
    for part in targets:
        code = part.place.place.code
        strength[code] = max(strength.get(code, 0.0), part.strength)

    def rank(part: Part) -> float:
        code = part.place.place.code
        doing = _DOER_PENALTY if code in doers else 0.0
        named_best = part.strength / 100  # between two names of one country
        return strength[code] + context.shares.get(code, 0.0) - doing + named_best

    best = max(targets, key=rank)
    beside = [p for p in targets if p.group == best.group]
    rivals = len(strength) - len({part.place.place.code for part in [best, *beside]})
    areas: dict[str, Area] = {}
    for part in [best, *beside]:
        place = part.place.place
        agreed = context.shares.get(place.code, 0.0)
        confidence = min(0.97, 0.8 + 0.04 * (part.strength - 3) + 0.15 * agreed - 0.1 * min(rivals, 2))
        areas.setdefault(place.code, Area(place.name, place.code, place.admin1 or None, _SOURCE, round(confidence, 2)))
    return tuple(areas.values())[:_MOST_AREAS]


def _by_context(
    parts: Sequence[Part], context: Context, field: FieldName, start: int, gazetteer: Gazetteer
) -> tuple[Area, ...]:
    """The sentence names no place in danger: weigh what it names against what the article is about."""
    scores = context.around(field, start)
    named: dict[str, Candidate] = {}
    for part in parts:
        place = part.place.place
        factor = _PLAIN_SCORE if part.role is Role.PLAIN else _WEAK_SCORE
        scores[place.code] += factor * PART_WEIGHT[part.role]
        if part.role is Role.PLAIN:
            named.setdefault(place.code, place)
    if not scores:
        return ()
    code, score = min(scores.items(), key=lambda item: (-item[1], item[0]))
    only = len(scores) == 1 and score > 0 and code in context.named
    if score < _THRESHOLD and not only:
        return ()
    share = score / (sum(scores.values()) + 1.0)
    confidence = (0.4 if code in named else 0.2) + 0.45 * share
    found = named.get(code)
    name = found.name if found else gazetteer.countries[code]
    return (Area(name, code, (found.admin1 or None) if found else None, _SOURCE, round(confidence, 2)),)
