"""Two models' scores beside each other: counts, thresholds, order; and a second model that is not there."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.errors import WeightsMissingError
from models.labels import EVENTS, LABELS
from streams.assess.shadow import Shadow, compare
from streams.observe.metrics import build
from tests.unit.assess.shadowing import HALF, scores, value


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Any, tuple[dict[str, float], dict[str, float]]]:
    shape = (draw(st.integers(0, 12)), len(LABELS))
    near = st.sampled_from([0.0, 0.3994, 0.3995, 0.4, 0.5, 1.0, float("nan")])
    either = st.one_of(st.floats(0, 1, width=32), near)
    points = st.fixed_dictionaries({event: st.sampled_from([0.001, 0.4, 0.5, 0.999]) for event in EVENTS})
    first, second = (draw(arrays(np.float32, shape, elements=either)) for _ in range(2))
    return first, second, (draw(points), draw(points))


@given(cases())
def test_every_sentence_is_counted_once_and_every_difference_is_shown(case: Any) -> None:
    first, second, thresholds = case
    counts, differing = compare(first, second, thresholds)
    assert set(counts) == set(EVENTS)
    for event, agreements in counts.items():
        assert sum(agreements.values()) == len(first)
        shown = [found.row for found in differing if found.event == event]
        assert len(shown) == len({*shown}) == agreements["first_only"] + agreements["second_only"]
        assert all(0 <= row < len(first) for row in shown)


@given(cases())
def test_the_other_way_round_is_the_mirror(case: Any) -> None:
    first, second, thresholds = case
    swapped = {"first_only": "second_only", "second_only": "first_only"}
    counts, _ = compare(first, second, thresholds)
    mirrored, _ = compare(second, first, thresholds[::-1])
    for event, agreements in counts.items():
        assert {swapped.get(key, key): number for key, number in agreements.items()} == mirrored[event]


def test_each_model_is_held_to_its_own_thresholds() -> None:
    first = scores((0.7, 0.7), (0.3, 0.3), (0.95, 0.7), (0.1, 0.1))
    strict, loose = {"escalation": 0.9, "evacuation": 0.2}, HALF
    counts, differing = compare(first, first, (loose, strict))
    assert counts["escalation"] == {"both": 1, "neither": 2, "first_only": 1, "second_only": 0}
    assert counts["evacuation"] == {"both": 2, "neither": 1, "first_only": 0, "second_only": 1}
    assert {(found.row, found.event) for found in differing} == {(0, "escalation"), (1, "evacuation")}


def test_scores_are_rounded_as_the_decision_rounds_them() -> None:
    counts, differing = compare(scores((0.4996, 0.4994)), scores((0.5, 0.5)), (HALF, HALF))
    assert counts["escalation"]["both"] == 1
    assert counts["evacuation"]["second_only"] == 1
    assert [(found.first, found.second) for found in differing] == [(0.499, 0.5)]


def test_the_furthest_apart_come_first() -> None:
    first, second = scores((0.9, 0.1), (0.51, 0.2), (0.6, 0.4)), scores((0.2, 0.99), (0.49, 0.1), (0.1, 0.5))
    _, differing = compare(first, second, (HALF, HALF))
    assert [(found.row, found.event) for found in differing] == [
        (0, "evacuation"), (0, "escalation"), (2, "escalation"), (2, "evacuation"), (1, "escalation")
    ]  # fmt: skip


def test_a_folder_that_is_not_there_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    metrics = build()
    before = threading.active_count()
    with pytest.raises(WeightsMissingError):
        Shadow(tmp_path / "none", HALF, metrics)
    assert threading.active_count() == before
    assert value(metrics, "running") == 0
