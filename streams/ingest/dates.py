"""Every way in which crawlers write a date, read in a fixed order, and never guessed.

Guarantees: pure and bounded (64 characters); nothing comes from the clock but the check against the future. Refuses
relative expressions ("2 hours ago"), dates with a part missing, day and month that could be either, dates later than
an hour after the record was received and dates before 1980, which are defaults of somebody's software.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

from streams.ingest.article import Moment, Precision
from streams.ingest.monthnames import read_localised
from streams.ingest.zones import offset_of

__all__ = ["Why", "parse", "read"]

Why = Literal["unreadable", "future", "too_old"]
_LONGEST = 64
_AHEAD = timedelta(hours=1)
"""Clocks of crawlers run ahead by minutes; what is dated later than this states something else."""
_EARLIEST = datetime(1980, 1, 2, tzinfo=UTC)
"""Unix time 0 and the DOS epoch (1 January 1980) are what broken software writes."""

_ISO = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:[Tt\s,]\s*(.*))?"
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)?(?:\.\d{1,9})?\s*(.*))?")
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[,\s]\s*(?:at\s+|-\s*)?(.*))?")
_EPOCH = re.compile(r"(\d{9,10}|\d{13}|\d{16}|\d{19})(?:\.\d{1,9})?")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_MONTH = (
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday|s|rs|r)?\.?\s*,?\s*)?"
_REST = r"(?:[\s,]\s*(?:at\s|-\s|\|\s|·\s|–\s|—\s)?\s*(.*))?"
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[\s-]\s*{_MONTH}[\s,-]\s*(\d{{4}}|\d\d){_REST}", re.I
)
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?[\s,]\s*(\d{{4}}){_REST}", re.I)
_ASCTIME = re.compile(rf"{_WEEKDAY}{_MONTH}\s+(\d{{1,2}})\s+(\d{{1,2}}:\d\d(?::\d\d)?)\s+(?:(\S+)\s+)?(\d{{4}})", re.I)
_CLOCK = re.compile(
    r"(\d{1,2})(?:[:.h](\d\d)(?:[:.](\d\d)(?:[.,]\d{1,9})?)?)?\s*(am|pm|a\.m\.|p\.m\.)?(?:(?<=\d)h)?[\s,]*(.*)", re.I
)
_COMMENT = re.compile(r"(?:\([^()]*\)|\[[^\[\]]*\])$")


def parse(value: object, *, received: datetime) -> Moment | None:
    """The moment that `value` states, or None. `received` is aware: when the record reached us."""
    return read(value, received=received)[0]


def read(value: object, *, received: datetime) -> tuple[Moment | None, Why | None]:
    """Like `parse`, with the reason where there is no moment. Either may be None, never both, never neither."""
    try:
        moment = _any(value)
    except (ValueError, OverflowError):  # a month 13, an hour 25, a year 0
        moment = None
    if moment is None:
        return None, "unreadable"
    if moment.at > received + _AHEAD:
        return None, "future"
    if moment.at < _EARLIEST:
        return None, "too_old"
    return moment, None


def _any(value: object) -> Moment | None:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return _text(str(value)) if abs(value) < 10**20 else None
    if isinstance(value, float):
        return _text(f"{value:.6f}") if abs(value) < 1e20 else None
    if isinstance(value, Mapping):  # extended JSON of MongoDB, expanded JSON-LD
        inner = value.get("$date", value.get("@value"))
        return None if isinstance(inner, Mapping | list) else _any(inner)
    return _array(value) if isinstance(value, Sequence) else None


def _array(value: Sequence[object]) -> Moment | None:
    """`time.struct_time` as JSON (nine numbers, in UTC as feedparser makes it), or a Java date (3 to 7, no zone)."""
    if not 3 <= len(value) <= 9 or len(value) == 8:
        return None
    numbers = [part for part in value[:6] if isinstance(part, int) and not isinstance(part, bool)]
    if len(numbers) != min(len(value), 6):
        return None
    if len(numbers) < 6:
        numbers += [0] * (6 - len(numbers))
    year, month, day, hour, minute, second = numbers
    precision: Precision = "day" if len(value) == 3 else "minute" if len(value) == 5 else "second"
    at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    return Moment(at, precision, len(value) == 9)


def _text(text: str) -> Moment | None:
    if len(text) > 4 * _LONGEST:
        return None
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        return None
    text = _COMMENT.sub("", text).strip()
    # ORDER: epochs have 9, 10, 13, 16 or 19 digits, compact dates 8, 12 or 14; a fraction must not blur the two.
    if match := _EPOCH.fullmatch(text):
        digits = match[1]
        scale = {13: 3, 16: 6, 19: 9}.get(len(digits), 0)
        return Moment(datetime.fromtimestamp(int(digits) // 10**scale, UTC), "second", True)
    if match := _ISO.fullmatch(text):
        year, _, month, day, clock = match.groups()
        return _with_clock(int(year), int(month), int(day), clock)
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = match.groups()
        return _build(int(year), int(month), int(day), hour, minute, second, zone)
    if match := _NUMERIC.fullmatch(text):
        return _numeric(match)
    if match := _ASCTIME.fullmatch(text):
        month, day, clock, zone, year = match.groups()
        return _with_clock(int(year), _MONTHS[month.lower()], int(day), f"{clock} {zone or ''}")
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year, clock = match.groups()
        return _with_clock(_full_year(year), _MONTHS[month.lower()], int(day), clock)
    if match := _MONTH_FIRST.fullmatch(text):
        month, day, year, clock = match.groups()
        return _with_clock(int(year), _MONTHS[month.lower()], int(day), clock)
    return _localised(text)


def _full_year(year: str) -> int:
    """Two digits as RFC 2822 (4.3) reads them."""
    return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)


def _numeric(match: re.Match[str]) -> Moment | None:
    """`20.11.2026` is day first by custom; with other signs only an order that can't be the other way is read."""
    first, sign, second, year, clock = match.groups()
    day, month = int(first), int(second)
    if sign != "." and day <= 12 and month <= 12 and day != month:
        return None
    if month > 12:
        day, month = month, day
    return _with_clock(int(year), month, day, clock)


def _with_clock(year: int, month: int, day: int, clock: str | None) -> Moment | None:
    if not clock or not clock.strip():
        return _build(year, month, day, None, None, None, None)
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        return None
    hour, minute, second, half, zone = match.groups()
    if minute is None and half is None:
        return None
    if half:
        hours = int(hour)
        if not 1 <= hours <= 12:
            return None
        hour = str(hours % 12 + (12 if half[0] in "pP" else 0))
    return _build(year, month, day, hour, minute, second, zone)


def _build(
    year: int, month: int, day: int, hour: str | None, minute: str | None, second: str | None, zone: str | None
) -> Moment | None:
    """A moment from parts. A zone that is no zone makes the whole unreadable; an ambiguous one is unknown."""
    if hour is None:
        when = date(year, month, day)
        return Moment(datetime(when.year, when.month, when.day, tzinfo=UTC), "day", False)
    precision: Precision = "second" if second else "minute" if minute else "hour"
    plain = datetime(year, month, day, int(hour), int(minute or 0), min(int(second or 0), 59))  # noqa: DTZ001
    zone = (zone or "").strip()
    if not zone:
        # WHY: crawlers that drop the zone also write midnight where they found a date and no time.
        at_midnight = plain.hour == plain.minute == plain.second == 0
        return Moment(plain.replace(tzinfo=UTC), "day" if at_midnight else precision, False)
    known, offset = offset_of(zone)
    if not known:
        return None
    if offset is None:
        return Moment(plain.replace(tzinfo=UTC), precision, False)
    return Moment(plain.replace(tzinfo=timezone(offset)).astimezone(UTC), precision, True)


def _localised(text: str) -> Moment | None:
    found = read_localised(text)
    if found is None:
        return None
    if found.tzinfo is not None:
        return Moment(found.astimezone(UTC), "minute", True)
    at_midnight = found.hour == found.minute == found.second == 0
    return Moment(found.replace(tzinfo=UTC), "day" if at_midnight else "minute", False)
