"""First-level divisions of countries and what lies below them, by name: ISO 3166-2 as pycountry has it.

Guarantees: each name belongs to one country only, and says more than a direction. Refuses names that several countries
use (Centre, Santa Cruz): they would pin an event on the wrong one.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pycountry

__all__ = ["Division", "divisions"]

_MINOR: Final = frozenset(
    [
        "Administrative atoll",
        "City",
        "City municipality",
        "Commune",
        "Council area",
        "District",
        "District council area",
        "District municipality",
        "Local council",
        "London borough",
        "Metropolitan district",
        "Municipality",
        "Parish",
        "Popularate",
        "Quarter",
        "Rayon",
        "Rural municipality",
        "Special municipality",
        "Two-tier county",
        "Unitary authority",
        "Urban community",
        "Urban municipality",
        "Village",
    ]
)
"""Kinds that are as small as towns: a bare mention of one is no evidence of a place."""
_EMPTY: Final = frozenset(
    [
        "north",
        "south",
        "east",
        "west",
        "northern",
        "southern",
        "eastern",
        "western",
        "north-east",
        "north-west",
        "south-east",
        "south-west",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
        "central",
        "centre",
        "center",
        "centro",
        "nord",
        "sud",
        "est",
        "ouest",
        "norte",
        "sur",
        "este",
        "oeste",
        "sul",
        "leste",
        "upper",
        "lower",
        "inner",
        "outer",
        "middle",
        "capital",
        "city",
        "federal",
        "district",
        "territory",
        "island",
        "islands",
        "metropolitan",
        "region",
        "province",
        "state",
        "department",
        "coast",
        "coastal",
        "highlands",
        "lakes",
        "plateau",
        "plateaux",
        "littoral",
        "maritime",
        "national",
        "autonomous",
        "and",
        "of",
        "the",
        "de",
        "la",
        "el",
        "new",
        "great",
        "rest",
        "area",
        "zone",
    ]
)
_FEW: Final = 60
_BREAK: Final = re.compile(r"[,\[(/*]")
_EDGES: Final = " '’`ʼ"


@dataclass(frozen=True, slots=True)
class Division:
    """A division: its country's code, its own code, its name, and whether it is as small as a town."""

    code: str
    iso: str
    name: str
    minor: bool


def divisions() -> Iterator[Division]:
    """All that can be told by their names."""
    found: dict[str, list[Division]] = {}
    number = Counter(entry.country_code for entry in pycountry.subdivisions)
    for entry in pycountry.subdivisions:
        name = _BREAK.split(entry.name)[0].strip(_EDGES)
        words = name.lower().split()
        if not words or all(word in _EMPTY for word in words):
            continue
        # Where there are few, a district is what elsewhere is a province.
        few = entry.parent_code is None and number[entry.country_code] <= _FEW
        made = Division(entry.country_code, entry.code, name, entry.type in _MINOR and not few)
        found.setdefault(name.lower(), []).append(made)
    for same in found.values():
        if len({division.code for division in same}) == 1:
            # A province before a town of its name.
            yield min(same, key=lambda division: (division.minor, division.iso))
