"""The words for what a place does in its sentence; shared by those who find it out and those who weigh it."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from streams.assess.places.resolve import Place

__all__ = ["ACROSS", "Finding", "Part", "Role"]


class Role(Enum):
    """What a place does in its sentence, most telling first."""

    TARGET = "target"  # in danger
    PLAIN = "plain"
    PEOPLE = "people"  # an adjective with a noun that no table knows
    SUBJECT = "subject"  # does something that no table knows
    DATELINE = "dateline"
    AGENT = "agent"
    SPEAKER = "speaker"
    VENUE = "venue"
    DESTINATION = "destination"
    BELONGING = "belonging"  # citizens, embassies


ACROSS: Final = 2.4
Finding = tuple[Role, float]
"""A role and its strength. Of a TARGET: 4 object of the deed or of the advice, 3 where it happens, 2.5 by a coup at
home, `ACROSS` beyond a border; of all other roles 0."""


@dataclass(frozen=True, slots=True)
class Part:
    """A place with its finding. group: equal for places that the sentence puts side by side ("Lebanon and Syria")."""

    place: Place
    role: Role
    strength: float
    group: int
