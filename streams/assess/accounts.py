"""What stage 1 counts and times, away from the code that does the work."""

import time
from collections.abc import Sequence

from models.labels import LABELS
from streams.assess.planner import padded_tokens
from streams.assess.staleness import age_seconds
from streams.assess.work import Conclusion, Work
from streams.kafka.records import Delivery
from streams.observe.metrics import Metrics
from streams.observe.vocabulary import DATES_REFUSED, SANITIZED, language_label

__all__ = ["AssessAccounts"]


class AssessAccounts:
    """Sets the metrics of stage 1. Labels come from closed lists only."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def received(self, delivery: Delivery) -> None:
        """A record was handed out."""
        self._metrics.articles_received.labels(topic=delivery.tp.topic).inc()
        self._metrics.last_article.set(time.time())

    def batch(self, works: Sequence[Work], seconds: float) -> None:
        """A batch went through the classifier in `seconds`."""
        metrics = self._metrics
        lengths = [n for work in works for n in work.lengths]
        metrics.inference_batch_size.observe(len(works))
        if lengths:
            metrics.batch_padded_tokens.observe(padded_tokens(lengths))
            metrics.observe_stage("infer", seconds)
        for work in works:
            metrics.observe_stage("parse", work.parse_seconds)
            if work.lengths:
                metrics.observe_stage("tokenize", work.tokenize_seconds)
                metrics.input_tokens.observe(sum(work.lengths))

    def placed(self, seconds: float) -> None:
        """Places were found and evidence was put together for a batch."""
        self._metrics.observe_stage("places", seconds)

    def published(self, seconds: float) -> None:
        """Everything of a batch was acknowledged."""
        self._metrics.observe_stage("publish", seconds)

    def finished(self, conclusion: Conclusion) -> None:
        """A record ended, with everything acknowledged."""
        metrics, work = self._metrics, conclusion.work
        if work.status == "Test":
            metrics.test_articles.inc()
        for outcome in conclusion.outcomes:
            metrics.articles_processed.labels(outcome=outcome).inc()
        for rejected in conclusion.rejected:
            metrics.articles_rejected.labels(reason=rejected.reason).inc()
        if conclusion.rejected:
            metrics.dead_letters.labels(reason=conclusion.rejected[0].reason).inc()
        for prepared in work.prepared:
            metrics.articles_by_language.labels(language=language_label(prepared.language.code)).inc()
            age = age_seconds(prepared.article, work.delivery.time)
            if age is not None:
                metrics.article_age.observe(age)
            for repair in set(prepared.article.repairs):
                metrics.sanitized.labels(kind=repair if repair in SANITIZED else "other").inc()
            for note in prepared.article.dropped:
                field, _, why = note.partition(": ")
                if field == "published" and why in DATES_REFUSED:
                    metrics.dates_refused.labels(reason=why).inc()
            if prepared.cut:
                metrics.sanitized.labels(kind="truncated").inc()
        for scores in conclusion.scores:
            for column, label in enumerate(LABELS):
                for value in scores[:, column]:
                    metrics.score.labels(label=label).observe(float(value))
