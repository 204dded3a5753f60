"""Rules of thumb, one sentence each: what a neighbour word does to a name, and where a word or a sentence ends."""

import pytest

from streams.assess.places import locate
from streams.assess.places.words import split_words
from tests.unit.assess.places_support import gazetteer, where

SENTENCES = [
    ("The U.S. sent two destroyers to the eastern Mediterranean to deter Iran from attacking Israel.", "IL"),
    ("U.S. troops were sent to help evacuate American citizens from Sudan.", "SD"),
    ("Fighting raged in Ukraine and Russia said it would continue.", "UA"),
    ("Iran-backed militias fired rockets at a US base in Iraq.", "IQ"),
    ("Iran launched missiles at 12 American-allied states and hit Kuwait.", "KW"),
    ("A suicide bomber attacked a mosque in Peshawar, northwestern Pakistan.", "PK"),
    ("Protesters stormed the US embassy in Baghdad.", "IQ"),
    ("Canada, Britain and Australia urged their citizens to leave Israel and the Palestinian territories.", "IL PS"),
    ("British forces have begun evacuating UK nationals from Sudan via Cyprus.", "SD"),
    ("Serbia has put its army on high alert and moved units to the Kosovo border.", "XK"),
    ("Chinese vessels rammed a supply boat; China's coast guard then fired on sailors off Luzon.", "PH"),
    ("President Yoon declared emergency martial law in a televised address in Seoul.", "KR"),
    ("Tehran vowed to strike back after an Israeli attack on its consulate in Damascus.", "SY"),
    ("Ethiopian and Eritrean troops clashed near Badme.", "ER ET"),
    ("Do not travel to Lebanon, Syria or Iraq.", "IQ LB SY"),
    ("Medical evacuation to the UK may be needed after fighting in Mali.", "ML"),
    ("Vladimir Zelensky said shells had fallen on Kherson.", "UA"),
    ("Marco Rubio said strikes on Cuba could follow.", "CU"),
    ("Exercise caution in Saudi Arabia due to the threat of drone attacks from Yemen.", "SA"),
    ("The government of Canada advised against travel to Myanmar.", "MM"),
    ("Rebels tried to overthrow the government of Mali.", "ML"),
    ("Niger state television said soldiers had seized power in Niger.", "NE"),
]


@pytest.mark.parametrize(("sentence", "codes"), SENTENCES)
def test_neighbour_words(sentence: str, codes: str) -> None:
    assert sorted(where(sentence)) == codes.split()


def test_a_surname_is_no_town_anywhere_in_the_article() -> None:
    """Rubio is also a town in Venezuela: without the first name it is read as one, with it never."""
    start = "Unrest grew across Venezuela. "
    assert where(start + "Rubio burned.", "Rubio burned.") == ("VE",)
    (named,) = locate(None, None, start + "Rubio burned.", [("body", 30, 43)], gazetteer())[0]
    assert named.name == "Rubio"
    (fallback,) = locate(
        None, "The talks were led by Marco Rubio.", start + "Rubio burned.", [("body", 30, 43)], gazetteer()
    )[0]
    assert fallback.name == "Venezuela"


def test_a_person_keeps_the_country_out() -> None:
    text = "The singer Chad Kroeger spoke first. Chad said everyone must leave now."
    assert where(text, "Chad said everyone must leave now.") == ()


def test_the_last_danger_named_before_wins_over_the_rest() -> None:
    text = (
        "Rebels attacked Goma. Soldiers fled. They burned the market.\n"
        "Militants attacked Maiduguri. The base was evacuated."
    )
    assert where(text, "They burned the market.") == ("CD",)
    assert where(text, "The base was evacuated.") == ("NG",)


def test_the_headline_helps_a_bare_sentence() -> None:
    assert where("The order came at noon.", title="Evacuation ordered in Valparaiso") == ("CL",)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("U.S. troops left St. Louis. They flew.", 2),
        ("Gen. Smith spoke. Then he left.", 2),
        ("One\ntwo", 2),
        ("He said “Go.” She went.", 2),
        ("no end", 1),
        ("", 0),
        ("...", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(split_words(text).first) == count


def test_casing_of_a_sentence() -> None:
    words = split_words("RUSSIA ATTACKS KYIV AGAIN. Leaders Meet Again In Doha Today. Rain fell over the quiet town.")
    assert words.shout == (True, False, False)
    assert words.titled == (False, True, False)
