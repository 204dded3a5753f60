"""What the demo counts while it runs, and the summary it ends with. Pure: records in, figures out.

Guarantees: repeats of an alert or of an audit record count once; misses and false alarms are named, not hidden.
Refuses to call an article finished before the worker has said so on the audit topic.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams.alert.record import Alert
from streams.cli.demo_feed import DemoArticle

__all__ = ["Tally", "percentile"]

Where = tuple[str, int, int]
"""Topic, partition, offset."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` (at least one) do not exceed, by the nearest-rank method."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


@dataclass(slots=True)
class Tally:
    """Counts of one run. `sent`: where each article stands on its topic, once the broker has it."""

    sent: dict[Where, DemoArticle] = field(default_factory=dict)
    finished: dict[Where, str] = field(default_factory=dict)
    dead: dict[Where, str] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)

    def add_alert(self, alert: Alert) -> bool:
        """Note `alert`; False if it is a repeat."""
        if alert.alert_id in self.alerts:
            return False
        self.alerts[alert.alert_id] = alert
        return True

    def all_finished(self, articles: int) -> bool:
        """Whether each of that many articles has ended, as the audit topic tells."""
        return len(self.finished) >= articles

    def lines(self) -> list[tuple[str, str]]:
        """The summary: name and text, in the order to be shown."""
        outcomes = Counter(self.finished.values())
        kinds = Counter(str(alert.msg_type) for alert in self.alerts.values())
        latencies = [alert.latency_ms for alert in self.alerts.values()]
        found = [
            ("articles in", f"{len(self.sent)}: {_counts(outcomes)}"),
            ("alerts out", f"{len(self.alerts)}: {_counts(kinds)}" if kinds else "none"),
            ("dead letters", f"{len(self.dead)}: {_counts(Counter(self.dead.values()))}" if self.dead else "none"),
        ]
        if latencies:
            p50, p95 = percentile(latencies, 0.5), percentile(latencies, 0.95)
            found.append(("latency", f"p50 {p50:.0f} ms, p95 {p95:.0f} ms from Kafka timestamp to alert"))
        return found + self._judgement()

    def _judgement(self) -> list[tuple[str, str]]:
        """Against what a reader expected of the articles that were sent."""
        expected = {pair for article in self.sent.values() for pair in article.expected}
        raised = {(alert.country, alert.event) for alert in self.alerts.values()}
        missed = sorted(expected - raised)
        innocent = {where: article for where, article in self.sent.items() if not article.expected and not article.bad}
        blamed = {(item.topic, item.partition, item.offset) for alert in self.alerts.values() for item in alert.inputs}
        wrong = sorted(article.name for where, article in innocent.items() if where in blamed)
        found = [
            (
                "expected",
                f"{len(expected & raised)} of {len(expected)} pairs of country and event alerted"
                + (f"; missed: {_pairs(missed)}" if missed else ""),
            ),
            (
                "ignored",
                f"{len(innocent) - len(wrong)} of {len(innocent)} articles that should not alert did not"
                + (f"; these did: {', '.join(wrong)}" if wrong else ""),
            ),
        ]
        others = sorted(raised - expected)
        if others:
            found.append(("unexpected", _pairs(others)))
        return found


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{country} {event}" for country, event in pairs)
