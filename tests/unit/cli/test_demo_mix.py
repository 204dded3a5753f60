"""The bundled demo as a whole: incidents, reprints, corrections, traps and bad records."""

import json
import re
from importlib.resources import files
from urllib.parse import urlsplit

import pytest

from models.labels import EVENTS
from streams.ingest.article import Limits
from tests.unit.cli.demo_rows import BY_NAME, ROWS, SOUND, all_text, body, raw, shingles


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
