"""The fortnight through both stages in event time: what was expected of it, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from streams.alert.record import Alert
from streams.alert.rules import rank
from streams.backtest.feed import timed
from streams.ingest.article import Limits
from streams.settings import Settings
from tests.fortnight.news import END, Expected, backtest, expected, news

LATE = timedelta(hours=12)
"""An all-clear takes two outlets, or one and ten hours of silence."""
MOST_MESSAGES = 6


@dataclass(frozen=True, slots=True)
class Chain:
    """All messages of one incident."""

    alerts: tuple[Alert, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.alerts[0].country, self.alerts[0].event

    @property
    def begun(self) -> datetime:
        return datetime.fromisoformat(self.alerts[0].sent)

    @property
    def ended(self) -> datetime | None:
        last = self.alerts[-1]
        return datetime.fromisoformat(last.sent) if last.msg_type == "Cancel" else None

    @property
    def severity(self) -> str:
        return max((alert.severity for alert in self.alerts), key=rank)

    @property
    def regions(self) -> set[str]:
        return {word for alert in self.alerts for area in alert.areas for word in (area.name, area.admin1) if word}

    def __str__(self) -> str:
        first, last = self.alerts[0], self.alerts[-1]
        return (
            f"{first.country} {first.event} {first.sent[5:16]}-{last.sent[5:16]} {self.severity} {len(self.alerts)}"
            f" messages {last.msg_type} {last.reasons[0][:60]!r} first: {first.article.title!r} {first.article.url}"
        )


@pytest.fixture(scope="module")
def alerts() -> list[Alert]:
    run = backtest(Settings())()
    records = timed([(number, item.line) for number, item in enumerate(news(), 1)], Limits())
    found = list(run.run(records, int(END.timestamp() * 1000)))
    refused = [one for one in found if not isinstance(one, Alert)]
    assert refused == []
    return [one for one in found if isinstance(one, Alert)]


@pytest.fixture(scope="module")
def chains(alerts: list[Alert]) -> list[Chain]:
    by_id: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_id.setdefault(alert.incident_id, []).append(alert)
    return [Chain(tuple(chain)) for chain in by_id.values()]


def of(chains: Sequence[Chain], incident: Expected) -> list[Chain]:
    return [chain for chain in chains if chain.key == (incident.country, incident.event)]


def name(incident: Any) -> str:
    return f"{incident.country}-{incident.event}"


def test_it_is_a_fortnight_of_news() -> None:
    items = news()
    assert len(items) >= 400
    assert len({item.story for item in items}) == 20
    assert {"reprint", "correction", "opinion", "sport", "anniversary", "retraction", "allclear"} <= {
        item.kind for item in items
    }


@pytest.mark.parametrize("incident", expected(), ids=name)
def test_a_true_incident_is_alerted_within_two_articles(chains: list[Chain], incident: Expected) -> None:
    found = of(chains, incident)
    assert found, "no alert"
    assert incident.opens.at <= found[0].begun <= incident.second.at, str(found[0])


@pytest.mark.parametrize("incident", expected(), ids=name)
def test_a_true_incident_is_one_incident(chains: list[Chain], incident: Expected) -> None:
    assert len(of(chains, incident)) == 1, "\n".join(map(str, of(chains, incident)))


def false(chains: list[Chain]) -> list[Chain]:
    true = {(incident.country, incident.event) for incident in expected()}
    return [chain for chain in chains if chain.key not in true]


def test_what_is_no_news_never_alerts(chains: list[Chain]) -> None:
    """Sport, business, opinion, history, crime, drills, politics: nothing at all, on its own or together."""
    stories = {incident.story for incident in expected()}
    quiet = {item.value["url"] for item in news() if item.story not in stories}
    assert [str(chain) for chain in false(chains) if chain.alerts[0].article.url in quiet] == []


def test_nothing_else_alerts(chains: list[Chain]) -> None:
    assert [str(chain) for chain in false(chains)] == []


def test_no_incident_takes_more_than_six_messages(chains: list[Chain]) -> None:
    assert [str(chain) for chain in chains if len(chain.alerts) > MOST_MESSAGES] == []


@pytest.mark.parametrize("incident", expected(), ids=name)
def test_the_severity_is_one_that_an_analyst_accepts(chains: list[Chain], incident: Expected) -> None:
    assert {chain.severity for chain in of(chains, incident)} <= set(incident.severity)


@pytest.mark.parametrize("incident", expected(), ids=name)
def test_it_ends_when_it_should(chains: list[Chain], incident: Expected) -> None:
    ended = of(chains, incident)[-1].ended
    if incident.ends == "open":
        assert ended is None
        return
    assert ended is not None, "no Cancel"
    if incident.end is not None:
        assert incident.end.at <= ended <= incident.end.at + LATE


def test_chains_are_numbered_and_refer_to_what_came_before(chains: list[Chain]) -> None:
    for chain in chains:
        assert [alert.sequence for alert in chain.alerts] == list(range(len(chain.alerts)))
        assert chain.alerts[0].msg_type == "Alert"
        for before, after in zip(chain.alerts, chain.alerts[1:], strict=False):
            assert after.references == (before.alert_id,)
