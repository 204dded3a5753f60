"""From the bytes of a Kafka record to its articles. The one door of this room: it never raises.

Guarantees: for any bytes at least one article or one rejection; time linear in the size of the record, memory a small
multiple of `limits.record_bytes`; no clock, no I/O. Refuses, with a reason from a closed list, what can't become an
article. Nothing in a record can choose a codec or a class: JSON only, and unknown keys (`__faust` among them) are
never looked at.
"""

from dataclasses import dataclass
from datetime import datetime

from streams.ingest.article import Article, Limits, Rejected
from streams.ingest.envelopes import items
from streams.ingest.normalise import normalise
from streams.ingest.parse import parse
from streams.ingest.wire import to_text

__all__ = ["Decoded", "decode"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a record came to, in the order of the record. Never both empty."""

    articles: tuple[Article, ...]
    rejected: tuple[Rejected, ...]


_LIMITS = Limits()


def decode(value: bytes | None, *, received: datetime, limits: Limits = _LIMITS) -> Decoded:
    """Read one record value. `received` (aware) is its Kafka time: dates later than that are not believed."""
    try:
        return read(value, received=received, limits=limits)
    except Exception as error:  # noqa: BLE001
        # WHY: below are five libraries that parse hostile text. A fault in one of them must cost one record, which goes
        # to the dead letters with its bytes, and not the stream.
        return Decoded((), (Rejected("undecodable", f"the reader failed with {type(error).__name__}"),))


def read(value: bytes | None, *, received: datetime, limits: Limits = _LIMITS) -> Decoded:
    """`decode` without its safety net, for tests that look for faults."""
    wire = to_text(value, limits)
    if isinstance(wire, Rejected):
        return Decoded((), (wire,))
    parsed = parse(wire.text, limits)
    if isinstance(parsed, Rejected):
        return Decoded((), (parsed,))
    articles: list[Article] = []
    rejected: list[Rejected] = []
    for item in items(parsed.value, limits):
        if isinstance(item, Rejected):
            rejected.append(item)
            continue
        made = normalise(
            item.record,
            context=item.context,
            repairs=wire.repairs | parsed.repairs | item.repairs,
            received=received,
            limits=limits,
        )
        if isinstance(made, Rejected):
            rejected.append(made)
        else:
            articles.append(made)
    return Decoded(tuple(articles), tuple(rejected))
