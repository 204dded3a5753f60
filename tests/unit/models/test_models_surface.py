"""The public names of `models`, and what naming them costs."""

import subprocess
import sys

import pytest

import models
from models import labels


def test_all_is_exact() -> None:
    assert models.__all__ == sorted(models.__all__, key=lambda name: (not name.isupper(), name))
    modules = {
        "article",
        "calibration",
        "classifier",
        "encoding",
        "errors",
        "labels",
        "manifest",
        "network",
        "training",
    }
    visible = {name for name in vars(models) if not name.startswith("_")} - modules - {"TYPE_CHECKING", "Any"}
    assert visible | {"Classifier"} == set(models.__all__)
    for name in models.__all__:
        assert getattr(models, name) is not None


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="Oracle"):
        models.Oracle  # noqa: B018


def test_errors_and_labels_come_without_torch() -> None:
    code = "import sys, models, models.errors; models.LABELS; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_labels_are_the_events_then_the_signals_in_the_order_of_the_rule() -> None:
    assert labels.LABELS == (
        "escalation",
        "evacuation",
        "threat",
        "mobilisation",
        "armed_action",
        "coup",
        "hybrid_cyber",
        "rupture",
        "nuclear",
        "advisory",
        "leave_now",
        "ordered_departure",
        "evacuation_order",
        "evacuation_underway",
    )
    assert labels.EVENTS + labels.SIGNALS == labels.LABELS


def test_every_signal_belongs_to_one_event_and_has_a_crosswalk() -> None:
    assert set(labels.EVENT_OF_SIGNAL) == set(labels.SIGNALS) == set(labels.PLOVER)
    assert set(labels.EVENT_OF_SIGNAL.values()) == set(labels.EVENTS)
    for signal, event in labels.EVENT_OF_SIGNAL.items():
        assert signal in labels.SIGNALS_OF_EVENT[event]
    assert all(code == code.upper() for codes in labels.PLOVER.values() for code in codes)
