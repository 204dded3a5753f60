"""The canary's own metrics: it is a process of its own, so it can say what workers that are gone can't."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from streams.observe.metrics import END_TO_END, PREFIX

__all__ = ["CanaryMetrics", "build"]


@dataclass(frozen=True, slots=True)
class CanaryMetrics:
    """By the names that they are set under in the code."""

    registry: CollectorRegistry
    canary_attempts: Counter
    canary_articles: Counter
    canary_alerts: Counter
    canary_overdue: Counter
    canary_latency: Histogram
    canary_last_success: Gauge
    canary_partition_success: Gauge


def build(now: float) -> CanaryMetrics:
    """All of them on a new registry. What never came counts from `now` (Unix time, seconds), when we began."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    found = CanaryMetrics(
        registry=registry,
        canary_attempts=Counter(
            f"{PREFIX}canary_attempts", "Test articles that were due: one each interval.", registry=registry
        ),
        canary_articles=Counter(f"{PREFIX}canary_articles", "Test articles that the broker took.", registry=registry),
        canary_alerts=Counter(f"{PREFIX}canary_alerts", "Test articles that came out as an alert.", registry=registry),
        canary_overdue=Counter(
            f"{PREFIX}canary_overdue", "Test articles that did not come out in time.", registry=registry
        ),
        canary_latency=Histogram(
            f"{PREFIX}canary_latency_seconds",
            "From a test article to its alert.",
            registry=registry,
            buckets=END_TO_END,
        ),
        canary_last_success=Gauge(
            f"{PREFIX}canary_last_success_timestamp_seconds",
            "When a test article last came out as an alert (before the first: when the canary began).",
            registry=registry,
        ),
        canary_partition_success=Gauge(
            f"{PREFIX}canary_partition_success_timestamp_seconds",
            "The same by partition of the articles topic.",
            ["partition"],
            registry=registry,
        ),
    )
    found.canary_last_success.set(now)
    return found
