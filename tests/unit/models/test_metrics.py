"""Metrics against hand-made cases and slow, obvious versions of themselves."""

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.labels import SIGNALS
from models.training.metrics import (
    average_precision,
    best_threshold,
    binary,
    bootstrap_interval,
    group_accuracy,
)
from models.training.thresholds import FLOOR, SIGNAL_FLOOR, choose_signal_thresholds, choose_thresholds, f_beta

PAIRS = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0.0, 1.0])), min_size=1, max_size=30)


def test_figures_by_hand() -> None:
    found = binary([0.9, 0.6, 0.4, 0.7, 0.1], [1, 0, 1, 1, math.nan], 0.5)
    assert (found.n, found.positives) == (4, 3)
    assert found.precision == 2 / 3
    assert found.recall == 2 / 3
    assert found.f1 == 2 / 3
    assert found.false_positive_rate == 1.0


def test_a_score_at_the_threshold_is_positive() -> None:
    assert binary([0.5], [1], 0.5).recall == 1.0


def test_what_nothing_supports_is_nan_and_not_zero() -> None:
    negatives = binary([0.1, 0.2], [0, 0], 0.5)
    assert math.isnan(negatives.recall)
    assert math.isnan(negatives.f1)
    assert math.isnan(negatives.average_precision)
    assert negatives.false_positive_rate == 0.0
    assert math.isnan(group_accuracy([True], ["alone"]))


def slow_average_precision(p: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(p.tolist()), reverse=True):
        said = p >= threshold
        recall = float(y[said].sum() / y.sum())
        total += (recall - recall_before) * float(y[said].sum() / said.sum())
        recall_before = recall
    return total


@settings(deadline=None)
@given(PAIRS)
def test_average_precision_agrees_with_its_definition(rows: list[tuple[int, float]]) -> None:
    p = np.asarray([score / 20 for score, _ in rows])
    y = np.asarray([truth for _, truth in rows])
    found = average_precision(p, y)
    if y.sum() == 0:
        assert math.isnan(found)
    else:
        assert abs(found - slow_average_precision(p, y)) < 1e-12


@settings(deadline=None)
@given(PAIRS)
def test_thresholds_are_ordered_and_above_the_floor(rows: list[tuple[int, float]]) -> None:
    p = np.asarray([score / 20 for score, _ in rows])
    y = np.asarray([truth for _, truth in rows])
    chosen = choose_thresholds({"escalation": p, "evacuation": p}, {"escalation": y, "evacuation": y})["escalation"]
    assert chosen.high_recall <= chosen.default <= chosen.high_precision
    if y.sum():
        assert chosen.default >= FLOOR


def test_the_default_is_all_but_the_best_f1_where_there_is_enough_to_choose_from() -> None:
    random = np.random.default_rng(8)
    p = random.beta(0.4, 1.6, 4000)
    y = (random.random(4000) < p).astype(float)
    chosen = choose_thresholds({"escalation": p, "evacuation": p}, {"escalation": y, "evacuation": y})["evacuation"]
    best = max(binary(p, y, t / 100).f1 for t in range(30, 90))
    assert binary(p, y, chosen.default).f1 > best - 0.02
    assert binary(p, y, chosen.high_recall).recall > binary(p, y, chosen.default).recall + 0.05
    assert binary(p, y, chosen.high_precision).precision > binary(p, y, chosen.default).precision + 0.05


def test_a_lucky_peak_is_not_chosen() -> None:
    # One sentence makes 0.9 look best; everything around 0.5 is as good without luck.
    p = [0.9] + [0.89] * 1 + [0.6] * 20 + [0.4] * 20
    y = [1] + [0] + [1] * 20 + [0] * 20
    assert 0.4 < best_threshold(p, y, lambda a, b: f_beta(a, b, 1 / 3)) <= 0.6


def test_a_signal_with_too_few_examples_gets_the_floor() -> None:
    rows = np.asarray([1.0] * 6 + [0.0] * 6)
    scores = dict.fromkeys(SIGNALS, np.where(rows == 1, 0.9, 0.4))
    truths = dict.fromkeys(SIGNALS, rows) | {"coup": np.asarray([1.0] + [0.0] * 11)}
    chosen = choose_signal_thresholds(scores, truths)
    assert chosen["coup"] == SIGNAL_FLOOR
    assert 0.4 < chosen["threat"] <= 0.6


def test_the_middle_of_a_plateau_is_taken() -> None:
    assert 0.45 <= best_threshold([0.2, 0.8], [0, 1], lambda p, r: f_beta(p, r, 1.0)) <= 0.55


def test_f_beta_leans_as_it_says() -> None:
    assert f_beta(0.0, 0.0, 1.0) == 0.0
    assert f_beta(0.5, 1.0, 3.0) > f_beta(1.0, 0.5, 3.0)
    assert f_beta(0.5, 1.0, 1 / 3) < f_beta(1.0, 0.5, 1 / 3)
    assert f_beta(0.25, 0.25, 7.0) == 0.25


def test_a_group_counts_only_whole() -> None:
    assert group_accuracy([True, True, True, False, False], ["a", "a", "b", "b", "alone"]) == 0.5


@settings(deadline=None)
@given(hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(0, 1)))
def test_an_interval_of_means_lies_within_the_values(values: npt.NDArray[np.float64]) -> None:
    clusters = [str(index // 2) for index in range(values.size)]
    low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), clusters, rounds=50)
    assert values.min() - 1e-9 <= low <= high <= values.max() + 1e-9


def test_clusters_are_drawn_whole() -> None:
    clusters = ["a"] * 3 + ["b"] * 5
    sizes: set[int] = set()

    def note(rows: npt.NDArray[np.int64]) -> float:
        sizes.add(rows.size)
        return 0.0

    bootstrap_interval(note, clusters, rounds=40)
    assert sizes <= {6, 8, 10}
    assert len(sizes) > 1


def test_the_interval_narrows_with_data_and_repeats_with_its_seed() -> None:
    def width(n: int) -> float:
        values = np.arange(n) % 2
        low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), [str(i) for i in range(n)], rounds=200)
        return high - low

    assert width(1000) < width(20) / 3
    assert width(50) == width(50)
