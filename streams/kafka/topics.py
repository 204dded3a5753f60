"""The topics that Tocsin needs, as data; creating them; and looking at what is there."""

from dataclasses import dataclass
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.checks import ENVELOPE_BYTES
from streams.errors import BrokerError, TopicMissingError
from streams.kafka import clients
from streams.kafka.deadletters import dlq_name
from streams.settings import Settings

__all__ = ["TopicSpec", "check", "create", "existing", "specs"]

_HOUR_MS = 3_600_000
_TABLE = (
    ("cleanup.policy", "compact"),
    ("segment.ms", str(_HOUR_MS // 6)),
    ("min.cleanable.dirty.ratio", "0.1"),
    ("min.compaction.lag.ms", str(_HOUR_MS // 12)),
)
"""One key a partition is written with every record (streams.alert.progress), and the segment in use is never compacted:
with Kafka's week a start would read a week of them. For five minutes nothing is compacted at all: a newer state must
outlive a late write of an older one until the owner has written it again (streams.alert.fence)."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it should be. `why` is for a person."""

    name: str
    partitions: int
    replication: int
    config: tuple[tuple[str, str], ...]
    why: str


def specs(settings: Settings) -> tuple[TopicSpec, ...]:
    """Every topic of an installation. The changelog is compacted and has the partitions of `assessments`."""
    retention = ("retention.ms", str(int(settings.retention_hours * _HOUR_MS)))
    largest = settings.input_message_bytes
    dead = (retention, ("max.message.bytes", str(largest + ENVELOPE_BYTES)))

    def spec(name: str, why: str, *config: tuple[str, str], partitions: int | None = None) -> TopicSpec:
        return TopicSpec(name, partitions or settings.partitions, settings.replication, config, why)

    found = []
    for topic in settings.articles_topics:
        found.append(spec(topic, "articles from crawlers", retention, ("max.message.bytes", str(largest))))
        found.append(spec(dlq_name(topic), "articles that could not be used", *dead))
    found += [
        spec(settings.assessments_topic, "between the stages, by country", retention),
        spec(dlq_name(settings.assessments_topic), "assessments that could not be used", *dead),
        spec(settings.changelog_topic, "the incident table", *_TABLE),
        spec(settings.alerts_topic, "alerts, for bots", retention),
        spec(settings.feedback_topic, "what people say of alerts", retention),
        spec(dlq_name(settings.feedback_topic), "feedback that could not be used", *dead, partitions=1),
    ]
    if settings.audit_topic:
        found.append(spec(settings.audit_topic, "one outcome per article", retention))
    return tuple(found)


async def create(settings: Settings) -> dict[str, bool]:
    """Make the topics that are missing: name to whether it was made now. Raises BrokerError."""
    made = {}
    async with clients.admin(settings) as admin:
        for spec in specs(settings):
            new = NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=dict(spec.config))
            made[spec.name] = await _create(admin, new)
    return made


async def _create(admin: Any, new: Any) -> bool:
    try:
        response = await admin.create_topics([new])
        errors = [(code, rest[0] if rest else "") for _, code, *rest in response.topic_errors]
    except TopicAlreadyExistsError:
        return False
    except KafkaError as error:
        raise BrokerError(f"the topic {new.name} can't be made: {error}") from error
    for code, message in errors:
        if code:
            kind = for_code(code)
            if kind is TopicAlreadyExistsError:
                return False
            raise BrokerError(f"the topic {new.name} can't be made: {message or kind.__name__}")
    return True


async def existing(settings: Settings) -> dict[str, int]:
    """Name and number of partitions of every topic of ours that exists. Creates none. Raises BrokerError."""
    wanted = {spec.name for spec in specs(settings)}
    async with clients.admin(settings) as admin:
        # Listed first: asking the embedded broker about a topic would create it.
        names = sorted(wanted & set(await admin.list_topics()))
        found = await admin.describe_topics(names) if names else []
    return {topic["topic"]: len(topic["partitions"]) for topic in found}


def check(settings: Settings, found: dict[str, int]) -> None:
    """Raise TopicMissingError unless every topic that a worker needs is in `found` with agreeing partitions."""
    feedback = {settings.feedback_topic, dlq_name(settings.feedback_topic)}
    missing = [spec.name for spec in specs(settings) if spec.name not in found and spec.name not in feedback]
    if missing:
        raise TopicMissingError(f"missing topics: {', '.join(missing)}; run `tocsin topics create`")
    assessments, changelog = found[settings.assessments_topic], found[settings.changelog_topic]
    if assessments != changelog:
        raise TopicMissingError(
            f"{settings.assessments_topic} has {assessments} partitions, {settings.changelog_topic} has {changelog}:"
            " they must be equal. Stop all workers and make the changelog anew; open incidents then begin anew, too"
        )
