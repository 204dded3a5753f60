"""Dates of every form that crawlers write, and none that they do not say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.dates import parse, read

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)

STATED = [
    ("2026-11-20 23:30:00", "2026-11-20T23:30:00", "second", False),
    ("2026-11-20T23:30:00", "2026-11-20T23:30:00", "second", False),
    ("2026-11-20T00:00:00", "2026-11-20T00:00:00", "day", False),
    ("2026-11-20 00:00:00", "2026-11-20T00:00:00", "day", False),
    ("2026-11-20T00:00:00Z", "2026-11-20T00:00:00", "second", True),
    ("2026-11-20", "2026-11-20T00:00:00", "day", False),
    ("2026-11-20T12:30Z", "2026-11-20T12:30:00", "minute", True),
    ("2026-11-20T23:30:00.123456789Z", "2026-11-20T23:30:00", "second", True),
    ("2026-11-20 23:30:00+05:30", "2026-11-20T18:00:00", "second", True),
    ("2026-11-20T23:30:00+02:00[Europe/Kyiv]", "2026-11-20T21:30:00", "second", True),
    ("2026-11-20T10:00:00-00:00", "2026-11-20T10:00:00", "second", False),
    ("2026/11/20 10:00", "2026-11-20T10:00:00", "minute", False),
    ("2026-11-20 5:30 PM", "2026-11-20T17:30:00", "minute", False),
    ("Fri, 20 Nov 2026 23:30:00 +0530", "2026-11-20T18:00:00", "second", True),
    ("Fri, 20 Nov 2026 12:00:00 EST", "2026-11-20T17:00:00", "second", True),
    ("Fri, 20 Nov 2026 12:00:00 GMT+0100", "2026-11-20T11:00:00", "second", True),
    ("Fri, 20 Nov 2026 12:00:00 IST", "2026-11-20T12:00:00", "second", False),
    ("Fri, 20 Nov 26 12:00:00 GMT", "2026-11-20T12:00:00", "second", True),
    ("20 Nov 2026", "2026-11-20T00:00:00", "day", False),
    ("Nov 20, 2026 5:30 pm EST", "2026-11-20T22:30:00", "minute", True),
    ("November 20th, 2026 at 5 p.m.", "2026-11-20T17:00:00", "hour", False),
    ("Friday, February 27, 2026 - 12:38", "2026-02-27T12:38:00", "minute", False),
    ("Fri Nov 20 23:30:00 UTC 2026", "2026-11-20T23:30:00", "second", True),
    ("Fri Nov 20 2026 23:30:00 GMT+0530 (India Standard Time)", "2026-11-20T18:00:00", "second", True),
    (1790000000, "2026-09-21T14:13:20", "second", True),
    ("1790000000", "2026-09-21T14:13:20", "second", True),
    (1790000000.5, "2026-09-21T14:13:20", "second", True),
    (1790000000123, "2026-09-21T14:13:20", "second", True),
    (1790000000123456, "2026-09-21T14:13:20", "second", True),
    ("20230918T031500Z", "2023-09-18T03:15:00", "second", True),
    ("20230918031500", "2023-09-18T03:15:00", "second", False),
    (20230918031500, "2023-09-18T03:15:00", "second", False),
    (20230918, "2023-09-18T00:00:00", "day", False),
    ([2026, 11, 20, 18, 0, 0, 4, 324, 0], "2026-11-20T18:00:00", "second", True),
    ([2026, 11, 20], "2026-11-20T00:00:00", "day", False),
    ({"$date": "2026-11-20T10:00:00Z"}, "2026-11-20T10:00:00", "second", True),
    ("20.11.2026, 12:38 Uhr", "2026-11-20T12:38:00", "minute", False),
    ("11/20/2026", "2026-11-20T00:00:00", "day", False),
    ("20/11/2026", "2026-11-20T00:00:00", "day", False),
    ("20. November 2026 12:38", "2026-11-20T12:38:00", "minute", False),
    ("Montag, 2. März 2026", "2026-03-02T00:00:00", "day", False),
    ("20 novembre 2026 à 12h38", "2026-11-20T12:38:00", "minute", False),
    ("20 de noviembre de 2026", "2026-11-20T00:00:00", "day", False),
    ("20 ноября 2026, 12:38", "2026-11-20T12:38:00", "minute", False),
    ("20 листопада 2026", "2026-11-20T00:00:00", "day", False),
    ("20 نوفمبر 2026", "2026-11-20T00:00:00", "day", False),
    ("2026年11月20日 12:38", "2026-11-20T12:38:00", "minute", False),
]


@pytest.mark.parametrize(("value", "at", "precision", "zone_known"), STATED, ids=lambda value: str(value)[:40])
def test_stated_dates(value: object, at: str, precision: str, zone_known: bool) -> None:
    moment = parse(value, received=RECEIVED)
    assert moment is not None
    assert (moment.at.isoformat(), moment.precision, moment.zone_known) == (f"{at}+00:00", precision, zone_known)


@pytest.mark.parametrize(
    "value",
    [
        None, "", " ", "None", "now", "today", "yesterday", "gestern", "2 hours ago", "vor 3 Tagen", "hace 2 días",
        "12:38", "November 2026", "20 November", "Freitag 12:38", "März 2026", "5", 5, True, [], {}, [2026], ["a"] * 9,
        "05/06/2026", "2026-13-45", "2026-02-30", "2026-11-20T25:00:00Z", "2026-11-20T10:00:00+99:00",
        "0000-00-00 00:00:00", "2026-W47-5", "x" * 5_000, "9" * 400, float("nan"), float("inf"), 10**30,
        "2026-11-20 " * 20, {"$date": {"$date": "2026-11-20"}},
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_states_no_date_gives_none(value: object) -> None:
    assert parse(value, received=RECEIVED) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2026-11-24T00:59:59Z", None),
        ("2026-11-24T01:00:01Z", "future"),
        ("2027-01-01", "future"),
        ("1970-01-01T00:00:00Z", "too_old"),
        ("1980-01-01", "too_old"),
        ("1980-01-02T00:00:01Z", None),
        ("soon", "unreadable"),
    ],
)
def test_what_can_not_be_believed_is_named(value: str, why: str | None) -> None:
    moment, reason = read(value, received=RECEIVED)
    assert reason == why
    assert (moment is None) == (why is not None)


@given(st.one_of(st.text(max_size=80), st.integers(), st.floats(), st.lists(st.integers(), max_size=10)))
def test_any_value_gives_a_moment_in_bounds_or_none(value: object) -> None:
    moment = parse(value, received=RECEIVED)
    if moment is not None:
        assert moment.at.tzinfo is UTC
        assert datetime(1980, 1, 2, tzinfo=UTC) <= moment.at <= datetime(2026, 11, 24, 1, tzinfo=UTC)


@given(
    st.text(alphabet="0123456789-:T+Z .,/JanFebMrAyugSpOctNovDec", max_size=64),
    st.datetimes(datetime(2027, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
)
def test_a_date_does_not_depend_on_when_it_is_read(text: str, later: datetime) -> None:
    moment = parse(text, received=RECEIVED)
    if moment is not None:
        assert parse(text, received=later) == moment


@given(st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC)))
def test_iso_and_epoch_agree(when: datetime) -> None:
    when = when.replace(microsecond=0)
    seconds = int(when.timestamp())
    moments = [parse(value, received=RECEIVED) for value in (when.isoformat(), seconds * 1000 if seconds >= 10**9 else
                                                             seconds)]  # fmt: skip
    assert [moment.at if moment else None for moment in moments] == [when, when]
