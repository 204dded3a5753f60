"""Display text is clean and keeps what a reader needs; detection text undoes disguises."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ingest.text import REPAIRS, clean, fold

NASTY = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            list("&#;x38ampltg<> \n\t\r\x00\x85\x92\u200b\u200c\u200d\u202e\u00ad\ufeff\u0430\u0435Ãâ€™ée\u0301می")
        ),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("raw", "shown", "repairs"),
    [
        ("Troops &amp; tanks", "Troops & tanks", {"entities"}),
        ("Troops &amp;amp;amp; tanks", "Troops & tanks", {"entities"}),
        ("a&copy=2&amp", "a&copy=2&amp", set()),
        ("don&#8217;t &#x2014; go&nbsp;now", "don’t — go now", {"entities"}),
        ("a\x00b\x07c", "abc", {"control"}),
        ("It\x92s", "It’s", {"control"}),
        ("abc\u202eevil\u202c", "abcevil", {"bidi"}),
        ("eva\u200bcu\u00adate\ufeff", "evacuate", {"zero_width"}),
        ("hidden\U000e0041\U000e0042", "hidden", {"zero_width"}),
        ("one\u00a0two\u3000 three", "one two three", set()),
        ("itâ€™s CafÃ©", "it’s Café", {"mojibake"}),
        ("Ð’Ð¾Ð¹Ð½Ð°", "Война", {"mojibake"}),
        ("\ud800 attack", "attack", {"surrogate"}),
        ("Ångström Âge", "Ångström Âge", set()),
        ("e\u0301te\u0301", "été", set()),
        ("x" + "\u0316" * 40, "x" + "\u0316" * 16, {"stacked_marks"}),
        ("&#38;#38;amp;lt;", "<", {"entities"}),
    ],
)
def test_clean(raw: str, shown: str, repairs: set[str]) -> None:
    cleaned = clean(raw, cap=1_000)
    assert (cleaned.text, set(cleaned.repairs)) == (shown, repairs)


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष", "👩\u200d🚒", "❤\ufe0f\u200d🔥"])
def test_joiners_stay_where_a_script_needs_them(text: str) -> None:
    assert clean(text, cap=100).text == text
    assert "\u200d" in fold(text) or "\u200c" in fold(text)


def test_joiners_between_latin_letters_go() -> None:
    assert clean("eva\u200dcu\u200cate", cap=100).text == "evacuate"
    assert fold("eva\u200dcu\u200cate") == "evacuate"


def test_paragraphs() -> None:
    raw = "One  line.\r\n\r\n\n Two\tlines. \u2028Three."
    assert clean(raw, cap=100, paragraphs=True).text == "One line.\nTwo lines.\nThree."
    assert clean(raw, cap=100).text == "One line. Two lines. Three."


def test_a_cut_falls_between_words() -> None:
    cleaned = clean("alpha beta gamma", cap=13)
    assert cleaned.text == "alpha beta"
    assert cleaned.repairs == {"truncated"}
    assert len(clean("x" * 50, cap=13).text) == 13


def test_no_control_or_format_character_is_forgotten() -> None:
    """But for marks that a reader sees (Arabic signs) and joiners, which depend on their neighbours."""
    shown = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs") and chr(code) in clean(f"a{chr(code)}b", cap=10).text
    ]
    seen = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
    assert {ord(letter) for letter in shown} <= seen


@settings(max_examples=400)
@given(NASTY, st.booleans())
def test_clean_is_idempotent_and_clean(raw: str, paragraphs: bool) -> None:
    once = clean(raw, cap=50, paragraphs=paragraphs)
    again = clean(once.text, cap=50, paragraphs=paragraphs)
    assert again.text == once.text
    assert once.repairs <= REPAIRS
    assert len(once.text) <= 50
    assert once.text == once.text.strip() == unicodedata.normalize("NFC", once.text)
    assert not any(unicodedata.category(letter) in ("Cs", "Cc") for letter in once.text if letter != "\n")
    assert not set("\u200b\u202e\u00ad\ufeff") & set(once.text)


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("еvасuаtе nоw", "evacuate now"),
        ("ΝΑΤΟ said so", "NATO said so"),
        ("ｅｖａｃｕａｔｅ ﬁne 𝐧𝐨𝐰", "evacuate fine now"),
        ("“leave” ‘now’ can´t", "\"leave\" 'now' can't"),
        ("eva\u00adcu\u200bate\u202e", "evacuate"),
        ("eva\U000e0041cuate", "evacuate"),
        ("one\ntwo\tthree", "one two three"),
        ("Война в Киеве", "Война в Киеве"),
        ("Αθήνα", "Αθήνα"),
        ("сор", "сор"),
        ("plain ASCII", "plain ASCII"),
    ],
)
def test_fold(raw: str, folded: str) -> None:
    assert fold(raw) == folded


@settings(max_examples=400)
@given(NASTY)
def test_fold_is_idempotent(raw: str) -> None:
    once = fold(raw)
    assert fold(once) == once
    assert unicodedata.normalize("NFKC", once) == once
