"""What the whole article says about places, for sentences that name none in danger themselves.

Guarantees: built once per article in linear time; each question about one sentence costs a bounded number of
steps, plus one per country that the article names.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.assess.places.part import Part, Role
from streams.assess.places.words import Words

__all__ = ["PART_WEIGHT", "Context", "FieldParts", "build_context"]

FieldName = Literal["title", "summary", "body"]

# How much one mention says about where the danger is. The order of size is what matters: someone in danger, then a
# place merely named, the dateline, those who act; speakers and hosts next to nothing, embassies and citizens nothing.
# Set by hand and checked on the written cases.
PART_WEIGHT: Mapping[Role, float] = {
    Role.TARGET: 3.0,
    Role.PLAIN: 1.2,
    Role.PEOPLE: 0.6,
    Role.SUBJECT: 0.7,
    Role.DATELINE: 0.7,
    Role.AGENT: 0.4,
    Role.SPEAKER: 0.1,
    Role.VENUE: 0.1,
    Role.DESTINATION: 0.1,
    Role.BELONGING: 0.0,
}
_FIELD_WEIGHT: Mapping[str, float] = {"title": 2.5, "summary": 1.5, "body": 1.0}
_LEAD_SENTENCES, _LEAD_WEIGHT = 2, 1.5  # news text says what happened where in its first two sentences
# However often a state acts or speaks in an article, that adds up to one place merely named.
_DOING, _MOST_DOING = frozenset((Role.AGENT, Role.SPEAKER)), 1.2
# A publisher's country, where the article names any: less than one place merely named, or as much for a local paper.
_HOME, _LOCAL_HOME = 0.5, 1.5
_DOUBT = 2.0  # weight of "somewhere else"; keeps one weak mention from owning the article
_NEAR_MENTIONS, _NEAR_SENTENCES = 8, 5
_SHARE_SCORE, _NEAR_SCORE = 4.0, 2.5


@dataclass(frozen=True, slots=True)
class FieldParts:
    """One field: its words, its places with their roles, and the offsets where these start (ascending)."""

    words: Words
    parts: tuple[Part, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """shares: country -> part of the article's weight, in [0, 1]. fields: as analysed. named: countries of which more
    is named than a house that speaks for them ("the Kremlin").
    """

    shares: Mapping[str, float]
    fields: Mapping[str, FieldParts]
    named: frozenset[str] = frozenset()

    def around(self, field: str, start: int) -> defaultdict[str, float]:
        """Score per country for a sentence at `start`: the article's shares, and what was last in danger."""
        scores = defaultdict(float, {code: _SHARE_SCORE * share for code, share in self.shares.items()})
        own = self.fields[field]
        here = bisect_left(own.starts, start)
        word = bisect_left(own.words.start, start)
        if not own.words.sentence:
            return scores
        sentence = own.words.sentence[min(word, len(own.words.sentence) - 1)]
        for part in reversed(own.parts[max(0, here - _NEAR_MENTIONS) : here]):
            away = sentence - own.words.sentence[part.place.first]
            if away > _NEAR_SENTENCES:
                break
            if part.role in (Role.TARGET, Role.PLAIN):
                factor = 1.0 if part.role is Role.TARGET else 0.4
                scores[part.place.place.code] += _NEAR_SCORE * factor / max(1, away)
                if part.role is Role.TARGET:
                    break
        return scores


def build_context(fields: Mapping[str, FieldParts], home: str | None = None, *, local: bool = False) -> Context:
    """Weigh every mention of the article by role and position. home: the publisher's country, if that is known; local:
    it is named after a part of it.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    doing: defaultdict[str, float] = defaultdict(float)
    for name, field in fields.items():
        for part in field.parts:
            lead = name == "body" and field.words.sentence[part.place.first] < _LEAD_SENTENCES
            position = _LEAD_WEIGHT if lead else _FIELD_WEIGHT[name]
            side = doing if part.role in _DOING else weights
            side[part.place.place.code] += PART_WEIGHT[part.role] * position
    for code, weight in doing.items():
        weights[code] += min(weight, _MOST_DOING)
    if home is not None and weights:
        weights[home] += _LOCAL_HOME if local else _HOME
    total = sum(weights.values()) + _DOUBT
    parts = [part for field in fields.values() for part in field.parts]
    named = frozenset(part.place.place.code for part in parts if part.place.place.kind != "actor")
    return Context({code: weight / total for code, weight in weights.items() if weight}, fields, named)


def in_span(field: FieldParts, start: int, end: int, limit: int) -> Sequence[Part]:
    """The first `limit` places that begin in [start, end)."""
    a = bisect_left(field.starts, start)
    b = min(bisect_left(field.starts, end, lo=a), a + limit)
    return field.parts[a:b]
