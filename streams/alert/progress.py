"""How far stage 2 has come on one assessments partition, kept in the table beside the incidents. Pure values.

Offsets are committed a little after the work (streams.settings: commit_interval), so after a death the last records
come again. Judged once more, against what they themselves and their successors left in the table, some would speak
twice: evidence that a later record took back, or an incident that a tick ended meanwhile. So the table says up to
where it holds everything, and what comes again from before that passes by.
"""

from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from streams.alert.clock import Clock

__all__ = ["Progress", "decode", "encode"]


@dataclass(frozen=True, slots=True)
class Progress:
    """The last record that the table holds everything of, the newest Kafka timestamp (ms) up to it, and the clock."""

    offset: int = -1
    newest: int = -1
    clock: Clock = field(default_factory=Clock)

    def covers(self, offset: int, timestamp: int) -> bool:
        """Whether the record at `offset` (Kafka timestamp in ms) comes again.

        Offsets alone do not say it: those of a topic that was made anew begin at nothing, but its records are newer.
        """
        return offset <= self.offset and timestamp <= self.newest

    def after(self, offset: int, timestamp: int, clock: Clock | None = None) -> "Progress":
        """The progress after that record, with the clock after it, if that is another."""
        return replace(self, offset=offset, newest=max(self.newest, timestamp), clock=clock or self.clock)


_ADAPTER = TypeAdapter(Progress)


def encode(progress: Progress) -> bytes:
    """JSON for the table."""
    return _ADAPTER.dump_json(progress)


def decode(value: bytes) -> Progress:
    """The progress in `value`. Raises ValueError."""
    return _ADAPTER.validate_json(value)
