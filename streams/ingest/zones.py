"""What the end of a date says about its zone: an offset, an abbreviation, or nothing that can be relied on.

Guarantees: pure; offsets within the 14 hours that zones use. Refuses to choose between the zones that share an
abbreviation (IST, AST, CST of Asia): those count as unknown.
"""

import re
from datetime import timedelta

__all__ = ["offset_of"]

_OFFSET = re.compile(r"(?:GMT|UTC|UT|Z)?\s*([+\-−])(\d{1,2})(?::?(\d\d))?", re.IGNORECASE)
_MOST = 14 * 60
_MINUTES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0,
    "BST": 60, "WEST": 60, "CET": 60, "MET": 60, "WAT": 60,
    "CEST": 120, "MEST": 120, "EET": 120, "SAST": 120, "CAT": 120,
    "EEST": 180, "MSK": 180, "EAT": 180, "TRT": 180, "IDT": 180,
    "GST": 240, "PKT": 300, "WIB": 420, "HKT": 480, "SGT": 480, "PHT": 480, "AWST": 480,
    "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "EDT": -240, "EST": -300, "CDT": -300, "CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480,
    "AKST": -540, "HST": -600,
}  # fmt: skip
"""RFC 2822 (4.3) for the American ones, tz database for the others."""
_LONGEST_NAME = 5
"""Letters of the longest abbreviation. One that is not in the table ("IST", "Uhr") is a zone that we don't know."""


def offset_of(zone: str) -> tuple[bool, timedelta | None]:
    """(readable, offset from UTC). An offset of None: a zone that we don't know, or `-00:00` (RFC 3339, 4.3)."""
    name = zone.strip().upper()
    if name in _MINUTES:
        return True, timedelta(minutes=_MINUTES[name])
    match = _OFFSET.fullmatch(name)
    if match is None:
        return name.isalpha() and len(name) <= _LONGEST_NAME, None
    sign, hours, minutes = match.groups()
    total = int(hours) * 60 + int(minutes or 0)
    if total > _MOST or int(minutes or 0) > 59:
        return False, None
    if sign != "+":
        if total == 0:
            return True, None
        total = -total
    return True, timedelta(minutes=total)
