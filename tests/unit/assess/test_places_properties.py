"""For any text and any offsets: no error, bounded answers, linear time."""

import time
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.assess.places import Area, locate
from streams.assess.places.mentions import find_mentions
from streams.assess.places.words import fold, split_words
from tests.unit.assess.places_support import gazetteer
from tests.unit.turns import in_turns

SCRAPS = [
    "Kyiv",
    "Georgia",
    "the US",
    "U.S.",
    "Paris, Texas",
    "Turkey's",
    "and",
    "of",
    "in",
    ", ",
    ". ",
    " - ",
    "(AP)",
    "'s",
    "troops",
    "attack on",
    "traded strikes",
    "Olympic Games",
    "between",
    "\n",
    "“",
    "”",
    "Côte d’Ivoire",
    "中国",
    "\ud800",
    "state",
    "St.",
    "Mr.",
    "was hit by",
    "to leave",
    "DR Congo",
    "NICE",
    "\u00ad",
    "é",
    "\u0301",
    "ß",
    "İstanbul",
]
TEXTS = st.one_of(st.none(), st.text(max_size=300), st.lists(st.sampled_from(SCRAPS), max_size=60).map(" ".join))
OFFSETS = st.integers(min_value=-(10**12), max_value=10**12)
NEAR = st.integers(min_value=-5, max_value=400)
Field = Literal["title", "summary", "body"]
SPANS = st.lists(st.tuples(st.sampled_from(["title", "summary", "body"]), OFFSETS | NEAR, OFFSETS | NEAR), max_size=8)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, TEXTS, SPANS)
def test_never_raises(
    title: str | None, summary: str | None, body: str | None, spans: list[tuple[Field, int, int]]
) -> None:
    found = locate(title, summary, body, spans, gazetteer())
    assert len(found) == len(spans)
    for areas in found:
        assert len({area.country for area in areas}) == len(areas) <= 3
        assert all(area.confidence == round(area.confidence, 2) and area.source == "gazetteer" for area in areas)
    assert found == locate(title, summary, body, spans, gazetteer())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400) | TEXTS.map(lambda t: t or ""))
def test_words_and_mentions_are_ordered_and_inside(text: str) -> None:
    words = split_words(text)
    assert all(0 <= a < b <= len(text) for a, b in zip(words.start, words.end, strict=True))
    assert all(end <= start for end, start in zip(words.end, words.start[1:], strict=False))
    (mentions,) = find_mentions([words], gazetteer())
    assert all(a.last < b.first for a, b in pairwise(mentions))
    assert all(0 <= m.first <= m.last < len(words.folded) for m in mentions)


@given(st.text(max_size=60))
def test_fold_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


HOSTILE = {
    "names": "Kyiv and Moscow and ",
    "long_prefix": "Saint Vincent and the ",
    "commas": "Paris, ",
    "letters": "a",
    "capitals": "GEORGIA ",
    "dots": "U.",
    "of": "city of ",
    "stops": "!?. ",
    "possessive": "Iran's ",
    "persons": "John Washington ",
    "joined": "the US-",
    "accents": "é\u0301",
}


@pytest.mark.timing
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_is_linear(unit: str) -> None:
    """Twice the text may cost at most 3 times the time: 2 and noise. Quadratic would be 4 and more."""

    def cost(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        spans = [("body", start, length) for start in range(0, length, length // 10)]
        begin = time.thread_time()
        locate(text[:1000], None, text, spans, gazetteer())  # type: ignore[arg-type]
        return time.thread_time() - begin

    def linear(small: float, large: float) -> bool:
        return large < 3 * small + 0.02

    small, large = in_turns(lambda: cost(100_000), lambda: cost(200_000), linear, least=3, most=10)
    assert linear(small, large), f"{small:.3f} s, and {large:.3f} s for twice the text"
    assert large < 10.0


@pytest.mark.parametrize("code", ["", "U", "ua", "UKR", "U1", "ÄÖ"])
def test_area_refuses_a_bad_code(code: str) -> None:
    with pytest.raises(ValueError, match="country"):
        Area("x", code, None, "gazetteer", 0.5)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan")])
def test_area_refuses_a_bad_confidence(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        Area("x", "UA", None, "gazetteer", confidence)
