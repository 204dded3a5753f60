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
    """The table holds everything of the records from offset `since` to `offset`; `newest` is the newest Kafka timestamp
    (ms) that we have seen, `clock` the partition's clock.
    """

    since: int = 0
    offset: int = -1
    newest: int = -1
    clock: Clock = field(default_factory=Clock)

    def covers(self, offset: int, timestamp: int) -> bool:
        """Whether the record at `offset` (Kafka timestamp in ms) comes again.

        Offsets alone do not say it: those of a topic that was made anew begin at nothing, but its records are newer.
        """
        return self.since <= offset <= self.offset and timestamp <= self.newest

    def after(self, offset: int, timestamp: int, clock: Clock | None = None) -> "Progress":
        """The progress after that record, with the clock after it, if that is another.

        What a jump passed over was not worked on, and may come yet: an operator can set a group forward and back.
        """
        since = self.since if offset == self.offset + 1 else offset
        newest = max(self.newest, timestamp)
        return replace(self, since=since, offset=offset, newest=newest, clock=clock or self.clock)

    def of_another_log(self) -> "Progress":
        """The progress on a topic that was made anew: nothing of it, but the clock goes on."""
        return Progress(clock=self.clock)


_ADAPTER = TypeAdapter(Progress)


def encode(progress: Progress) -> bytes:
    """JSON for the table."""
    return _ADAPTER.dump_json(progress)


def decode(value: bytes) -> Progress:
    """The progress in `value`. Raises ValueError."""
    return _ADAPTER.validate_json(value)
