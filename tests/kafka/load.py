"""Articles for load and faults: ordinary news with, now and then, one country whose citizens are told to leave.

Each such country occurs once, so what must come out is known beforehand: one evacuation alert for each of them.
"""

import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from functools import cache

from streams.assess.places.names import country_names
from streams.canary.article import COUNTRY

COUNTRIES = (
    "Ukraine", "Lebanon", "Sudan", "Haiti", "Niger", "Mali", "Yemen", "Libya", "Somalia", "Ethiopia", "Myanmar",
    "Afghanistan", "Iraq", "Syria", "Iran", "Armenia", "Azerbaijan", "Moldova", "Belarus", "Kosovo", "Serbia",
    "Venezuela", "Ecuador", "Nicaragua", "Bolivia", "Peru", "Colombia", "Mozambique", "Cameroon", "Chad", "Nigeria",
    "Kenya", "Uganda", "Rwanda", "Burundi", "Pakistan", "Bangladesh", "Nepal", "Tunisia", "Egypt",
)  # fmt: skip

_LINES = (
    "The town council approved a plan to repair {n} kilometres of road before the end of the summer.",
    "Farmers in the valley said that this year's apple harvest was about {n} per cent larger than the last one.",
    "The library will open a new reading room for children, with {n} seats and a garden, on Monday.",
    "Prices of bread and milk rose slightly in the second quarter, the statistics office reported.",
    "The orchestra plays works by Dvorak and Sibelius on {n} evenings, and all tickets are sold.",
    "A ferry line between the islands resumes next week after repairs that took {n} days.",
    "The university named a new dean, who wants to hire {n} researchers in the coming years.",
    "Engineers tested a bridge with {n} lorries and found no fault, the ministry of transport said.",
    "The museum lends {n} paintings to galleries abroad and receives older prints in return.",
    "Volunteers planted {n} trees along the river on Saturday, and a school choir sang.",
    "The parliament discussed pensions for {n} minutes and adjourned until Thursday.",
    "Researchers counted {n} pairs of storks this spring, a few more than a year ago.",
)
_ALARM = (
    "The foreign ministry urged all its citizens to leave {country} immediately by any commercial flight that is"
    " still available."
)


def article(number: int, sentences: int = 8) -> bytes:
    """The article of that number, the same bytes every time. Every twelfth concerns a country, until all did."""
    about = number % 12 == 5 and number // 12 < len(COUNTRIES)
    return _about(COUNTRIES[number // 12] if about else None, number, sentences)


def watched_article(number: int, *, once: bool = False, countries: int | None = None) -> tuple[bytes, bytes]:
    """Key and value of the article of that number, for runs of minutes: every third is about one of the 238 countries
    of the world (or so many of them), each in turn, or only once, under its name as the key: order within a country is
    thus certain.
    """
    world = _world()[:countries]
    if number % 3 == 0 and (number // 3 < len(world) or not once):
        country = world[number // 3 % len(world)]
        return country.encode(), _about(country, number, 2)
    return b"%d" % number, _about(None, number, 2)


@cache
def _world() -> tuple[str, ...]:
    return tuple(name for code, name in sorted(country_names().items()) if code != COUNTRY)


def _about(country: str | None, number: int, sentences: int) -> bytes:
    generator = random.Random(number)
    lines = [generator.choice(_LINES).format(n=generator.randint(3, 98)) for _ in range(sentences)]
    title = f"Local notes, number {number}"
    if country is not None:
        title = f"Citizens urged to leave {country} immediately"
        lines[0] = _ALARM.format(country=country)
    digest = hashlib.sha256(str(number).encode()).hexdigest()[:8]
    record = {"title": title, "text": " ".join(lines), "url": f"https://paper{number % 7}.example/{number}-{digest}"}
    return json.dumps(record).encode()


def articles(count: int, sentences: int = 8) -> Iterator[bytes]:
    """The first `count` articles."""
    return itertools.islice((article(number, sentences) for number in itertools.count()), count)
