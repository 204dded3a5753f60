"""What people read, and what in it can act."""

import pytest

from streams.bots.words import body, neutral, title
from tests.unit.cli.support import HOSTILE, make_alert

NAMES = {"TD": "Chad"}


def test_the_title_says_how_severe_what_and_whether_it_is_real() -> None:
    assert title(make_alert(status="Actual")) == "SEVERE: Evacuation in Chad: citizens told to leave now"
    assert title(make_alert(msg_type="Cancel")).startswith("SEVERE Cancel [Exercise]: ")


def test_the_body_says_why_how_sure_and_from_whom() -> None:
    lines = body(make_alert(), NAMES).split("\n")
    assert lines[0] == "evacuation in Chad (TD) · Possible · Immediate · Evacuate"
    assert lines[1] == '0.97 "The embassy told its citizens to leave now."'
    assert "why: citizens told to leave now; one report" in lines
    assert "from: 1 articles, 1 independent reports: a.example" in lines
    assert lines[-1] == "id: " + "b" * 32


def test_hostile_text_stays_on_its_line_and_acts_nowhere() -> None:
    alert = make_alert(headline=HOSTILE, reasons=(HOSTILE,))
    for text in (title(alert), body(alert, NAMES)):
        assert "\x1b" not in text
        assert "\r" not in text
        assert "\u202e" not in text
    assert "\n" not in title(alert)
    assert len(body(alert, NAMES).split("\n")) == 5


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("@everyone leave", "@everyone"),
        ("@here", "@here"),
        ("see https://evil.example/x", "https:"),
        ("see HTTP://evil.example/x", "HTTP:"),
        ("see www.evil.example", "www."),
        ("javascript:alert(1)", "javascript:"),
    ],
)
def test_nobody_is_called_and_nothing_is_linked(text: str, gone: str) -> None:
    assert gone not in neutral(text)
    assert neutral(text).replace("\u2060", "") == text


def test_the_articles_address_is_there_only_when_asked_for_and_only_if_it_is_one() -> None:
    from dataclasses import replace

    alert = make_alert()
    web = replace(alert, article=replace(alert.article, url="https://a.example/1"))
    bad = replace(alert, article=replace(alert.article, url="javascript:alert(1)"))
    assert "https://a.example/1" not in body(web, NAMES)
    assert body(web, NAMES, link=True).endswith("\nhttps://a.example/1")
    assert "javascript" not in body(bad, NAMES, link=True)
