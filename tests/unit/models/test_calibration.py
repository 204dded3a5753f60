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


def test_too_few_examples_leave_the_scores_alone() -> None:
    assert fit_platt([9.0] * 4 + [-9.0] * 100, [1] * 4 + [0] * 100) == Platt()


def test_calibration_error_of_cases_done_by_hand() -> None:
    assert expected_calibration_error([0.05] * 4, [0, 0, 0, 1]) == 0.2
    assert expected_calibration_error([0.0, 1.0], [0, 1]) == 0.0
    assert expected_calibration_error([1.0, 1.0], [0, 0]) == 1.0
    # The first row stands for three sentences, the second for one.
    assert abs(expected_calibration_error([0.0, 1.0], [0, 0], weights=[3, 1]) - 0.25) < 1e-12
    assert np.isnan(expected_calibration_error([], []))
