"""What became of everything: input, outcomes, dead letters, alerts and committed offsets, compared as sets."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any, Self

from aiokafka import TopicPartition

from models import Classifier
from streams.alert.policy import decide
from streams.alert.rules import load
from streams.assess.places import Gazetteer
from streams.assess.work import Reader
from streams.kafka import clients, ledger, topics
from streams.kafka.deadletters import dlq_name
from streams.kafka.records import Delivery
from streams.settings import Settings
from tests.kafka.tools import read_all

__all__ = ["Books", "Verdict", "books", "expected_alerts"]

_GROUPS = {"tocsin-assess": "articles", "tocsin-alert": "assessments"}


def expected_alerts(settings: Settings, records: list[tuple[int, int, bytes]]) -> dict[str, int]:
    """Alerts, by id, that these records (partition, timestamp in ms, value) must lead to by the pure functions; the
    number of the record that leads to each.

    Only those that speak of a country are asked: all others are there to give no alert. Of two records of one country
    the first counts.
    """
    reader, rules = Reader(settings, Classifier.load(threads=1), Gazetteer.load()), load()
    found: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for number, (partition, timestamp, value) in enumerate(records):
        if b"urged all its citizens" not in value:
            continue
        delivery = Delivery(ledger.TopicPartition("articles", partition), 0, timestamp, None, value, (), 0, None)
        work = reader.read(delivery)
        for assessment in reader.conclude(work, reader.score([work])[0]).assessments:
            for event in assessment.scores:
                message = decide(None, assessment, event, rules, partition=0).message
                if message is not None and (assessment.country, event) not in seen:
                    seen.add((assessment.country, event))
                    found[message.alert_id] = number
    return found


@dataclass
class Books:
    """Everything that is on the topics now."""

    records: list[Any]
    outcomes: dict[tuple[int, int], list[str]]
    """Outcomes by (partition, offset) of the article, as often as they were written."""
    letters: Counter[tuple[int, int]]
    """Dead letters by (partition, offset) of their record."""
    alerts: Counter[str]
    ends: dict[str, dict[int, int]]
    """By consumer group and partition: the offset after the last record that it is to read."""
    committed: dict[str, dict[int, int]]

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Articles without an outcome."""
        return sorted({(record.partition, record.offset) for record in self.records} - self.outcomes.keys())

    @property
    def behind(self) -> dict[str, dict[int, int]]:
        """By group and partition: how far the committed offset is behind the last record. Only what is behind."""
        return {
            group: late
            for group, ends in self.ends.items()
            if (late := {part: end - done for part, end in ends.items() if (done := self._done(group, part)) < end})
        }

    def _done(self, group: str, partition: int) -> int:
        return self.committed[group].get(partition, 0)


async def books(settings: Settings) -> Books:
    """Read it all, from the beginning."""
    articles = await read_all(settings, settings.articles_topics[0])
    outcomes: dict[tuple[int, int], list[str]] = {}
    assert settings.audit_topic is not None
    for record in await read_all(settings, settings.audit_topic):
        entry = json.loads(record.value)
        outcomes.setdefault((entry["partition"], entry["offset"]), []).append(entry["outcome"])
    letters = Counter(
        (int(headers["dlq.partition"]), int(headers["dlq.offset"]))
        for record in await read_all(settings, dlq_name(settings.articles_topics[0]))
        for headers in [dict(record.headers)]
    )
    alerts = Counter(json.loads(record.value)["alert_id"] for record in await read_all(settings, settings.alerts_topic))
    assessments = await read_all(settings, settings.assessments_topic)
    ends = {
        "tocsin-assess": _after_the_last(articles),
        "tocsin-alert": _after_the_last(assessments),
    }
    return Books(articles, outcomes, letters, alerts, ends, await _committed(settings))


def _after_the_last(records: list[Any]) -> dict[int, int]:
    ends: dict[int, int] = {}
    for record in records:
        ends[record.partition] = max(ends.get(record.partition, 0), record.offset + 1)
    return ends


async def _committed(settings: Settings) -> dict[str, dict[int, int]]:
    counts = await topics.existing(settings)
    found = {}
    async with clients.admin(settings) as admin:
        for group, topic in _GROUPS.items():
            parts = [TopicPartition(topic, number) for number in range(counts[topic])]
            answer = await admin.list_consumer_group_offsets(group, partitions=parts)
            found[group] = {tp.partition: max(0, entry.offset) for tp, entry in answer.items()}
    return found


@dataclass
class Verdict:
    """The sums of one round or of several."""

    faults: int = 0
    records: int = 0
    """Articles on the topic."""
    lost: int = 0
    """Articles without an outcome, and expected alerts that are not there."""
    repeated: int = 0
    """Articles that were worked on again, once for each time more than one."""
    alerts: int = 0
    alerts_repeated: int = 0
    stuck: int = 0
    """Partitions that did not come to their end, and workers that did not end when told."""
    wrong: int = 0
    """Good articles that became dead letters, rubbish that did not, alerts that no article explains."""
    odd_exits: int = 0
    """Workers that ended with a code that is not documented for what was done to them."""
    notes: list[str] = field(default_factory=list)

    def __add__(self, other: Self) -> "Verdict":
        return Verdict(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    @property
    def clean(self) -> bool:
        return not (self.lost or self.stuck or self.wrong or self.odd_exits)

    def line(self) -> str:
        """The last line of a run."""
        return (
            f"faults {self.faults}, records {self.records}, lost {self.lost}, repeated {self.repeated},"
            f" stuck {self.stuck}, alerts {self.alerts}, alerts repeated {self.alerts_repeated},"
            f" wrong {self.wrong}, odd exits {self.odd_exits}"
        )


def judge(found: Books, settings: Settings) -> Verdict:
    """Compare what went in with what came out; exits of workers are the caller's business."""
    verdict = Verdict(records=len(found.records), alerts=len(found.alerts))
    if missing := found.missing:
        verdict.lost += len(missing)
        verdict.notes.append(f"articles without an outcome: {missing[:20]}")
    verdict.repeated = sum(len(entries) - 1 for entries in found.outcomes.values())
    verdict.alerts_repeated = sum(found.alerts.values()) - len(found.alerts)
    expected = expected_alerts(settings, [(r.partition, r.timestamp, r.value) for r in found.records])
    if gone := expected.keys() - found.alerts.keys():
        verdict.lost += len(gone)
        verdict.notes.append(f"alerts that did not come: {sorted(gone)[:5]}, of records {[expected[i] for i in gone]}")
    if foreign := found.alerts.keys() - expected.keys():
        verdict.wrong += len(foreign)
        verdict.notes.append(f"alerts that nothing explains: {sorted(foreign)[:5]}")
    rubbish = {(r.partition, r.offset) for r in found.records if r.value.startswith(b"{rubbish")}
    if mixed := rubbish ^ set(found.letters):
        verdict.wrong += len(mixed)
        verdict.notes.append(f"dead letters and rubbish differ: {sorted(mixed)[:20]}")
    if behind := found.behind:
        verdict.stuck += sum(len(late) for late in behind.values())
        verdict.notes.append(f"committed offsets behind: {behind}")
    return verdict
