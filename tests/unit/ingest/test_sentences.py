"""Sentences cover their field, keep their places, and end where a reader would end them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ingest.sentences import sentences, split
from tests.unit.ingest.builders import article


def texts(text: str) -> list[str]:
    return [text[start:end] for start, end in split(text)]


def test_founding_story(founding_story: dict[str, Any]) -> None:
    story = article(**founding_story)
    assert story.body is not None
    found = sentences(story)
    marks = (
        "must leave the country now",
        "have to leave now by commercial or private means",
        "ruled out sending troops for an eventual evacuation",
    )
    holders = [[number for number, sentence in enumerate(found) if mark in sentence.text] for mark in marks]
    assert all(len(numbers) == 1 for numbers in holders)
    assert len({numbers[0] for numbers in holders}) == 3
    assert all(story.body[sentence.start : sentence.end] == sentence.text for sentence in found)
    assert len(found) == 12


@pytest.mark.parametrize(
    "expected",
    [
        ["KYIV (Reuters) - The embassy ordered it.", '"We urge all to leave now," he said.', '"Go."'],
        ["LONDON — Troops moved.", "Nobody spoke."],
        ["WASHINGTON, D.C. – Gov. Lee said so on Jan. 5.", "No."],
        ["He met Dr. Smith of the U.S. Army (at 5 p.m. on Friday).", "They won't go...", "Maybe."],
        ["“Leave now.”", "He left."],
        ["See No. 5 of the list.", "It grew by 3.5 percent."],
        ["Sen. Ann Lee and Lt. Col. Bo Ray spoke.", "They can't stay."],
        ["Is it war?", "No!", "Not yet."],
        ["The deputy (who left.) came back.", "He slept."],
    ],
    ids=lambda expected: expected[0][:20],
)
def test_where_sentences_end(expected: list[str]) -> None:
    assert texts(" ".join(expected)) == expected


def test_paragraphs_end_sentences_even_without_a_stop() -> None:
    assert texts("Live updates\nSirens sound in the city\nMore soon.") == [
        "Live updates", "Sirens sound in the city", "More soon.",
    ]  # fmt: skip


def test_contractions_do_not_move_offsets() -> None:
    text = "They don't, can't and shan't go. We won't either. Y'all isn't it."
    assert texts(text) == ["They don't, can't and shan't go.", "We won't either.", "Y'all isn't it."]


def test_order_of_fields_and_repeats_across_fields() -> None:
    made = article(title="Out. Now.", description="They left. It rained.", text="It rained.\nIt rained.\nThey slept.")
    assert [(sentence.field, sentence.text) for sentence in sentences(made)] == [
        ("title", "Out. Now."),
        ("summary", "They left."),
        ("summary", "It rained."),
        ("body", "They slept."),
    ]


def test_long_sentences_and_long_titles_are_cut() -> None:
    assert {len(text) <= 1_000 for text in texts("word " * 900)} == {True}
    assert [len(text) for text in texts("x" * 2_500)] == [1_000, 1_000, 500]
    title = " ".join(f"Part {n} of it is here." for n in range(40))
    assert len(sentences(article(title=title))) == 40


TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("ab.A!?\"”“'’)(-— \n1,né语")), st.characters(exclude_categories=["Cs", "Cc"])
    ),
    max_size=300,
)


@settings(max_examples=300)
@given(TEXT)
def test_every_visible_character_is_in_one_sentence(text: str) -> None:
    spans = split(text)
    covered = [False] * len(text)
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        assert "\n" not in text[start:end]
        last = end
        covered[start:end] = [True] * (end - start)
    assert all(inside or letter.isspace() for inside, letter in zip(covered, text, strict=True))


@settings(max_examples=100)
@given(title=TEXT, summary=TEXT, body=TEXT)
def test_offsets_point_into_the_normalised_article(title: str, summary: str, body: str) -> None:
    made = article(title=title + "x", description=summary, text=body)
    for sentence in sentences(made):
        field: str | None = getattr(made, sentence.field)
        assert field is not None
        assert field[sentence.start : sentence.end] == sentence.text
