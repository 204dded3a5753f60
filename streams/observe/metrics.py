"""Every metric: one table, closed labels, base units. Names and units are under test.

A process makes one `Metrics` with a registry of its own. All label combinations exist from the start, so that a rate
over a counter that never moved is 0 and not absent. Text from articles never becomes a label.
"""

from dataclasses import dataclass
from typing import TypeVar, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from streams.ingest.article import Reason
from streams.observe.vocabulary import (
    AGREEMENTS,
    DATES_REFUSED,
    EVENTS,
    HOLES,
    LABELS,
    LANGUAGES,
    MESSAGE_TYPES,
    OUTCOMES,
    SANITIZED,
    SEVERITIES,
    STAGES,
    SUPPRESSED,
)

__all__ = ["END_TO_END", "PREFIX", "Metrics", "build"]

PREFIX = "tocsin_"

_M = TypeVar("_M", Counter, Histogram)
_REASONS = get_args(Reason)
_FINE = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
END_TO_END = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_AGE = (60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800)
_COMMIT = (0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SCORE = tuple(step / 20 for step in range(1, 21))


def _powers(low: int, high: int) -> tuple[int, ...]:
    found = []
    while low <= high:
        found.append(low)
        low *= 2
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one process, by the name they are set under in the code."""

    registry: CollectorRegistry
    articles_received: Counter
    articles_processed: Counter
    test_articles: Counter
    dates_refused: Counter
    articles_rejected: Counter
    dead_letters: Counter
    alerts: Counter
    alerts_by_country: Counter
    test_alerts: Counter
    alerts_suppressed: Counter
    articles_by_language: Counter
    sanitized: Counter
    publish_failures: Counter
    ledger_holes: Counter
    assessments_repeated: Counter
    end_to_end_latency: Histogram
    article_age: Histogram
    stage_duration: Histogram
    event_loop_lag: Histogram
    batch_padded_tokens: Histogram
    commit_age: Histogram
    commit_stalled: Gauge
    inference_batch_size: Histogram
    input_tokens: Histogram
    score: Histogram
    consumer_lag_messages: Gauge
    consumer_lag: Gauge
    inference_queue_depth: Gauge
    last_article: Gauge
    last_alert: Gauge
    model_loaded: Gauge
    shadow_running: Gauge
    shadow_sentences: Counter
    shadow_skipped: Counter
    shadow_difference: Histogram
    incidents: Gauge
    incident_table_entries: Gauge
    model_info: Gauge
    build_info: Gauge
    config_threshold: Gauge

    def observe_stage(self, stage: str, seconds: float) -> None:
        """Note how long one stage took."""
        self.stage_duration.labels(stage=stage).observe(seconds)


def build() -> Metrics:
    """All metrics on a new registry, every label combination at 0."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)  # memory, CPU, file descriptors, under their usual names

    def counter(name: str, text: str, **labels: tuple[str, ...]) -> Counter:
        return _prepared(Counter(PREFIX + name, text, tuple(labels), registry=registry), labels)

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(PREFIX + name, text, labels, registry=registry)

    def histogram(name: str, text: str, buckets: tuple[float, ...], **labels: tuple[str, ...]) -> Histogram:
        made = Histogram(PREFIX + name, text, tuple(labels), registry=registry, buckets=buckets)
        return _prepared(made, labels)

    return Metrics(
        registry=registry,
        articles_received=counter("articles_received", "Records read from the input topics.", topic=()),
        articles_processed=counter("articles_processed", "Articles by how they ended.", outcome=OUTCOMES),
        test_articles=counter("test_articles", "Records of status Test that were processed; they count there, too."),
        dates_refused=counter("dates_refused", "Dates of articles that can't be used.", reason=DATES_REFUSED),
        articles_rejected=counter("articles_rejected", "Articles that could not be used.", reason=_REASONS),
        dead_letters=counter("dead_letters", "Records written to a dead-letter topic.", reason=_REASONS),
        alerts=counter(
            "alerts",
            "Alert messages delivered, tests apart.",
            event=EVENTS,
            severity=SEVERITIES,
            msg_type=MESSAGE_TYPES,
        ),
        alerts_by_country=counter("alerts_by_country", "Alert messages by ISO 3166-1 country.", country=()),
        test_alerts=counter("test_alerts", "Alert messages of status Test."),
        alerts_suppressed=counter("alerts_suppressed", "Evidence that led to no message.", reason=SUPPRESSED),
        articles_by_language=counter("articles_by_language", "Articles by language.", language=LANGUAGES),
        sanitized=counter("sanitized", "Articles that were mended, by what was found.", kind=SANITIZED),
        publish_failures=counter("publish_failures", "Records that the broker did not acknowledge."),
        ledger_holes=counter("ledger_holes", "Offsets that did not arrive.", kind=HOLES),
        assessments_repeated=counter("assessments_repeated", "Assessments and ticks that came again after their work."),
        end_to_end_latency=histogram(
            "end_to_end_latency_seconds", "From an article's Kafka timestamp to its alert's ack.", END_TO_END
        ),
        article_age=histogram("article_age_seconds", "From publication to arrival.", _AGE),
        stage_duration=histogram("stage_duration_seconds", "Time by stage of the work.", _FINE, stage=STAGES),
        event_loop_lag=histogram("event_loop_lag_seconds", "How late the event loop ran a timer.", _FINE),
        batch_padded_tokens=histogram(
            "batch_padded_tokens", "Tokens of a batch, padding included.", _powers(64, 16384)
        ),
        commit_age=histogram("commit_age_seconds", "Age of the newest record at its commit.", _COMMIT),
        inference_batch_size=histogram("inference_batch_size", "Articles in a batch.", _powers(1, 64)),
        input_tokens=histogram("input_tokens", "Tokens of an article, without padding.", _powers(16, 8192)),
        score=histogram("score", "Scores of sentences.", _SCORE, label=LABELS),
        consumer_lag_messages=gauge("consumer_lag_messages", "Records not yet finished.", "topic", "partition"),
        consumer_lag=gauge(
            "consumer_lag_seconds",
            "Age of the newest finished record while others wait.",
            "topic",
            "partition",
        ),
        commit_stalled=gauge(
            "commit_stalled_seconds", "For how long finished records have waited without any commit going ahead."
        ),
        inference_queue_depth=gauge("inference_queue_depth", "Articles waiting for the classifier."),
        last_article=gauge("last_article_timestamp_seconds", "When an article last arrived."),
        last_alert=gauge("last_alert_timestamp_seconds", "When an alert message was last delivered."),
        model_loaded=gauge("model_loaded", "1 when the classifier is loaded and warm."),
        shadow_running=gauge("shadow_running", "1 while a second model is compared with the first."),
        shadow_sentences=counter(
            "shadow_sentences", "Sentences by who calls them evidence.", event=EVENTS, agreement=AGREEMENTS
        ),
        shadow_skipped=counter(
            "shadow_skipped_sentences", "Sentences that the second model left out: no time, or it failed."
        ),
        shadow_difference=histogram(
            "shadow_difference", "Distance between the two models' scores.", _SCORE, event=EVENTS
        ),
        incidents=gauge("incidents", "Open incidents.", "event"),
        incident_table_entries=gauge("incident_table_entries", "Entries of the incident table."),
        model_info=gauge("model_info", "Constant 1: the model in its labels.", "name", "version", "sha256"),
        build_info=gauge("build_info", "Constant 1: the program in its labels.", "version", "python"),
        config_threshold=gauge("config_threshold", "Threshold in force.", "label", "kind"),
    )


def _prepared(metric: _M, labels: dict[str, tuple[str, ...]]) -> _M:
    combinations: list[dict[str, str]] = [{}]
    for name, values in labels.items():
        combinations = [{**known, name: value} for known in combinations for value in values]
    for combination in combinations:
        if combination:
            metric.labels(**combination)
    return metric
