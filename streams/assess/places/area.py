"""What the room hands out: an Area, the country (and place) that one evidence sentence is about.

Guarantees: every Area can be shown to a reader and sent to a bot as it is. Refuses a malformed country
code, which would end in a record key, and a confidence outside [0, 1].
"""

from dataclasses import dataclass

__all__ = ["Area"]

_CODE_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Area:
    """A place in danger.

    name: as a reader would say it, the country's or the town's or region's that the text names.
    country: ISO 3166-1 alpha-2, upper case; XK (user-assigned range) for Kosovo.
    admin1: ISO 3166-2 of the first-level division; None where the text names none that we know.
    source: how the place was found: "gazetteer" in the text, "publisher" where a local paper names none.
    confidence: in [0, 1], two decimals. Ordinal: higher means better supported by the text; no calibrated
    probability.
    """

    name: str
    country: str
    admin1: str | None
    source: str
    confidence: float

    def __post_init__(self) -> None:
        code = self.country
        if len(code) != _CODE_LENGTH or not (code.isascii() and code.isalpha() and code.isupper()):
            raise ValueError(f"country must be two capital letters, not {self.country!r}")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence must lie in [0, 1], not {self.confidence!r}")
