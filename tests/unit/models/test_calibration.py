"""Calibration: monotone, finite, and it recovers what it should."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.calibration import apply, expected_calibration_error, fit_platt, sigmoid
from models.manifest import Platt

LOGITS = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e4, 1e4, width=32))


@settings(deadline=None)
@given(LOGITS, st.floats(0.05, 20), st.floats(-20, 20))
def test_scores_are_in_range_and_keep_the_order(x: npt.NDArray[np.float32], scale: float, shift: float) -> None:
    scores = apply(x[:, None], ["coup"], {"coup": Platt(scale, shift)})[:, 0]
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(scores[np.argsort(x, kind="stable")]) >= 0).all()


def test_a_label_without_calibration_gets_the_plain_sigmoid() -> None:
    x = np.asarray([[0.0, 2.0], [-800.0, 800.0]], dtype=np.float32)
    found = apply(x, ["coup", "threat"], {"coup": Platt(1.0, 1.0)})
    assert np.allclose(found, [[1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-2))], [0, 1]])


def test_the_fit_recovers_a_known_distortion() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 3, 20_000)
    truths = random.random(20_000) < sigmoid(0.5 * logits - 1.0)
    fit = fit_platt(logits, truths.astype(float))
    assert abs(fit.scale - 0.5) < 0.03
    assert abs(fit.shift + 1.0) < 0.06
    raw = expected_calibration_error(sigmoid(logits), truths)
    mended = expected_calibration_error(sigmoid(fit.scale * logits + fit.shift), truths)
    assert raw > 0.1
    assert mended < 0.02


@settings(deadline=None)
@given(LOGITS, st.data())
def test_any_data_gives_a_usable_fit(x: npt.NDArray[np.float32], data: st.DataObject) -> None:
    truths = data.draw(hnp.arrays(np.float64, x.shape, elements=st.sampled_from([0.0, 1.0])))
    fit = fit_platt(x, truths)
    assert fit.scale > 0
    assert np.isfinite([fit.scale, fit.shift]).all()


def test_masses_are_as_good_as_repeated_rows() -> None:
    """All but: prior and smoothing go by the rows that were seen, so many rows are needed to tell."""
    random = np.random.default_rng(4)
    logits = random.normal(0, 2, 4000)
    truths = (random.random(4000) < sigmoid(0.7 * logits + 0.5)).astype(float)
    masses = np.where(truths == 1, 1, random.integers(1, 9, 4000))
    fit = fit_platt(logits, truths, weights=masses)
    many = fit_platt(np.repeat(logits, masses), np.repeat(truths, masses))
    plain = fit_platt(logits, truths)
    assert abs(fit.scale - many.scale) < 0.01
    assert abs(fit.shift - many.shift) < 0.02
    assert abs(plain.shift - many.shift) > 1


def test_masses_undo_a_sampling_by_answer() -> None:
    """Of a world in which events are rare, half of the sample are events; weighted, scores are the world's again."""
    random = np.random.default_rng(5)
    logits = random.normal(-2, 2, 60_000)
    truths = (random.random(60_000) < sigmoid(logits - 2)).astype(float)
    chance = np.where(truths == 1, 1.0, truths.mean())
    drawn = random.random(60_000) < chance
    fit = fit_platt(logits[drawn], truths[drawn], weights=1 / chance[drawn])
    assert abs(fit.scale - 1) < 0.1
    assert abs(fit.shift + 2) < 0.15
    biased = fit_platt(logits[drawn], truths[drawn])
    world = [expected_calibration_error(sigmoid(each.scale * logits + each.shift), truths) for each in (fit, biased)]
    assert world[0] < 0.01 < world[1]


@settings(deadline=None)
@given(LOGITS, st.data())
def test_only_the_proportions_of_masses_count(x: npt.NDArray[np.float32], data: st.DataObject) -> None:
    truths = data.draw(hnp.arrays(np.float64, x.shape, elements=st.sampled_from([0.0, 1.0])))
    masses = data.draw(hnp.arrays(np.float64, x.shape, elements=st.floats(0.1, 10)))
    fit = fit_platt(x, truths, weights=masses)
    assert fit.scale > 0
    assert np.isfinite([fit.scale, fit.shift]).all()
    scaled = fit_platt(x, truths, weights=masses * 4)  # a power of two: the same bits
    assert (scaled.scale, scaled.shift) == (fit.scale, fit.shift)
    assert fit_platt(x, truths, weights=np.full(x.shape, 2.0)) == fit_platt(x, truths)


def test_too_few_examples_leave_the_scores_alone() -> None:
    assert fit_platt([9.0] * 4 + [-9.0] * 100, [1] * 4 + [0] * 100) == Platt()
    assert fit_platt([9.0] * 4 + [-9.0] * 100, [1] * 4 + [0] * 100, weights=[50] * 104) == Platt()
    assert fit_platt([], [], weights=[]) == Platt()


def test_calibration_error_of_cases_done_by_hand() -> None:
    assert expected_calibration_error([0.05] * 4, [0, 0, 0, 1]) == 0.2
    assert expected_calibration_error([0.0, 1.0], [0, 1]) == 0.0
    assert expected_calibration_error([1.0, 1.0], [0, 0]) == 1.0
    # The first row stands for three sentences, the second for one.
    assert abs(expected_calibration_error([0.0, 1.0], [0, 0], weights=[3, 1]) - 0.25) < 1e-12
    assert np.isnan(expected_calibration_error([], []))
