"""Metrics: names, units, help, and labels from closed lists only."""

import ast
import math
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import Metric

import streams
from streams.alert.policy import Suppressed
from streams.alert.record import Event, MsgType, Severity
from streams.assess.assess import Outcome
from streams.assess.record import Status
from streams.ingest.article import Reason
from streams.observe import vocabulary
from streams.observe.metrics import Metrics, build

ROOM = Path(streams.__file__).parent
CLOSED = {
    "tocsin_articles_processed": {"outcome": vocabulary.OUTCOMES},
    "tocsin_articles_rejected": {"reason": get_args(Reason)},
    "tocsin_dead_letters": {"reason": get_args(Reason)},
    "tocsin_alerts": {
        "event": vocabulary.EVENTS,
        "severity": vocabulary.SEVERITIES,
        "msg_type": vocabulary.MESSAGE_TYPES,
    },
    "tocsin_alerts_suppressed": {"reason": vocabulary.SUPPRESSED},
    "tocsin_articles_by_language": {"language": vocabulary.LANGUAGES},
    "tocsin_sanitized": {"kind": vocabulary.SANITIZED},
    "tocsin_shadow_sentences": {"event": vocabulary.EVENTS, "agreement": vocabulary.AGREEMENTS},
    "tocsin_shadow_difference": {"event": vocabulary.EVENTS},
    "tocsin_dates_refused": {"reason": vocabulary.DATES_REFUSED},
    "tocsin_ledger_holes": {"kind": vocabulary.HOLES},
    "tocsin_stage_duration_seconds": {"stage": vocabulary.STAGES},
    "tocsin_score": {"label": vocabulary.LABELS},
}
OPEN = {
    "tocsin_articles_received": {"topic"},  # named by the settings
    "tocsin_alerts_by_country": {"country"},  # two letters of ISO 3166-1
    "tocsin_consumer_lag_messages": {"topic", "partition"},
    "tocsin_consumer_lag_seconds": {"topic", "partition"},
    "tocsin_incidents": {"event"},
    "tocsin_model_info": {"name", "version", "sha256"},
    "tocsin_build_info": {"version", "python"},
    "tocsin_config_threshold": {"label", "kind"},
}


@pytest.fixture(scope="module")
def families() -> list[Metric]:
    return [family for family in build().registry.collect() if not family.name.startswith("process_")]


@pytest.mark.requirement(14)
def test_every_name_is_ours(families: list[Metric]) -> None:
    assert len(families) == len(Metrics.__dataclass_fields__) - 1
    assert [family.name for family in families if not family.name.startswith("tocsin_")] == []


def test_every_metric_has_help(families: list[Metric]) -> None:
    for family in families:
        assert len(family.documentation) > 10, family.name
        assert family.documentation.endswith("."), family.name


@pytest.mark.requirement(14)
def test_units_are_base_units(families: list[Metric]) -> None:
    scaled = {"ms", "milliseconds", "millis", "us", "minutes", "hours", "kb", "kilobytes", "mb", "megabytes", "percent"}
    for family in families:
        assert not scaled & set(family.name.split("_")), family.name


def test_times_are_named_seconds(families: list[Metric]) -> None:
    for family in families:
        words = set(family.name.split("_"))
        if words & {"latency", "duration", "age", "timestamp"}:
            assert family.name.endswith("_seconds"), family.name


def test_total_ends_counters_and_nothing_else(families: list[Metric]) -> None:
    for family in families:
        exposed = {sample.name for sample in family.samples}
        if family.type == "counter" and exposed:
            assert exposed <= {f"{family.name}_total", f"{family.name}_created"}, family.name
        assert not family.name.endswith("_total"), family.name
        if family.type != "counter":
            assert not [name for name in exposed if name.endswith("_total")], family.name


def test_an_attribute_and_its_metric_have_one_name() -> None:
    metrics = build()
    for field in Metrics.__dataclass_fields__:
        if field != "registry":
            assert getattr(metrics, field)._name.startswith(f"tocsin_{field}"), field


def test_labels_are_those_we_know_and_no_others() -> None:
    metrics = build()
    for field in Metrics.__dataclass_fields__:
        if field != "registry":
            metric = getattr(metrics, field)
            known = set(CLOSED.get(metric._name, {})) | OPEN.get(metric._name, set())
            assert set(metric._labelnames) == known, field


@pytest.mark.requirement(6)
@pytest.mark.requirement(14)
def test_closed_labels_take_exactly_their_list_from_the_start(families: list[Metric]) -> None:
    by_name = {family.name: family for family in families}
    for name, labels in CLOSED.items():
        samples = [sample for sample in by_name[name].samples if sample.name in (f"{name}_total", f"{name}_count")]
        assert len(samples) == math.prod(len(values) for values in labels.values()), name
        for label, values in labels.items():
            assert {sample.labels[label] for sample in samples} == set(values), name
        assert all(sample.value == 0 for sample in samples), name


def test_every_word_the_program_uses_is_on_its_list() -> None:
    assert {*get_args(Outcome), "rejected", "error"} == set(vocabulary.OUTCOMES)
    assert set(get_args(Suppressed)) <= set(vocabulary.SUPPRESSED)
    assert set(get_args(Event)) == set(vocabulary.EVENTS)
    assert set(get_args(Severity)) == set(vocabulary.SEVERITIES)
    assert set(get_args(MsgType)) == set(vocabulary.MESSAGE_TYPES)
    assert set(get_args(Status)) == set(vocabulary.STATUSES)


def test_every_stage_that_is_timed_is_on_the_list_and_the_other_way_round() -> None:
    timed = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if called and node.func.attr == "observe_stage" and isinstance(node.args[0], ast.Constant):
                timed.add(node.args[0].value)
    assert timed == set(vocabulary.STAGES)


@pytest.mark.parametrize(
    ("code", "label"), [("en", "en"), ("zh", "zh"), ("xx", "other"), ("", "other"), ("<b>", "other")]
)
def test_a_language_that_is_no_label_is_other(code: str, label: str) -> None:
    assert vocabulary.language_label(code) == label


def test_two_processes_worth_of_metrics_do_not_meet() -> None:
    one, two = build(), build()
    one.articles_processed.labels(outcome="stale").inc()
    name, labels = "tocsin_articles_processed_total", {"outcome": "stale"}
    assert one.registry.get_sample_value(name, labels) == 1
    assert two.registry.get_sample_value(name, labels) == 0


def test_a_stage_is_timed_under_its_name() -> None:
    metrics = build()
    metrics.observe_stage("infer", 0.25)
    assert metrics.registry.get_sample_value("tocsin_stage_duration_seconds_sum", {"stage": "infer"}) == 0.25


def test_buckets_rise(families: list[Metric]) -> None:
    for family in families:
        if family.type == "histogram":
            first = {k: v for k, v in family.samples[0].labels.items() if k != "le"}
            bounds = [
                float(sample.labels["le"])
                for sample in family.samples
                if "le" in sample.labels and {k: v for k, v in sample.labels.items() if k != "le"} == first
            ]
            assert bounds == sorted(set(bounds)), family.name
            assert bounds[-1] == math.inf, family.name
