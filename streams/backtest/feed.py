"""Articles with the time at which Kafka would have got them, in the order of that time.

Guarantees: records of one time keep the order of the file; a record's value is passed on as it is. Refuses an envelope
whose time is no time, and an input of which no record has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from streams.errors import InputError
from streams.ingest.article import Limits
from streams.ingest.decode import decode
from streams.kafka.records import plausible_ms

__all__ = ["Timed", "timed"]

_ENVELOPE = {"timestamp_ms", "value"}


@dataclass(frozen=True, slots=True)
class Timed:
    """One record: its line in the input, Kafka timestamp (ms), and value."""

    line: int
    at: int
    value: bytes


def timed(records: Sequence[tuple[int, bytes]], limits: Limits) -> list[Timed]:
    """`records` (line, value) by time. A value is an article, whose time is its date of publication, or
    `{"timestamp_ms": ..., "value": article}`. What has no date has the time of the record before it (of the first
    dated one, where there is none before).

    Raises InputError.
    """
    found: list[tuple[int, int | None, bytes]] = []
    for line, value in records:
        envelope = _envelope(value)
        if envelope is None:
            found.append((line, _published(value, limits), value))
        else:
            found.append((line, _time(envelope["timestamp_ms"], line), _inner(envelope["value"])))
    known = next((at for _, at, _ in found if at is not None), None)
    if known is None:
        raise InputError(
            'no article says when it was published: give {"timestamp_ms": ..., "value": {article}}, one a line'
        )
    placed = []
    for line, at, value in found:
        known = known if at is None else at
        placed.append(Timed(line, known, value))
    return sorted(placed, key=lambda record: record.at)


def _envelope(value: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and set(found) == _ENVELOPE else None


def _time(value: object, line: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or plausible_ms(value) != value:
        raise InputError(f"line {line}: timestamp_ms must be milliseconds since 1970, before the year 2200")
    return value


def _inner(value: object) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else orjson.dumps(value)


def _published(value: bytes, limits: Limits) -> int | None:
    articles = decode(value, received=datetime.now(UTC), limits=limits).articles
    dates = [article.published.at for article in articles if article.published is not None]
    return max(0, int(dates[0].timestamp() * 1000)) if dates else None
