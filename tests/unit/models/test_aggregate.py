"""Learning an aggregation: it finds what made the answers, never a negative weight, and nothing from a few articles."""

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.article import FEATURES, Aggregation, Position, article_score, features
from models.training.aggregate import _RIDGE, MIN_ARTICLES, _newton, fit_aggregation

Floats = npt.NDArray[np.float64]
PLACES: list[Position] = ["headline", "lead", "lead", "lead", *["body"] * 16]


def articles(number: int, seed: int) -> Floats:
    """Features [number, 4] of invented articles."""
    random = np.random.default_rng(seed)
    sizes = random.integers(2, len(PLACES), number)
    return np.asarray([features(random.beta(0.3, 1.2, size), PLACES[:size]) for size in sizes])


def answers(x: Floats, bias: float, weights: tuple[float, ...], seed: int) -> Floats:
    odds = bias + x @ np.asarray(weights)
    return (np.random.default_rng(seed).random(len(x)) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def weights_of(fit: Aggregation) -> list[float]:
    return [fit.weights[name] for name in FEATURES]


def loss(x: Floats, y: Floats, bias: float, weights: list[float]) -> float:
    z = bias + x @ np.asarray(weights)
    return float(np.sum(np.logaddexp(0, z) - y * z) + _RIDGE / 2 * np.sum(np.square(weights)))


def test_it_finds_the_weights_that_made_the_answers() -> None:
    x = articles(6000, 1)
    fit = fit_aggregation(x, answers(x, -0.5, (0.6, 0.4, 0.2, 0.9), 2))
    assert fit is not None
    assert np.allclose(weights_of(fit), [0.6, 0.4, 0.2, 0.9], atol=0.15)
    assert abs(fit.bias + 0.5) < 0.2


def test_a_place_that_speaks_against_the_event_has_no_weight_and_the_rest_is_fitted_without_it() -> None:
    x = articles(3000, 3)
    y = answers(x, -1.0, (0.8, -0.4, 0.0, 0.5), 4)
    fit = fit_aggregation(x, y)
    assert fit is not None
    assert fit.weights["headline"] == 0
    assert fit.weights["best"] > 0.3
    assert fit.weights["further"] > 0.2
    theta = np.asarray([fit.bias, *weights_of(fit)])
    kept = [0, *(column + 1 for column in range(4) if theta[column + 1] > 0)]
    full = np.column_stack([np.ones(len(x)), x])
    p = 1 / (1 + np.exp(-(full @ theta)))
    slope = full.T @ (p - y) + np.asarray([0.0, *[_RIDGE] * 4]) * theta
    assert np.abs(slope[kept]).max() < 1e-3, "what is left stands at its own optimum"
    assert slope[2] > 0, "and the loss would only rise with the place that was left out"


def test_answers_the_other_way_round_leave_only_the_bias() -> None:
    x = articles(400, 5)
    fit = fit_aggregation(x, 1 - answers(x, 0.0, (2.0, 1.0, 1.0, 2.0), 6))
    assert fit is not None
    assert weights_of(fit) == [0, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 120))
def test_no_other_choice_of_places_fits_better(seed: int, number: int) -> None:
    x = articles(number, seed)
    y = (np.random.default_rng(seed).random(number) < 0.4).astype(np.float64)
    fit = fit_aggregation(x, y)
    if fit is None:
        return
    found = loss(x, y, fit.bias, weights_of(fit))
    for chosen in itertools.chain.from_iterable(itertools.combinations(range(4), size) for size in range(5)):
        theta = _newton(np.column_stack([np.ones(number), x[:, list(chosen)]]), y)
        weights = np.zeros(4)
        weights[list(chosen)] = theta[1:]
        if (weights >= 0).all():
            assert found <= loss(x, y, float(theta[0]), weights.tolist()) + 1e-4


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_any_answers_give_a_usable_fit(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = articles(80, seed)
    # Both extremes: answers by chance, and answers that the features divide without a fault.
    for y in (random.integers(0, 2, 80), x[:, 0] > np.median(x[:, 0])):
        fit = fit_aggregation(x, np.asarray(y, dtype=np.float64))
        assert fit is not None
        assert all(weight >= 0 for weight in weights_of(fit))
        scores = [article_score([s, 0.3], ["headline", "body"], fit) for s in (0.0, 0.5, 1.0)]
        assert scores == sorted(scores)


def test_the_same_articles_give_the_same_fit() -> None:
    x = articles(200, 7)
    y = answers(x, -0.5, (0.6, 0.4, 0.2, 0.9), 8)
    assert fit_aggregation(x, y) == fit_aggregation(x.copy(), y.tolist())


def test_an_article_that_nobody_could_answer_has_no_part() -> None:
    x = articles(200, 9)
    y = answers(x, -0.5, (0.6, 0.4, 0.2, 0.9), 10)
    more = np.vstack([x, articles(50, 11)])
    assert fit_aggregation(more, [*y, *[math.nan] * 50]) == fit_aggregation(x, y)


@pytest.mark.parametrize("positives", [0, MIN_ARTICLES - 1, 100 - MIN_ARTICLES + 1, 100])
def test_too_few_articles_of_either_answer_teach_nothing(positives: int) -> None:
    x = articles(100, 12)
    assert fit_aggregation(x, np.arange(100) < positives) is None


def test_just_enough_articles_teach_something() -> None:
    x = articles(2 * MIN_ARTICLES, 13)
    assert fit_aggregation(x, np.arange(2 * MIN_ARTICLES) < MIN_ARTICLES) is not None
    unknown = np.where(np.arange(2 * MIN_ARTICLES) == 0, np.nan, np.arange(2 * MIN_ARTICLES) < MIN_ARTICLES)
    assert fit_aggregation(x, unknown) is None
