"""What tests of stage 1's judgement share."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.article import Aggregation
from models.labels import LABELS
from streams.assess.assess import Judged, assess, prepare
from streams.assess.record import ModelRef
from streams.ingest.article import Article
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery
from tests.unit.assess.places_support import gazetteer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MODEL = ModelRef("tocsin-test", "1", "0" * 64)
THRESHOLDS = {"escalation": 0.5, "evacuation": 0.5}
UKRAINE = "American citizens must leave Ukraine now, the embassy in Kyiv warned."
LEBANON = "The embassy in Beirut told its citizens to leave Lebanon at once."
CALM = "The museum opened a new wing with paintings from the last century."
BOTH = f"{UKRAINE} {LEBANON} {CALM}"


def delivery(value: bytes | None = b"{}", headers: tuple[tuple[str, bytes], ...] = (), ms: int = NOW_MS) -> Delivery:
    return Delivery(TopicPartition("articles", 2), 17, ms, b"key", value, headers, 0, None)


def judged(
    made: Article,
    hot: Sequence[str] | None,
    *,
    score: float = 0.9,
    headers: Any = (),
    aggregation: Mapping[str, Aggregation] | None = None,
) -> Judged:
    """What `made` comes to if sentences that hold one of `hot` (None: all) score high for evacuation."""
    prepared = prepare(made, delivery(), most_sentences=200, stale_hours=72)
    scores = np.full((len(prepared.texts), len(LABELS)), 0.01, dtype=np.float32)
    for number, sentence in enumerate(prepared.sentences):
        if hot is None or any(word in sentence.text for word in hot):
            scores[number, LABELS.index("evacuation")] = score
    return assess(
        prepared,
        scores,
        delivery(headers=headers),
        status="Actual",
        thresholds=THRESHOLDS,
        model=MODEL,
        gazetteer=gazetteer(),
        aggregation=aggregation,
    )
