"""Which of its candidates a name means, by what else the article names.

Guarantees: linear in the number of mentions; every resolved mention has exactly one country. Refuses small towns
that nothing supports: no place cue in front and their country nowhere else in the article.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10

from streams.assess.places.gazetteer import Candidate, Gazetteer
from streams.assess.places.home import Home
from streams.assess.places.mentions import Mention
from streams.assess.places.words import Words

__all__ = ["Place", "Votes", "count_votes", "resolve"]

# Sizes are compared as log10. A state named elsewhere must lift Birmingham, Alabama (0.2 million) over Birmingham,
# England (1.2 million), 0.8 apart; a country named elsewhere must lift Hyderabad, Pakistan over the Indian one, 0.7.
_STATE_VOTE, _COUNTRY_VOTE = 1.6, 1.0
_WORLD_CITY, _TWICE, _AGAIN_AND_AGAIN = 1_000_000, 2, 3
_WITHIN = 10  # words from a place to the division that it is in
_IN_DIVISION = 4  # "in the district of"
_DIVISIONS = frozenset(("region", "state", "province"))
_SURE_KINDS = frozenset(("country", "demonym", "district"))
_LOCATIVES = frozenset(
    [
        "in",
        "near",
        "at",
        "outside",
        "around",
        "from",
        "into",
        "inside",
        "across",
        "of",
        "to",
        "over",
        "toward",
        "towards",
        "on",
        "leave",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """Words first..last of a field mean this candidate."""

    first: int
    last: int
    place: Candidate
    settled: bool


@dataclass(frozen=True, slots=True)
class Votes:
    """How often the article names each country beyond doubt (key "UA"), and each US state (key "US.GA")."""

    countries: Counter[str]
    states: Counter[str]
    words: frozenset[str]


def count_votes(
    fields: Iterable[tuple[Words, Sequence[Mention]]], gazetteer: Gazetteer, home: Home | None = None
) -> Votes:
    """Votes of the mentions that have one candidate only, and the cue words of the whole article.

    The publisher's `home` votes too, a local paper's as if the article named it again and again.
    """
    countries: Counter[str] = Counter()
    if home is not None and home.code != "US":
        countries[home.code] = _AGAIN_AND_AGAIN if home.local else 1
    states: Counter[str] = Counter()
    seen: set[str] = set()
    for words, mentions in fields:
        seen.update(words.folded)
        for mention in mentions:
            codes = {c.code for c in mention.candidates}
            candidate = mention.candidates[0]
            sure = len(codes) == 1 or candidate.kind in _SURE_KINDS  # small towns called Cuba don't shake Cuba
            if not sure or candidate.needs_support or mention.key in gazetteer.cues.ambiguous:
                continue
            if candidate.code == "US" and candidate.kind in ("country", "demonym", "actor"):
                continue  # named in half of the world's news: no evidence that a town is American
            countries[candidate.code] += 1
            if candidate.state:
                states[candidate.state] += 1
    return Votes(countries, states, frozenset(seen))


def resolve(words: Words, mentions: Sequence[Mention], votes: Votes, gazetteer: Gazetteer) -> list[Place]:
    """One place per mention, in order; mentions that turn out to be no evidence are left out."""
    places = []
    for number, mention in enumerate(mentions):
        chosen = _choose(mention, votes, gazetteer)
        whole = _whole(words, mentions, number)
        if whole is not None and chosen.kind == "town" and chosen.code != whole:
            inside = [candidate for candidate in mention.candidates if candidate.code == whole]
            if not inside:
                continue  # another place of that name, which no table has
            chosen = inside[0]
        if chosen.needs_support and not mention.settled and not _supported(words, mention, chosen, votes):
            continue
        if not mention.settled and _is_stranger(chosen, votes):
            continue
        places.append(Place(mention.first, mention.last, chosen, mention.settled))
    return places


def _whole(words: Words, mentions: Sequence[Mention], number: int) -> str | None:
    """The country of the division that a place is said to be in: "Tudora and Palanca in the district of Cahul"."""
    here = mentions[number]
    for later in mentions[number + 1 : number + 4]:
        if words.sentence[later.first] != words.sentence[here.first] or later.first - here.last > _WITHIN:
            return None
        if later.candidates[0].kind in _DIVISIONS and len({c.code for c in later.candidates}) == 1:
            return later.candidates[0].code if _inside(words, here.last + 1, later.first) else None
    return None


def _inside(words: Words, start: int, end: int) -> bool:
    """Whether words start..end (exclusive) are other names and then "in the district of" or the like."""
    between = words.folded[start:end]
    if "in" not in between:
        return False
    at = between.index("in")
    names = all(word in ("and", "or") or words.capital(start + i) for i, word in enumerate(between[:at]))
    return names and "of" in between[at:] and len(between) - at <= _IN_DIVISION


def _choose(mention: Mention, votes: Votes, gazetteer: Gazetteer) -> Candidate:
    candidates = mention.candidates
    if len(candidates) == 1:
        return candidates[0]
    sides = gazetteer.cues.ambiguous.get(mention.key)
    if sides is not None:
        support = {code: len(cues & votes.words) for code, cues in sides.items()}
        for candidate in candidates:
            support[candidate.code] = support.get(candidate.code, 0)
        return max(candidates, key=lambda c: support[c.code])  # the first one, the default, wins a tie
    if candidates[0].kind in _SURE_KINDS or candidates[0].kind == "actor":
        return candidates[0]
    return max(candidates, key=lambda c: _weight(c, votes))


def _weight(candidate: Candidate, votes: Votes) -> float:
    weight = log10(max(candidate.size, 1))
    if candidate.state and votes.states[candidate.state]:
        weight += _STATE_VOTE
    elif candidate.code != "US" and votes.countries[candidate.code]:
        weight += _COUNTRY_VOTE
    return weight


def _is_stranger(chosen: Candidate, votes: Votes) -> bool:
    """A town of a country that the article never names, while it names another one again and again (for a small town:
    twice): most names of towns are names of something else, too.
    """
    if chosen.kind != "town" or chosen.capital or chosen.size >= _WORLD_CITY or votes.countries[chosen.code]:
        return False
    return max(votes.countries.values(), default=0) >= (_TWICE if chosen.needs_support else _AGAIN_AND_AGAIN)


def _supported(words: Words, mention: Mention, chosen: Candidate, votes: Votes) -> bool:
    if votes.states[chosen.state] if chosen.state else votes.countries[chosen.code]:
        return True
    before = mention.first - 1
    return (
        before >= 0
        and words.sentence[before] == words.sentence[mention.first]
        and words.gap[mention.first] == " "
        and words.folded[before] in _LOCATIVES
    )
