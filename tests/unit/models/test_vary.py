"""Variations of sentences: changed, seeded, and never without a teacher's answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.vary import FRAMES, MIN_WORDS, vary

OTHERS = ("The ministers of France and Japan met in Geneva, while their envoys waited outside.",)


def many(text: str, seed: int = 1, n: int = 300) -> list[str]:
    random = np.random.default_rng(seed)
    return [found for _ in range(n) if (found := vary(text, OTHERS, random)) is not None]


def test_every_kind_of_change_is_made() -> None:
    found = many("Troops from Belarus have crossed the border, and residents will not leave Kyiv.")
    assert any(text.startswith(FRAMES) and " troops from Belarus" in text for text in found)
    assert any("residents will leave" in text for text in found)
    assert any("crossed" not in text for text in found)
    assert any("Geneva" in text or "France" in text for text in found)
    assert len(set(found)) > 60


def test_the_same_seed_gives_the_same_sentences() -> None:
    text = "The army shelled three villages in the north on Monday."
    assert many(text, 7, 20) == many(text, 7, 20) != many(text, 8, 20)


@pytest.mark.parametrize("text", ["", "Leave now", "a b c d"])
def test_what_is_too_short_is_left_alone(text: str) -> None:
    assert len(text.split()) < MIN_WORDS
    assert many(text) == []


def test_without_others_nothing_is_made() -> None:
    assert vary("The army shelled three villages in the north.", (), np.random.default_rng(0)) is None


@given(st.text(max_size=200), st.integers(0, 99))
def test_any_text_can_be_varied_and_differs(text: str, seed: int) -> None:
    found = vary(text, OTHERS, np.random.default_rng(seed))
    assert found is None or (found != text and found.strip())
