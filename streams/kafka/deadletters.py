"""Dead letters: a record that can't be used, kept byte for byte with the reason, and the limit that stops the worker.

The dead-letter topic of `t` is `t.dlq`. Value, key and headers are the original's; our headers come after them.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Protocol

from streams.errors import DeadLetterLimitError, UnpublishableError
from streams.ingest.article import Reason
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery, Outgoing
from streams.settings import Settings

__all__ = ["HEADERS", "MARK", "DeadLetterLimit", "dead_letter", "dlq_name", "write_letters"]

HEADERS = (
    "dlq.reason",
    "dlq.stage",
    "dlq.error",
    "dlq.topic",
    "dlq.partition",
    "dlq.offset",
    "dlq.ts",
    "dlq.app_version",
    "dlq.bytes",
)
"""Our headers of a dead letter, in their order, behind those of the original."""
MARK = "tocsin-replayed-from"
"""Header of a record that `tocsin dlq replay` sent again: the letter that it was, as `topic[partition]@offset`."""

_ERROR_CHARACTERS = 300
_SAMPLE = 1_000
_LEAST = 100
"""The ratio is asked of the last 1,000 records, once there are 100: fewer say nothing."""


def dlq_name(topic: str) -> str:
    """Name of the dead-letter topic that belongs to `topic`."""
    return f"{topic}.dlq"


def dead_letter(delivery: Delivery, reason: Reason, stage: str, error: str) -> Outgoing:
    """The record to write for `delivery`. `error` is bounded and holds no text of the article."""
    printable = "".join(letter if letter.isprintable() else " " for letter in error)[:_ERROR_CHARACTERS]
    ours = (
        reason,
        stage,
        printable,
        delivery.tp.topic,
        str(delivery.tp.partition),
        str(delivery.offset),
        str(int(time.time() * 1000)),
        version("tocsin"),
        str(len(delivery.value or b"")),
    )
    return Outgoing(
        topic=dlq_name(delivery.tp.topic),
        key=delivery.key,
        value=delivery.value,
        headers={name: text.encode() for name, text in zip(HEADERS, ours, strict=True)},
        original_headers=delivery.headers,
    )


class _Writer(Protocol):
    async def publish(self, records: Iterable[Outgoing]) -> None: ...


async def write_letters(publisher: _Writer, records: Sequence[Outgoing]) -> None:
    """Publish dead letters (and what goes with them); one that the topic refuses for its size goes without its value.

    A record can come in compressed and be too large for any request when it is not: `dlq.bytes` then says how long it
    was, and the origin in the headers where it still lies. Raises PublishError.
    """
    try:
        await publisher.publish(records)
    except UnpublishableError:
        end = dlq_name("")
        await publisher.publish([replace(r, value=None) if r.topic.endswith(end) else r for r in records])


class DeadLetterLimit:
    """Counts good and bad records, and says when bad ones are so many that the fault must be ours.

    `run`: consecutive bad records of one partition. `ratio`: share of bad ones among the last 1,000 of all
    partitions. One bad record in a hundred never reaches either.
    """

    def __init__(self, run: int, ratio: float) -> None:
        self._run, self._ratio = run, ratio
        self._runs: Counter[TopicPartition] = Counter()
        self._last: deque[bool] = deque(maxlen=_SAMPLE)
        self._bad = 0

    @classmethod
    def of(cls, settings: Settings) -> "DeadLetterLimit":
        """A limit as the settings have it."""
        return cls(settings.dead_letter_run, settings.dead_letter_ratio)

    def good(self, tp: TopicPartition) -> None:
        """Note a record that could be used."""
        self._runs[tp] = 0
        self._note(False)

    def bad(self, tp: TopicPartition) -> None:
        """Note a record that is about to become a dead letter.

        Raises DeadLetterLimitError if that is one too many: then don't write it, don't ack it, stop.
        """
        self._runs[tp] += 1
        self._note(True)
        if self._runs[tp] >= self._run:
            raise DeadLetterLimitError(
                f"the last {self._runs[tp]} records of {tp.topic}[{tp.partition}] were all unusable: is it the right"
                " topic, and did a producer change its format? Nothing was skipped; mend it and start again"
            )
        if len(self._last) >= _LEAST and self._bad > self._ratio * len(self._last):
            raise DeadLetterLimitError(
                f"{self._bad} of the last {len(self._last)} records were unusable, more than"
                f" TOCSIN_DEAD_LETTER_RATIO ({self._ratio:g}) allows; nothing was skipped"
            )

    def _note(self, bad: bool) -> None:
        if len(self._last) == self._last.maxlen:
            self._bad -= self._last[0]
        self._last.append(bad)
        self._bad += bad
