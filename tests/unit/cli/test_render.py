"""Alerts in a terminal: words beside colours, any width, hostile text inert."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from streams.alert.record import AlertArticle, AlertEvidence, Corroboration
from streams.cli.output import plain
from streams.cli.render import bar, marked, show_alert
from tests.unit.cli.support import HOSTILE, make_alert

NAMES = {"TD": "Chad"}
QUOTE = "The embassy told its citizens to leave now."
MARKS = {QUOTE: ((33, 38),)}


def shown(alert: object, *, terminal: bool, width: int = 100, **more: object) -> str:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=terminal, width=width, markup=False, highlight=False,
        color_system="truecolor" if terminal else None, legacy_windows=False, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    show_alert(console, alert, NAMES, MARKS)  # type: ignore[arg-type]
    return out.getvalue()


def hostile() -> object:
    evidence = AlertEvidence("c" * 32, "body", 0, 9, HOSTILE, "evacuation", 0.9, ())
    return make_alert(
        headline=HOSTILE,
        reasons=(HOSTILE,),
        evidence=(evidence,),
        article=AlertArticle("c" * 32, None, HOSTILE, HOSTILE, HOSTILE, "en", None, None, None),
        corroboration=Corroboration(1, 1, 1, (HOSTILE,)),
    )


@pytest.mark.parametrize("severity", ["Extreme", "Severe", "Moderate", "Minor", "Unknown"])
@pytest.mark.parametrize("terminal", [True, False])
def test_severity_is_a_word(severity: str, terminal: bool) -> None:
    text = shown(make_alert(severity=severity), terminal=terminal)
    assert severity.upper() in text
    assert ("\x1b[" in text) == terminal


def test_everything_that_a_reader_needs_is_there() -> None:
    for terminal in (True, False):
        text = " ".join(shown(make_alert(), terminal=terminal).replace("│", " ").split())
        for word in ("Exercise", "evacuation", "Chad (TD)", "0.97", "1 article, 1 independent", "a.example", "340 ms"):
            assert word in text, (word, terminal)
        assert "citizens told to leave now" in text


def test_deciding_words_are_styled_or_starred() -> None:
    assert "to *leave* now" in shown(make_alert(), terminal=False)
    assert "*leave*" in shown(make_alert(), terminal=True, no_color=True)
    coloured = shown(make_alert(), terminal=True)
    assert "*leave*" not in coloured
    assert "\x1b[1;4mleave\x1b[0m" in coloured


def test_a_piped_block_has_no_control_character_and_one_line_a_fact() -> None:
    lines = shown(hostile(), terminal=False).splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 5
    assert "[bold]loud[/bold]" in lines[0]
    assert "\\x1b[31m" in lines[0]


def test_hostile_text_does_not_act_in_a_terminal() -> None:
    text = shown(hostile(), terminal=True, width=110)
    assert "\x1b[31mRED" not in text
    assert "\x1b]8" not in text
    assert "\r" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[bold]loud[/bold]" in "".join(part.strip("│ ") for part in text.split("\n"))


@pytest.mark.parametrize("width", [20, 40, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    alert = make_alert(headline="wörd " * 40, reasons=("a" * 80, "界" * 60))
    text = shown(alert, terminal=True, width=width, no_color=True)
    import re

    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        assert cell_len(line) <= width


def test_a_cancel_is_not_painted_as_danger() -> None:
    assert "\x1b[1;31m" not in shown(make_alert(msg_type="Cancel"), terminal=True)


def test_places_without_a_name() -> None:
    assert "an unnamed place" in shown(make_alert(country="XX"), terminal=False)
    assert " ZZ:" in shown(make_alert(country="ZZ"), terminal=False)


@given(st.floats(0, 1))
def test_a_bar_has_its_cells(score: float) -> None:
    assert len(bar(score)) == 8
    assert set(bar(score)) <= {"#", "."}


@settings(max_examples=60)
@given(st.text(max_size=80), st.data())
def test_marking_changes_no_letter(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    found = marked(text, [(cuts[0], cuts[1])], words=False)
    assert found.plain.isprintable()
    if text.isprintable():
        assert found.plain == text


def test_plain_is_about_colour() -> None:
    assert plain(Console(file=io.StringIO()))
    assert not plain(Console(file=io.StringIO(), force_terminal=True, color_system="standard", no_color=False))
    assert plain(Console(file=io.StringIO(), force_terminal=True, color_system="standard", no_color=True))
