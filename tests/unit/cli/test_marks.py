"""Deciding words: found by leaving words out, bounded, and only shown."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.cli.marks import MOST_UNITS, MOST_WORDS, deciding_words, merged, units
from tests.unit.cli.support import WordClassifier

SENTENCE = "The embassy told its citizens on Monday to leave the country."


def test_the_word_that_decides_is_marked() -> None:
    spans = deciding_words(WordClassifier(), SENTENCE, "evacuation")  # type: ignore[arg-type]  # a stand-in by duck type
    assert [SENTENCE[start:end] for start, end in spans] == ["leave"]


def test_where_no_word_matters_none_is_marked() -> None:
    assert deciding_words(WordClassifier(), "Shops were open as usual today", "evacuation") == ()  # type: ignore[arg-type]


def test_two_words_are_too_few_to_ask() -> None:
    classifier = WordClassifier()
    assert deciding_words(classifier, "Leave now", "evacuation") == ()  # type: ignore[arg-type]
    assert classifier.calls == []


def test_the_work_is_bounded_whatever_the_length() -> None:
    classifier = WordClassifier()
    deciding_words(classifier, "shelled " + "word " * 100_000, "escalation")  # type: ignore[arg-type]
    assert sum(classifier.calls) <= MOST_UNITS + 2


@given(st.text(max_size=600))
def test_units_are_ordered_spans_with_letters(text: str) -> None:
    found = units(text)
    assert len(found) <= MOST_UNITS
    assert all(text[start:end].strip() for start, end in found)
    assert all(first[1] <= second[0] for first, second in pairwise(found))


@given(st.text(alphabet="ab ", max_size=40), st.integers(1, MOST_WORDS))
def test_merging_covers_the_same_words(text: str, most: int) -> None:
    spans = units(text)[:most]
    joined = merged(spans, text)
    assert "".join(text[a:b] for a, b in joined).replace(" ", "") == "".join(text[a:b] for a, b in spans).replace(
        " ", ""
    )
    assert all(text[first[1] : second[0]].strip() for first, second in pairwise(joined))
