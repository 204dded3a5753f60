"""What became of everything: input, outcomes, dead letters, alerts and committed offsets, compared as sets."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from aiokafka import TopicPartition

from models import Classifier
from streams.alert.policy import decide
from streams.alert.rules import load
from streams.assess.places import Gazetteer
from streams.assess.work import Reader
from streams.kafka import clients, ledger, topics
from streams.kafka.deadletters import dlq_name
from streams.kafka.letters import Letter
from streams.kafka.records import Delivery
from streams.settings import Settings
from tests.kafka.tools import read_all

if TYPE_CHECKING:
    from tests.kafka.calm import Mark

__all__ = ["Books", "Verdict", "books", "expected_alerts", "judge"]

Unsure = Mapping[int, Sequence[tuple[int, int]]]
_GROUPS = {"tocsin-assess": "articles", "tocsin-alert": "assessments"}


def expected_alerts(
    settings: Settings, records: Sequence[Any], unsure: Unsure | None = None
) -> tuple[list[set[str]], set[str]]:
    """For each country that these records of the articles topic surely speak of, the ids of which its first alert has
    one; and all ids that a first alert may have.

    It is the first record's, by the pure functions; where that may have been deleted unread (its offset lies in a run
    of `unsure`, by partition), or the next one's, and so on. Records of one country lie in one partition.
    """
    reader, rules = Reader(settings, Classifier.load(threads=1), Gazetteer.load()), load()
    found: dict[tuple[str, str], set[str]] = {}
    certain: set[str] = set()
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        if b"urged all its citizens" not in record.value:
            continue
        title = json.loads(record.value)["title"]
        if title in certain:
            continue
        if not is_unsure(record.partition, record.offset, unsure or {}):
            certain.add(title)
        tp = ledger.TopicPartition("articles", record.partition)
        delivery = Delivery(tp, record.offset, record.timestamp, None, record.value, (), 0, None)
        work = reader.read(delivery)
        for assessment in reader.conclude(work, reader.score([work])[0]).assessments:
            for event in assessment.scores:
                message = decide(None, assessment, event, rules, partition=0).message
                if message is not None:
                    found.setdefault((title, event), set()).add(message.alert_id)
    due = [ids for (title, _), ids in sorted(found.items()) if title in certain]
    return due, set().union(*found.values())


def is_unsure(partition: int, offset: int, unsure: Unsure) -> bool:
    """Whether the offset lies in a run that was deleted while it may not have been read."""
    return any(first <= offset < end for first, end in unsure.get(partition, ()))


@dataclass
class Books:
    """Everything that is on the topics now."""

    articles: list[Any]
    outcomes: dict[tuple[int, int], list[str]]
    """Outcomes by (partition, offset) of the article, as often as they were written."""
    letters: Counter[tuple[int, int]]
    """Dead letters by (partition, offset) of their record."""
    assessed: set[tuple[int, int]]
    """(partition, offset) of the articles that assessments name."""
    refused: list[str]
    """Dead letters of assessments, as a person reads them."""
    alerts: Counter[str]
    """All messages, by id."""
    first_alerts: set[str]
    """Ids of those that are no update."""
    ends: dict[str, dict[int, int]]
    """By consumer group and partition: the offset after the last record that it is to read."""
    committed: dict[str, dict[int, int]]

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Articles on the topic without an outcome."""
        return sorted({(record.partition, record.offset) for record in self.articles} - self.outcomes.keys())

    @property
    def behind(self) -> dict[str, dict[int, int]]:
        """By group and partition: how far the committed offset is behind the last record. Only what is behind."""
        found: dict[str, dict[int, int]] = {}
        for group, ends in self.ends.items():
            for partition, end in ends.items():
                done = self.committed[group].get(partition, 0)
                if done < end:
                    found.setdefault(group, {})[partition] = end - done
        return found

    @property
    def repeated(self) -> int:
        """How often an article was worked on again."""
        return sum(len(entries) - 1 for entries in self.outcomes.values())

    @property
    def repeated_alerts(self) -> int:
        """How many messages came with an id that had come before."""
        return sum(self.alerts.values()) - len(self.alerts)

    @property
    def left(self) -> int:
        """How much is still to be done, in records."""
        return len(self.missing) + sum(sum(late.values()) for late in self.behind.values())


async def books(settings: Settings) -> Books:
    """Read it all, from the beginning. Raises KafkaError, BrokerError."""
    topic, assessments = settings.articles_topics[0], settings.assessments_topic
    articles = await read_all(settings, topic)
    outcomes: dict[tuple[int, int], list[str]] = {}
    assert settings.audit_topic is not None
    for record in await read_all(settings, settings.audit_topic):
        entry = json.loads(record.value)
        outcomes.setdefault((entry["partition"], entry["offset"]), []).append(entry["outcome"])
    letters = Counter(
        (int(headers["dlq.partition"]), int(headers["dlq.offset"]))
        for record in await read_all(settings, dlq_name(topic))
        for headers in [dict(record.headers)]
    )
    messages = [json.loads(record.value) for record in await read_all(settings, settings.alerts_topic)]
    between = await read_all(settings, assessments)
    inputs = [json.loads(record.value).get("input") for record in between]
    return Books(
        articles=articles,
        outcomes=outcomes,
        letters=letters,
        assessed={(place["partition"], place["offset"]) for place in inputs if place},
        refused=[_told(Letter.of(record)) for record in await read_all(settings, dlq_name(assessments))],
        alerts=Counter(message["alert_id"] for message in messages),
        first_alerts={message["alert_id"] for message in messages if message["msg_type"] == "Alert"},
        ends={"tocsin-assess": _after_the_last(articles), "tocsin-alert": _after_the_last(between)},
        committed=await _committed(settings),
    )


def _told(letter: Letter) -> str:
    origin = f"{letter.origin_topic}[{letter.origin_partition}]@{letter.origin_offset}"
    return f"{origin} {letter.reason}: {letter.error}; {len(letter.value or b'')} bytes {(letter.value or b'')[:300]!r}"


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
    marks: list["Mark"] = field(default_factory=list)
    """What single faults cost (tests.kafka.calm), where they were made one at a time."""

    def count(self, what: str, words: str, found: Iterable[object]) -> None:
        """Add what was found to `lost`, `wrong`, `stuck` or `odd_exits`, with a note that shows some of it."""
        some = list(found)
        if some:
            setattr(self, what, getattr(self, what) + len(some))
            self.notes.append(f"{what}: {len(some)} {words}: {some[:10]}")

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


def judge(found: Books, settings: Settings, deleted: Sequence[Any] = (), unsure: Unsure | None = None) -> Verdict:
    """Compare what went in with what came out; exits of workers are the caller's business.

    `deleted` are records that were on the topic once; those in a run of `unsure` need not have been read.
    """
    unsure = unsure or {}
    there = {(r.partition, r.offset): r for r in (*deleted, *found.articles)}
    due = {place: r for place, r in there.items() if not is_unsure(*place, unsure)}
    verdict = Verdict(records=len(there), alerts=len(found.alerts))
    verdict.repeated, verdict.alerts_repeated = found.repeated, found.repeated_alerts

    alarms = {place for place, r in due.items() if b"urged all its citizens" in r.value}
    rubbish = {place for place, r in due.items() if r.value.startswith(b"{rubbish")}
    expected, explained = expected_alerts(settings, list(there.values()), unsure)
    verdict.count("lost", "articles without an outcome", due.keys() - found.outcomes.keys())
    verdict.count("lost", "alarming articles without an assessment", alarms - found.assessed)
    verdict.count("lost", "alerts that did not come", [one for one in expected if not one & found.first_alerts])
    verdict.count("lost", "rubbish without a dead letter", rubbish - found.letters.keys())
    verdict.count("wrong", "good articles among the dead letters", (due.keys() - rubbish) & found.letters.keys())
    verdict.count("wrong", "alerts that nothing explains", found.first_alerts - explained)
    verdict.count("wrong", "dead letters of assessments", found.refused)
    behind = [(group, late) for group, lates in found.behind.items() for late in lates.items()]
    verdict.count("stuck", "committed offsets behind (partition, records)", behind)
    return verdict
