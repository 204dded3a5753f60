"""The baselines are fair ones: linear, and it finds what plain words say."""

import time

import pytest

from models.training.baselines import KeywordBaseline, RegexBaseline


def test_it_finds_plain_words_and_knows_nothing_else() -> None:
    scores = RegexBaseline().scores(
        ["Missiles hit the port", "Residents were evacuated", "Do not travel to Mali", "The library opens at ten"]
    )
    assert scores[:, 0].tolist() == [1, 0, 0, 0]
    assert scores[:, 1].tolist() == [0, 1, 1, 0]
    assert not scores[:, 2:].any()


def test_a_long_text_takes_linear_time() -> None:
    for text in ("leave the " * 200_000, "a" * 2_000_000, "air " * 500_000, "cyber-" * 300_000):
        began = time.thread_time()
        RegexBaseline().scores([text])
        assert time.thread_time() - began < 5.0


def test_the_keyword_list_takes_the_best_phrase() -> None:
    scores = KeywordBaseline().scores(["A mandatory EVACUATION was ordered", "Clashes and an airstrike", "A quiet day"])
    assert scores[:, 1].tolist() == [1, 0, 0]
    assert scores[:, 0].tolist() == pytest.approx([0, 0.8, 0])
