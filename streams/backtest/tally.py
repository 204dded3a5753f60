"""What a run came to, incident by incident. Pure: alerts in, rows out."""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.alert.record import Alert
from streams.alert.rules import rank

__all__ = ["Told", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """One incident as a bot was told of it. Times are CAP's; `severity` is the most severe that was sent; `ended` is
    the note of its Cancel, None while it lasts.
    """

    country: str
    event: str
    first: str
    last: str
    messages: int
    severity: str
    articles: int
    publishers: int
    headline: str
    ended: str | None


def told(alerts: Iterable[Alert]) -> list[Told]:
    """Incidents in the order of their first alerts."""
    chains: dict[str, list[Alert]] = {}
    for alert in alerts:
        chains.setdefault(alert.incident_id, []).append(alert)
    return [_row(chain) for chain in chains.values()]


def _row(chain: list[Alert]) -> Told:
    first, last = chain[0], chain[-1]
    worst = max(chain, key=lambda alert: rank(alert.severity))
    counts = [alert.corroboration for alert in chain]
    return Told(
        country=first.country,
        event=first.event,
        first=first.sent,
        last=last.sent,
        messages=len(chain),
        severity=worst.severity,
        articles=max(count.articles for count in counts),
        publishers=max(count.independent_publishers for count in counts),
        headline=worst.headline,
        ended=last.reasons[0] if last.msg_type == "Cancel" else None,
    )
