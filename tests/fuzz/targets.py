"""What is fuzzed: each target takes any bytes and must neither raise nor take long; what it may assume, it checks."""

import contextlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache

from streams.alert import incident, progress
from streams.alert.policy import decide, expire
from streams.alert.rules import load
from streams.assess.places import Gazetteer, locate
from streams.assess.record import Assessment, AssessmentError
from streams.assess.record import decode as assessment_of
from streams.ingest.decode import decode, read
from streams.ingest.html import looks_like_html, to_text
from streams.ingest.language import language_of
from streams.ingest.sentences import sentences, split
from streams.ingest.text import clean, fold

__all__ = ["SECONDS", "TARGETS", "tried"]

SECONDS = 2.0
"""Time that any input of at most 64 KiB may take: far above the usual milliseconds, far below a quadratic blow-up."""
_RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)
_CAP = 100_000


@cache
def _gazetteer() -> Gazetteer:
    return Gazetteer.load()


def _text(data: bytes) -> str:
    """Half surrogates and all: JSON can bring any of them."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def decoder(data: bytes) -> None:
    """A record's value, from bytes to articles, their sentences and language."""
    for article in decode(data, received=_RECEIVED).articles:
        for sentence in sentences(article):
            assert sentence.text.strip()
        language_of(article)
    read(data, received=_RECEIVED)


def cleaner(data: bytes) -> None:
    """Text: clean-up, twice as good as once; markup; folding."""
    text = _text(data)
    cleaned = clean(text, cap=_CAP).text
    assert len(cleaned) <= _CAP
    cleaned.encode()
    if looks_like_html(text):
        to_text(text)
    fold(cleaned)


def splitter(data: bytes) -> None:
    """Sentences lie in order in their text and don't overlap."""
    text = clean(_text(data), cap=_CAP, paragraphs=True).text
    end = 0
    for start, stop in split(text):
        assert end <= start < stop <= len(text)
        end = stop


def places(data: bytes) -> None:
    """Countries of a text with any sentence of it as evidence."""
    text = clean(_text(data), cap=_CAP, paragraphs=True).text
    first = split(text)[:3]
    found = locate(None, None, text, [("body", *span) for span in first], _gazetteer())
    assert len(found) == len(first)
    assert all(0 <= area.confidence <= 1 for areas in found for area in areas)


def policy(data: bytes) -> None:
    """Bytes of the assessments topic and of the table: refused with the documented error, or judged."""
    for decoder_of in (incident.decode, progress.decode):
        with contextlib.suppress(ValueError):
            decoder_of(data)
    try:
        record = assessment_of(data)
    except AssessmentError:
        return
    if isinstance(record, Assessment):
        rules = load()
        for event in ("escalation", "evacuation"):
            if event in record.scores:
                first = decide(None, record, event, rules, partition=0)  # type: ignore[arg-type]  # one of the two
                if first.incident is not None:
                    decide(first.incident, record, event, rules, partition=0)  # type: ignore[arg-type]  # as above
                    expire(first.incident, record.kafka_timestamp_ms + 10**9, rules)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "decoder": decoder,
    "cleaner": cleaner,
    "splitter": splitter,
    "places": places,
    "policy": policy,
}


def tried(name: str, data: bytes) -> None:
    """Run a target. Raises what it raises, and AssertionError if it took too long."""
    if name == "places":
        _gazetteer()  # loading it is no text's cost
    begin = time.thread_time()
    TARGETS[name](data)
    took = time.thread_time() - begin
    assert took < SECONDS, f"{name} took {took:.1f} s for {len(data)} bytes"
