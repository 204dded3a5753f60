"""Metrics against hand-made cases and slow, obvious versions of themselves."""

import math

import numpy as np
import numpy.typing as npt
import pytest
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
    precise_from,
    precision_recall,
)
from models.training.thresholds import (
    FLOOR,
    PRECISION_WANTED,
    SIGNAL_FLOOR,
    choose_signal_thresholds,
    choose_thresholds,
    f_beta,
)

PAIRS = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0.0, 1.0])), min_size=1, max_size=30)
WEIGHED = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from([0.0, 1.0, math.nan]), st.integers(1, 6)), min_size=1, max_size=30
)


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
    p = random.beta(0.15, 0.3, 4000)
    y = (random.random(4000) < p).astype(float)
    chosen = choose_thresholds({"escalation": p, "evacuation": p}, {"escalation": y, "evacuation": y})["evacuation"]
    best = max(binary(p, y, t / 100).f1 for t in range(30, 90))
    assert binary(p, y, chosen.default).f1 > best - 0.02
    assert binary(p, y, chosen.high_recall).recall > binary(p, y, chosen.default).recall + 0.05
    assert binary(p, y, chosen.high_precision).precision > binary(p, y, chosen.default).precision + 0.05


def test_where_the_best_f1_is_not_precise_enough_the_default_lies_above_it() -> None:
    random = np.random.default_rng(8)
    p = random.beta(0.4, 1.6, 4000)
    y = (random.random(4000) < p).astype(float)
    chosen = choose_thresholds({"escalation": p, "evacuation": p}, {"escalation": y, "evacuation": y})["evacuation"]
    points = [binary(p, y, t / 100) for t in range(30, 90)]
    assert abs(binary(p, y, chosen.default).precision - PRECISION_WANTED) < 0.02
    assert binary(p, y, chosen.default).f1 < max(point.f1 for point in points) - 0.02, "precision costs something here"
    assert binary(p, y, chosen.default).f1 >= max(x.f1 for x in points if x.precision >= PRECISION_WANTED + 0.02)
    assert binary(p, y, chosen.high_recall).recall > binary(p, y, chosen.default).recall + 0.05


def test_without_any_precise_point_the_best_f1_is_the_default() -> None:
    p = np.asarray([0.7] * 10 + [0.45] * 30)
    y = np.asarray([1.0, 0.0] * 5 + [0.0] * 30)
    assert precise_from(p, y, PRECISION_WANTED, FLOOR) == FLOOR
    chosen = choose_thresholds({"escalation": p, "evacuation": p}, {"escalation": y, "evacuation": y})["escalation"]
    assert 0.45 < chosen.default <= 0.7


@pytest.mark.parametrize(("wanted", "found"), [(0.2, 0.3), (0.5, 0.46), (0.9, 0.71), (1.1, 0.3)])
def test_the_first_precise_enough_point(wanted: float, found: float) -> None:
    p, y = [0.9] * 4 + [0.7] * 6 + [0.45] * 6, [1, 1, 1, 1] + [1, 0] * 3 + [0] * 6
    assert precise_from(p, y, wanted, low=0.3) == found
    assert precise_from([*p, 0.5], [*y, math.nan], wanted, low=0.3) == found


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


# Weights: a row of mass m counts as m rows.


def with_repeats(
    rows: list[tuple[int, float, int]],
) -> tuple[tuple[npt.NDArray[np.float64], ...], tuple[npt.NDArray[np.float64], ...]]:
    """(scores, truths, masses) and (scores, truths) with every row as often as its mass says."""
    p, y, w = (np.asarray(column, dtype=np.float64) for column in zip(*rows, strict=True))
    times = w.astype(np.int64)
    return (p / 20, y, w), (np.repeat(p / 20, times), np.repeat(y, times))


@settings(deadline=None)
@given(WEIGHED, st.integers(0, 20))
def test_a_mass_is_as_good_as_repeating_the_row(rows: list[tuple[int, float, int]], at: int) -> None:
    (p, y, w), (many_p, many_y) = with_repeats(rows)
    found, wanted = binary(p, y, at / 20, w), binary(many_p, many_y, at / 20)
    for name in ("precision", "recall", "f1", "false_positive_rate", "average_precision", "calibration_error"):
        assert math.isclose(getattr(found, name), getattr(wanted, name), abs_tol=1e-12) or (
            math.isnan(getattr(found, name)) and math.isnan(getattr(wanted, name))
        ), name
    assert found.n == int((~np.isnan(y)).sum()), "counts stay counts of sentences"
    assert found.positives == int((y == 1).sum())
    for one, two in zip(precision_recall(p, y, w), precision_recall(many_p, many_y), strict=True):
        assert np.allclose(one, two, equal_nan=True)


@settings(deadline=None)
@given(WEIGHED, st.sampled_from([1 / 3, 1.0, 3.0]), st.integers(1, 9))
def test_a_threshold_is_chosen_as_if_rows_were_repeated(
    rows: list[tuple[int, float, int]], beta: float, factor: int
) -> None:
    (p, y, w), (many_p, many_y) = with_repeats(rows)

    def goal(precision: float, recall: float) -> float:
        return round(f_beta(precision, recall, beta), 9)  # equal goals must not differ by the order of additions

    wanted = best_threshold(many_p, many_y, goal)
    assert best_threshold(p, y, goal, weights=w) == wanted
    assert best_threshold(p, y, goal, weights=w * factor) == wanted
    assert best_threshold(p, y, goal, weights=np.ones_like(p)) == best_threshold(p, y, goal)


@settings(deadline=None, max_examples=40)
@given(WEIGHED)
def test_thresholds_follow_masses(rows: list[tuple[int, float, int]]) -> None:
    (p, y, w), (many_p, many_y) = with_repeats(rows)
    events = ("escalation", "evacuation")

    def chosen(p: npt.ArrayLike, y: npt.ArrayLike, w: npt.ArrayLike | None) -> list[float]:
        masses = None if w is None else dict.fromkeys(events, w)
        points = choose_thresholds(dict.fromkeys(events, p), dict.fromkeys(events, y), masses)["escalation"]
        return [points.high_recall, points.default, points.high_precision]

    # Sums of halves in another order differ in their last bits, and a plateau's middle may move with them.
    assert np.allclose(chosen(p, y, w), chosen(many_p, many_y, None), atol=0.02)


def test_a_signal_is_counted_by_rows_and_weighed_by_mass() -> None:
    p, y = np.asarray([0.6] * 6 + [0.3] + [0.45] * 8), np.asarray([1.0] * 7 + [0.0] * 8)
    many = np.where(p == 0.3, 40, 1)

    def chosen(p: npt.ArrayLike, y: npt.ArrayLike, w: npt.ArrayLike | None) -> dict[str, float]:
        masses = None if w is None else dict.fromkeys(SIGNALS, w)
        return choose_signal_thresholds(dict.fromkeys(SIGNALS, p), dict.fromkeys(SIGNALS, y), masses)

    assert chosen(p, y, np.ones(15)) == chosen(p, y, None)
    assert chosen(p, y, many) == chosen(np.repeat(p, many), np.repeat(y, many), None)
    assert chosen(p, y, many)["coup"] <= 0.4 < 0.45 <= chosen(p, y, None)["coup"]
    assert set(chosen(p[3:], y[3:], many[3:]).values()) == {SIGNAL_FLOOR}, "four rows are few, whatever they weigh"


def test_masses_of_each_event_are_its_own() -> None:
    p = np.asarray([0.9] * 20 + [0.5] * 20 + [0.1] * 20)
    y = np.asarray([1.0] * 20 + [1.0, 0.0] * 10 + [0.0] * 20)
    calm = np.where((p == 0.5) & (y == 0), 30.0, 1.0)
    hot = np.where((p == 0.5) & (y == 1), 30.0, 1.0)
    both = {"escalation": p, "evacuation": p}, {"escalation": y, "evacuation": y}
    found = choose_thresholds(*both, {"escalation": calm, "evacuation": hot})
    for event, masses in (("escalation", calm), ("evacuation", hot)):
        assert found[event] == choose_thresholds(*both, {"escalation": masses, "evacuation": masses})[event]
    assert found["escalation"].high_precision > found["evacuation"].high_precision


@settings(deadline=None)
@given(PAIRS)
def test_a_curve_falls_in_threshold_and_rises_in_recall(rows: list[tuple[int, float]]) -> None:
    p = np.asarray([score / 20 for score, _ in rows])
    y = np.asarray([truth for _, truth in rows])
    precision, recall, at = precision_recall(p, y)
    assert at.tolist() == sorted(set(p.tolist()), reverse=True)
    for one, two, threshold in zip(precision, recall, at, strict=True):
        figures = binary(p, y, threshold)
        assert math.isclose(one, figures.precision, abs_tol=1e-12)
        assert math.isclose(two, figures.recall, abs_tol=1e-12) or (math.isnan(two) and math.isnan(figures.recall))
    if y.any():
        assert recall[-1] == 1.0
        assert (np.diff(recall) >= 0).all()


def test_nothing_known_has_no_curve() -> None:
    assert [part.size for part in precision_recall([], [])] == [0, 0, 0]
    assert [part.size for part in precision_recall([0.5], [math.nan], [2.0])] == [0, 0, 0]
    assert math.isnan(average_precision([0.5], [math.nan], [2.0]))
