"""Names of countries by their code, without loading the whole gazetteer."""

from collections.abc import Mapping
from types import MappingProxyType

from streams.assess.places.tables import read_rows
from streams.observe.vocabulary import NOWHERE

__all__ = ["country_names", "place_name"]


def country_names() -> Mapping[str, str]:
    """ISO 3166-1 alpha-2 code (and XK) to the name that a reader says. Reads one small table."""
    return MappingProxyType({row[0]: row[1] for row in read_rows("countries.tsv", 4)})


def place_name(country: str, names: Mapping[str, str]) -> str:
    """The country as a reader says it, with its code; the code alone where `names` does not know it."""
    if country == NOWHERE:
        return "an unnamed place"
    return f"{names[country]} ({country})" if country in names else country
