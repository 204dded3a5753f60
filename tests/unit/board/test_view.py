"""What the page gets of an alert: plain values, no text that acts, no address but of the web."""

import unicodedata
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alert.record import AlertArea, AlertArticle, Corroboration
from streams.board.incidents import Thread
from streams.board.view import incident, link, marked
from tests.unit.board.support import COUNTRIES, alert, hostile


def texts(value: Any) -> list[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in texts(part)]
    return []


@pytest.mark.parametrize("number", range(len(hostile())))
def test_no_control_and_no_bidi_override_is_in_any_text(number: int) -> None:
    made = incident(Thread((hostile()[number],)), COUNTRIES)
    orjson.dumps(made)
    for text in texts(made):
        assert len(text) <= 12_000
        assert not [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")], text


@given(st.text(st.characters(categories=("Cs", "Cc", "Cf", "Co", "L", "N", "P", "S", "Z")), max_size=60))
def test_any_text_is_harmless_anywhere(text: str) -> None:
    base = alert()
    made = replace(
        base,
        headline=text,
        summary=text,
        reasons=(text,),
        evidence=(replace(base.evidence[0], quote=text, field="title", signals=(text,)),),
        article=AlertArticle("c" * 32, text, text, text, text, text, text, None, None),
        areas=(AlertArea(text, "TD", text, "gazetteer", 0.9),),
        corroboration=Corroboration(1, 1, 1, (text,)),
    )
    shown = incident(Thread((made,)), COUNTRIES)
    orjson.dumps(shown)
    assert all(part.isprintable() for part in texts(shown))


@given(st.text(max_size=400), st.lists(st.text(max_size=30), max_size=4))
def test_marking_loses_nothing(text: str, quotes: list[str]) -> None:
    pieces = marked(text, quotes)
    whole = "".join(piece for piece, _ in pieces)
    assert whole == "".join(piece for piece, _ in marked(text, ()))
    for quote in quotes:
        if quote and text.find(quote) >= 0 and len(quotes) == 1:
            assert [piece for piece, evidence in pieces if evidence] == [
                "".join(piece for piece, _ in marked(quote, ()))
            ]


def test_evidence_is_marked_in_the_title_it_stands_in() -> None:
    assert marked("Troops cross border at dawn", ["cross border", "dawn", "border at", "nowhere"]) == [
        ("Troops ", False),
        ("cross border", True),
        (" at", True),
        (" ", False),
        ("dawn", True),
    ]
    one = hostile()[0]
    (message,) = incident(Thread((one,)), COUNTRIES)["messages"]
    assert message["title"] == [("<script>window.hit = 1</script>", True)]
    other = replace(one, article=replace(one.article, id="d" * 32))
    (message,) = incident(Thread((other,)), COUNTRIES)["messages"]
    assert message["title"] == [("<script>window.hit = 1</script>", False)], "that evidence is of another article"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://a.example/",
        "http://",
        "https://[::1",
        "https://a.example:99999999/",
        "https://a.example/\x00",
    ],
)
def test_what_is_no_web_address_is_no_link(url: str | None) -> None:
    assert link(url) is None


def test_a_link_shows_the_host_that_it_leads_to() -> None:
    assert link("https://www.news.example/a?b=1#c") == {
        "href": "https://www.news.example/a?b=1#c",
        "host": "news.example",
    }
    assert link("https://bank.example@evil.example/") == {"href": "https://evil.example/", "host": "evil.example"}
    found = link("https://аррӏе.example/")
    assert found is not None
    assert found["host"].startswith("xn--"), "no host looks like another"


def test_an_incident_says_what_it_is() -> None:
    messages = (alert(7, 0, ago=9), alert(7, 1, ago=5), alert(7, 2, msg_type="Cancel"))
    made = incident(Thread(messages, 3), COUNTRIES)
    assert (made["id"], made["place"], made["ended"], made["left_out"]) == (f"{7:016x}", "Chad", True, 3)
    assert [one["type"] for one in made["messages"]] == ["Alert", "Update", "Cancel"]
    assert made["messages"][0]["evidence"][0]["quote"] == "The embassy told its citizens to leave now."
    assert incident(Thread((alert(country="XX"),)), COUNTRIES)["place"] == "an unnamed place"
    assert incident(Thread((alert(country="ZZ"),)), COUNTRIES)["place"] == "ZZ"
