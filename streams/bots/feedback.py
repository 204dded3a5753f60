"""What people say of alerts: the record on the feedback topic, and what it adds up to. Pure.

A verdict is about one message. Of several that one person gives about it the last counts; an alert is right or wrong by
the most of those who spoke, and neither where they are equal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from streams.alert.record import Alert

__all__ = ["VERDICTS", "Feedback", "FeedbackError", "Share", "decode", "encode", "report"]

VerdictName = Literal["right", "wrong", "late", "where"]
VERDICTS: tuple[VerdictName, ...] = ("right", "wrong", "late", "where")
"""right: it was so. wrong: it was not. late: it was so, but was told too late. where: it was so, but elsewhere."""


class FeedbackError(ValueError):
    """Bytes on the feedback topic that are no feedback of a version we know."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's word on one alert. `time` is CAP's (RFC 3339, seconds, numeric zone)."""

    schema_version: Literal["1"]
    kind: Literal["feedback"]
    alert_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    verdict: VerdictName
    by: Annotated[str, Field(max_length=80)]
    note: Annotated[str, Field(max_length=500)]
    time: Annotated[str, Field(max_length=40)]


@dataclass(frozen=True, slots=True)
class Share:
    """Of `judged` alerts `right` were so; `late` and `elsewhere` of these too late, or in another place."""

    judged: int
    right: int
    late: int
    elsewhere: int

    @property
    def precision(self) -> float | None:
        """The share that was so; None where nothing was judged."""
        return self.right / self.judged if self.judged else None


_ADAPTER: TypeAdapter[Feedback] = TypeAdapter(Feedback)


def encode(feedback: Feedback) -> bytes:
    """JSON for the topic."""
    return orjson.dumps(feedback)


def decode(value: bytes | None) -> Feedback:
    """The feedback in `value`. Raises FeedbackError."""
    try:
        return _ADAPTER.validate_json(value or b"")
    except ValidationError as error:
        raise FeedbackError(str(error.errors(include_url=False, include_input=False)[0]["msg"])) from error


def report(feedback: Iterable[Feedback], alerts: Mapping[str, Alert]) -> dict[str, dict[str, Share]]:
    """Shares by `event`, `country` and `signal`, each by name, over the alerts that were judged and are known."""
    said: dict[str, dict[str, VerdictName]] = {}
    for one in feedback:
        said.setdefault(one.alert_id, {})[one.by] = one.verdict
    counts: dict[str, dict[str, list[int]]] = {"event": {}, "country": {}, "signal": {}}
    for alert_id, verdicts in said.items():
        alert, judged = alerts.get(alert_id), _judged(list(verdicts.values()))
        if alert is None or judged is None:
            continue
        signals = {name for piece in alert.evidence for name in piece.signals} or {"none"}
        places = [("event", alert.event), ("country", alert.country), *(("signal", name) for name in sorted(signals))]
        for kind, name in places:
            row = counts[kind].setdefault(name, [0, 0, 0, 0])
            for column, value in enumerate((1, *judged)):
                row[column] += value
    return {kind: {name: Share(*row) for name, row in sorted(rows.items())} for kind, rows in counts.items()}


def _judged(verdicts: list[VerdictName]) -> tuple[int, int, int] | None:
    """Whether it was right, late and elsewhere, by the most; None where as many say so as not."""
    wrong = verdicts.count("wrong")
    right = len(verdicts) - wrong
    if right == wrong:
        return None
    most = right / 2
    so = int(right > wrong)
    return so, so * int(verdicts.count("late") > most), so * int(verdicts.count("where") > most)
