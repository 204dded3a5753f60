"""Finding what commands ask for on our topics: alerts, feedback, the record at a place. Reads, and joins no group.

Guarantees: the topics as they are now, oldest first within a partition; what is no record of its kind is counted and
passed by. Refuses nothing on a topic.
"""

from contextlib import aclosing
from dataclasses import dataclass, field

from pydantic import ValidationError

from streams.alert.record import Alert, adapter
from streams.kafka.scan import partitions_of, record_at, to_the_ends
from streams.settings import Settings

__all__ = ["Found", "alerts", "value_at"]


@dataclass(slots=True)
class Found:
    """Alerts by id, and how many records were none."""

    by_id: dict[str, Alert] = field(default_factory=dict)
    strangers: int = 0

    def chain(self, alert: Alert) -> list[Alert]:
        """All messages about the incident of `alert`, in their order."""
        same = [one for one in self.by_id.values() if one.incident_id == alert.incident_id]
        return sorted(same, key=lambda one: one.sequence)


async def alerts(settings: Settings) -> Found:
    """Everything on the alerts topic. Raises TopicMissingError, BrokerError."""
    found = Found()
    parts = await partitions_of(settings, [settings.alerts_topic])
    async with aclosing(to_the_ends(settings, parts)) as records:
        async for record in records:
            try:
                alert = adapter.validate_json(record.value or b"")
            except ValidationError:
                found.strangers += 1
                continue
            found.by_id.setdefault(alert.alert_id, alert)
    return found


async def value_at(settings: Settings, topic: str, partition: int, offset: int) -> bytes | None:
    """The value of the record at this place; None if there is none any more. Raises TopicMissingError, BrokerError."""
    record = await record_at(settings, topic, partition, offset)
    return None if record is None or record.value is None else bytes(record.value)
