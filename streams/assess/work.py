"""One record's way through stage 1, as values: read it, score it, say what is to be written. No Kafka, no threads.

`read` and `conclude` are called on a helper thread, `score` on the classifier's. A record may hold several articles
(a NewsAPI page); each is prepared and judged on its own, and the record is finished as a whole.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from streams.assess.assess import Prepared, assess, prepare
from streams.assess.places import Gazetteer
from streams.assess.record import Assessment, ModelRef, Revision, Status, encode
from streams.assess.revise import revision
from streams.assess.settle import Scores
from streams.errors import NO_RECORDS_FAULT, ModelError
from streams.ingest.article import Limits, Reason, Rejected
from streams.ingest.decode import decode
from streams.kafka.deadletters import dead_letter
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery, Outgoing
from streams.settings import Settings

if TYPE_CHECKING:
    from models.encoding import Context
    from models.manifest import Manifest

__all__ = ["Conclusion", "Reader", "Scorer", "Work", "questions"]

_log = logging.getLogger(__name__)


class Scorer(Protocol):
    """What scores sentences: `models.Classifier`, or something that remembers what one has said."""

    manifest: "Manifest"

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns of `scores`."""

    def token_lengths(
        self, sentences: Sequence[str], contexts: "Sequence[Context | None] | None" = None
    ) -> NDArray[np.int64]:
        """Tokens [n] of each sentence with its context."""

    def scores(self, sentences: Sequence[str], contexts: "Sequence[Context | None] | None" = None) -> Scores:
        """Scores [n, n_labels] in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Work:
    """A record that was read: its articles, prepared and tokenised, and what of it had to be rejected."""

    delivery: Delivery
    status: Status
    prepared: tuple[Prepared, ...]
    lengths: tuple[int, ...]
    """Tokens of every sentence to be scored, over all articles."""
    rejected: tuple[Rejected, ...]
    parse_seconds: float = 0.0
    tokenize_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a record comes to: records to write, in order, and one outcome for each article in it."""

    work: Work
    assessments: tuple[Assessment, ...]
    outcomes: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    scores: tuple[Scores, ...] = field(repr=False, default=())
    revisions: tuple[Revision, ...] = ()

    def outgoing(self, topic: str, partitions: int) -> list[Outgoing]:
        """Assessments for `topic`, keyed by country, revisions for each of its partitions; a dead letter if anything
        was rejected.
        """
        records = []
        for assessment in self.assessments:
            headers = {"content-type": b"application/json", "tocsin-kind": b"assessment"}
            if assessment.traceparent:
                headers["traceparent"] = assessment.traceparent.encode()
            records.append(Outgoing(topic, assessment.country.encode(), encode(assessment), headers))
        for revised in self.revisions:
            headers = {"content-type": b"application/json", "tocsin-kind": b"revision"}
            value = encode(revised)
            records += [Outgoing(topic, b"revision", value, headers, partition=n) for n in range(partitions)]
        if self.rejected:
            first = self.rejected[0]
            records.append(dead_letter(self.work.delivery, first.reason, "assess", first.detail))
        return records

    def audit(self, topic: str) -> Outgoing:
        """The record for the audit topic: where the article stood and how it ended."""
        delivery = self.work.delivery
        outcome = "assessed" if "assessed" in self.outcomes else self.outcomes[0]
        value = {
            "topic": delivery.tp.topic,
            "partition": delivery.tp.partition,
            "offset": delivery.offset,
            "outcome": outcome,
        }
        return Outgoing(topic, delivery.key, orjson.dumps(value))


class Reader:
    """Reads, scores and concludes with one classifier, one gazetteer and the settings' limits.

    `thresholds`: the least score of an evidence sentence, by event.
    """

    def __init__(self, settings: Settings, classifier: Scorer, gazetteer: Gazetteer) -> None:
        self._settings = settings
        self._classifier = classifier
        self._gazetteer = gazetteer
        self._limits = Limits(record_bytes=settings.article_bytes)
        manifest = classifier.manifest
        self.model = ModelRef(manifest.name, manifest.version, manifest.sha256)
        self._aggregation = manifest.aggregation
        self.thresholds = {event: point.default for event, point in manifest.thresholds.items()}

    def warm(self) -> None:
        """Take one article all the way, so that the first real one finds every table and model loaded."""
        record = {"title": _WARM[0], "text": " ".join(_WARM)}
        # The first is too old to be scored, but loads what reads dates in words.
        for value in (record | {"date": "2 de enero de 2026"}, record):
            work = self.read(
                Delivery(TopicPartition("warm", 0), 0, int(time.time() * 1000), None, orjson.dumps(value), (), 0, None)
            )
            self.conclude(work, self.score([work])[0])

    def prove(self) -> None:
        """Score a sentence that any classifier can. Raises ModelError if that fails: then it is no record's fault."""
        self._prove("classifier", self._classifier.scores)

    @staticmethod
    def _prove(what: str, question: Callable[[Sequence[str], list[tuple[None, None]]], object]) -> None:
        try:
            question(_WARM[:1], [(None, None)])
        except NO_RECORDS_FAULT:
            raise
        except Exception as error:
            raise ModelError(
                f"the {what} fails on every sentence ({type(error).__name__}): is there memory left for it?"
            ) from error

    def read(self, delivery: Delivery) -> Work:
        """Decode, clean, split and tokenise. Never raises for what the record holds: if even that raises, twice, the
        record is a dead letter, and those behind it go on. Raises ModelError if the tokeniser answers nobody.
        """
        fault: Exception | None = None
        for _ in range(2):
            try:
                return self._read(delivery)
            except NO_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001  (a passing fault, or the record's)
                fault = error
        _log.error("reading %s raised twice: it becomes a dead letter", delivery.where, exc_info=fault)
        self._prove("tokeniser", self._classifier.token_lengths)
        return Work(delivery, "Actual", (), (), (Rejected("model_failure", f"reading raised {type(fault).__name__}"),))

    def _read(self, delivery: Delivery) -> Work:
        begin = time.perf_counter()
        status = delivery.header("tocsin-status") or "Actual"
        if status not in _STATUS:
            detail = f"the header tocsin-status must be one of {', '.join(_STATUS)}"
            return Work(delivery, "Actual", (), (), (Rejected("bad_status", detail),))
        decoded = decode(delivery.value, received=delivery.time, limits=self._limits)
        prepared = tuple(
            prepare(
                article,
                delivery,
                most_sentences=self._settings.article_sentences,
                stale_hours=self._settings.stale_hours,
            )
            for article in decoded.articles
        )
        parsed = time.perf_counter()
        texts, contexts = questions([Work(delivery, "Actual", prepared, (), ())])
        lengths = tuple(int(n) for n in self._classifier.token_lengths(texts, contexts)) if texts else ()
        done = time.perf_counter()
        return Work(delivery, _STATUS[status], prepared, lengths, decoded.rejected, parsed - begin, done - parsed)

    def score(self, works: Sequence[Work]) -> list[list[Scores]]:
        """Scores of every article of every work, in one pass through the classifier."""
        texts, contexts = questions(works)
        if texts:
            scores = self._classifier.scores(texts, contexts)
        else:
            scores = np.zeros((0, len(self._classifier.labels)), dtype=np.float32)
        found, at = [], 0
        for work in works:
            mine = []
            for item in work.prepared:
                mine.append(scores[at : at + len(item.texts)])
                at += len(item.texts)
            found.append(mine)
        return found

    def conclude(self, work: Work, scores: Sequence[Scores]) -> Conclusion:
        """What to write for `work`, given the scores of its articles."""
        assessments: list[Assessment] = []
        revisions: list[Revision] = []
        outcomes: list[str] = []
        for prepared, mine in zip(work.prepared, scores, strict=True):
            judged = assess(
                prepared,
                mine,
                work.delivery,
                status=work.status,
                thresholds=self.thresholds,
                model=self.model,
                gazetteer=self._gazetteer,
                aggregation=self._aggregation,
            )
            outcomes.append(judged.outcome)
            assessments += judged.assessments
            revised = revision(prepared.article, judged.assessments, work.delivery, work.status)
            if revised is not None:
                revisions.append(revised)
        outcomes += ["rejected"] * len(work.rejected)
        return Conclusion(
            work, tuple(assessments), tuple(outcomes), work.rejected, tuple(scores), revisions=tuple(revisions)
        )

    @staticmethod
    def give_up(work: Work, reason: Reason, detail: str) -> Conclusion:
        """The conclusion for a record that can't be scored or written: a dead letter with `reason`."""
        return Conclusion(work, (), ("error",), (Rejected(reason, detail),))


_WARM = (
    "Citizens were told to leave Lebanon at once while commercial flights still run.",
    "The ministry in Paris said that shelling near the border had grown worse since Monday.",
)
_STATUS: dict[str, Status] = {"Actual": "Actual", "Exercise": "Exercise", "Test": "Test"}


def questions(works: Sequence[Work]) -> tuple[list[str], list[tuple[str | None, str | None] | None]]:
    """What the classifier is asked about `works`: the sentences of all their articles, and their contexts, in order."""
    texts: list[str] = []
    contexts: list[tuple[str | None, str | None] | None] = []
    for work in works:
        for item in work.prepared:
            texts += item.texts
            contexts += item.contexts
    return texts, contexts
