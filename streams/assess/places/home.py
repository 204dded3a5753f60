"""Where a publisher is at home: what a local paper leaves unsaid ("the bell rang, and by two the village was empty").

Guarantees: pure; linear in the length of the name. Refuses to decide between two countries, and domains that are sold
for their sound (.tv, .io): no answer then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streams.assess.places.gazetteer import Candidate, Gazetteer
from streams.assess.places.words import split_words

__all__ = ["Home", "home_of"]

_RENAMED: Final = {"uk": "GB"}
_WORLD_CITY: Final = 1_000_000
_LONGEST_NAME: Final = 200
_NO_PLACES: Final = ("actor", "none")


@dataclass(frozen=True, slots=True)
class Home:
    """Country of a publisher. local: named after a part of it, so that what it says without a place is about that part;
    then `area` names the part and `admin1` its ISO 3166-2 code, or "".
    """

    code: str
    local: bool = False
    area: str = ""
    admin1: str = ""


def home_of(publisher: str | None, domain: str | None, gazetteer: Gazetteer) -> Home | None:
    """The publisher's country by its name, or else by the country code of its domain; None if neither says."""
    names = _named(publisher or "", gazetteer)
    if names:
        found = names[0]
        # "Washington Post" and "New York Times" write of the world.
        world = any(_is_known_to_all(name) for name in (*names, *_cities(found.name, gazetteer)))
        local = found.kind in ("region", "state", "province", "town") and not world
        return Home(found.code, local, found.name if local else "", found.admin1 if local else "")
    label = (domain or "").rpartition(".")[2].lower()
    code = _RENAMED.get(label, label.upper())
    return (
        Home(code) if len(label) == 2 and label not in gazetteer.words["sold"] and code in gazetteer.countries else None
    )


def _cities(name: str, gazetteer: Gazetteer) -> Sequence[Candidate]:
    """Towns that a state has its name from, or it theirs: New York City, Washington, D.C."""
    key = " ".join(split_words(name).folded)
    return [town for tail in ("city", "dc") for town in gazetteer.names.get(f"{key} {tail}", ()) if town.kind == "town"]


def _is_known_to_all(place: Candidate) -> bool:
    return place.kind == "town" and (place.capital or place.size >= _WORLD_CITY or place.name.endswith("D.C."))


def _named(publisher: str, gazetteer: Gazetteer) -> Sequence[Candidate]:
    """What the one place in the name of a publisher may mean, whatever else the whole name is ("Kyiv Post")."""
    folded = split_words(publisher[:_LONGEST_NAME]).folded
    found: list[Sequence[Candidate]] = []
    at = 0
    while at < len(folded):
        longest = min(gazetteer.heads.get(folded[at], 0), len(folded) - at)
        for size in range(longest, 0, -1):
            candidates = gazetteer.names.get(" ".join(folded[at : at + size]), ())
            if candidates and candidates[0].kind not in _NO_PLACES and not candidates[0].needs_support:
                found.append(candidates)
                at += size - 1
                break
        at += 1
    alone = len({candidates[0].code for candidates in found}) == 1 and not found[0][0].needs_comma
    return found[0] if alone else ()
