"""Where a publisher is at home, and what that settles."""

import pytest

from streams.assess.places import home_of, locate
from tests.unit.assess.places_support import gazetteer

VILLAGE = "At one in the night the bell rang, and everybody was told to leave the village at once."


@pytest.mark.parametrize(
    ("publisher", "domain", "code", "local"),
    [
        ("Algarve Gazette", None, "PT", True),
        ("Kivu Matin", "kivumatin.example", "CD", True),
        ("Sudurland Radio", None, "IS", True),
        ("Kyiv Post", None, "UA", False),
        ("The Times of Israel", "timesofisrael.com", "IL", False),
        ("Washington Post", None, "US", False),
        ("The New York Times", None, "US", False),
        (None, "www.publico.pt", "PT", False),
        ("Nation", "nation.co.uk", "GB", False),
        ("Tages-Anzeiger", "tagesanzeiger.ch", "CH", False),
    ],
)
def test_a_name_or_a_domain_says_where(publisher: str | None, domain: str | None, code: str, local: bool) -> None:
    home = home_of(publisher, domain, gazetteer())
    assert home is not None
    assert (home.code, home.local) == (code, local)


@pytest.mark.parametrize(
    ("publisher", "domain"),
    [
        (None, None),
        ("", ""),
        ("Reuters", "reuters.com"),
        ("Euronews", "euronews.eu"),
        ("War Monitor", "warmonitor.io"),
        ("Reading Chronicle", "chronicle.example"),
        ("France-Germany Review", "review.example"),
        ("\ud800\u202e" * 5000, ".." * 5000),
    ],
)
def test_what_does_not_say_it_is_not_guessed(publisher: str | None, domain: str | None) -> None:
    assert home_of(publisher, domain, gazetteer()) is None


def test_a_local_paper_means_its_own_part_of_the_country() -> None:
    home = home_of("Algarve Gazette", None, gazetteer())
    ((area,),) = locate("Village emptied", None, VILLAGE, [("body", 0, len(VILLAGE))], gazetteer(), home)
    assert (area.country, area.name, area.source) == ("PT", "Algarve", "publisher")
    assert area.confidence < 0.5


@pytest.mark.parametrize("publisher", ["Washington Post", "Kyiv Post", "Reuters"])
def test_a_paper_that_writes_of_the_world_says_nothing_alone(publisher: str) -> None:
    home = home_of(publisher, None, gazetteer())
    assert locate("Village emptied", None, VILLAGE, [("body", 0, len(VILLAGE))], gazetteer(), home) == ((),)


def test_a_named_place_outweighs_the_publisher() -> None:
    text = "Residents of Kharkiv in Ukraine were told to leave."
    home = home_of("Algarve Gazette", None, gazetteer())
    ((area,),) = locate(None, None, text, [("body", 0, len(text))], gazetteer(), home)
    assert area.country == "UA"
