"""Alerts for a board to show: those of the scripted fortnight, as if it ended now."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streams.alert.record import Alert, adapter
from streams.backtest.feed import Timed
from streams.settings import Settings
from tests.fortnight.news import backtest, news
from tests.unit.board.support import cap

__all__ = ["as_of", "fortnight", "in_file"]


def fortnight(stories: Iterable[str] | None = None) -> list[Alert]:
    """What the workers' code makes of the fortnight, or of some of its stories; loads the classifier."""
    wanted = None if stories is None else set(stories)
    items = [item for item in news() if wanted is None or item.story in wanted]
    records = [
        Timed(number, int(item.at.timestamp() * 1000), json.dumps(item.value).encode())
        for number, item in enumerate(items, 1)
    ]
    return [one for one in backtest(Settings())().run(records) if isinstance(one, Alert)]


def in_file(file: Path) -> list[Alert]:
    """The alerts that `tocsin backtest` wrote."""
    return [adapter.validate_json(line) for line in file.read_bytes().splitlines()]


def as_of(alerts: list[Alert], moment: datetime, minutes: float = 3.0) -> list[Alert]:
    """Those sent until `moment`, as if the newest had been sent `minutes` ago, and in earnest."""
    found = [one for one in alerts if datetime.fromisoformat(one.sent) <= moment]
    last = max(datetime.fromisoformat(one.sent) for one in found)
    by = datetime.now(UTC) - timedelta(minutes=minutes) - last
    return [_moved(one, by) for one in found]


def _moved(alert: Alert, by: timedelta) -> Alert:
    def later(text: str) -> str:
        return cap(datetime.fromisoformat(text) + by)

    published = alert.article.published_at
    return replace(
        alert,
        status="Actual",
        sent=later(alert.sent),
        expires=later(alert.expires),
        first_seen=later(alert.first_seen),
        article=replace(alert.article, published_at=later(published) if published else None),
    )
