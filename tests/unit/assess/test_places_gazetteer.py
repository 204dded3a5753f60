"""The dictionary itself: what it knows, what it refuses, what it costs."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.assess.places import locate
from streams.assess.places.tables import read_cues, read_rows
from tests.unit.assess.places_support import gazetteer, where

PLACES = {
    "UK": "GB",
    "U.K.": "GB",
    "U.S.": "US",
    "USA": "US",
    "DR Congo": "CD",
    "DRC": "CD",
    "Côte d'Ivoire": "CI",
    "Cote d’Ivoire": "CI",
    "Ivory Coast": "CI",
    "Gaza": "PS",
    "the West Bank": "PS",
    "Taiwan": "TW",
    "Kosovo": "XK",
    "Hong Kong": "HK",
    "Crimea": "UA",
    "the Donbas": "UA",
    "Tigray": "ET",
    "Darfur": "SD",
    "Donetsk": "UA",
    "Kharkiv": "UA",
    "Kharkov": "UA",
    "North Kivu": "CD",
    "Cabo Delgado": "MZ",
    "Rakhine state": "MM",
    "Sinai": "EG",
    "Kiev": "UA",
    "Kyiv": "UA",
    "Bombay": "IN",
    "Rangoon": "MM",
    "Burma": "MM",
    "Saigon": "VN",
    "Peking": "CN",
    "N'Djamena": "TD",
    "Papua New Guinea": "PG",
    "Equatorial Guinea": "GQ",
    "Guinea-Bissau": "GW",
    "Guinea": "GN",
    "Nigeria": "NG",
    "Niger": "NE",
    "South Sudan": "SS",
    "Sudan": "SD",
    "Dominica": "DM",
    "the Dominican Republic": "DO",
    "Mali": "ML",
    "Oman": "OM",
    "Cuba": "CU",
    "Northern Ireland": "GB",
    "Ireland": "IE",
    "New Mexico": "US",
    "Mexico": "MX",
    "Wales": "GB",
    "Türkiye": "TR",
    "Timor-Leste": "TL",
    "Trinidad & Tobago": "TT",
    "St. Vincent and the Grenadines": "VC",
    "North Korea": "KP",
    "Congo-Brazzaville": "CG",
    "the Golan Heights": "SY",
    "Somaliland": "SO",
    "Transnistria": "MD",
    "Nagorno-Karabakh": "AZ",
}
NO_PLACES = [
    "Kashmir",
    "the South China Sea",
    "the Gulf of Mexico",
    "May",
    "Reading",
    "Nice",
    "Mobile",
    "Bath",
    "Split",
    "Hope",
    "turkey",
]


@pytest.mark.parametrize(("name", "code"), PLACES.items())
def test_known_places(name: str, code: str) -> None:
    assert where(f"Heavy shelling was reported in {name} overnight.") == (code,)


@pytest.mark.parametrize("name", NO_PLACES)
def test_refused_places(name: str) -> None:
    assert where(f"Heavy shelling was reported in {name} overnight.") == ()


@pytest.mark.parametrize("name", ["The Kremlin", "The White House", "Downing Street", "The Pentagon"])
def test_metonyms_are_never_in_danger(name: str) -> None:
    assert where(f"{name} ordered the evacuation of the town.") == ()


def test_names_are_what_a_reader_says() -> None:
    text = "Shells fell on Kiev, on the Gaza Strip and on Cote d'Ivoire. Attack on Paris, Texas."
    found = locate(text, None, None, [("title", 0, 20), ("title", 61, len(text))], gazetteer())
    assert [[area.name for area in areas] for areas in found] == [["Kyiv"], ["Paris"]]
    assert found[1][0].country == "US"


def test_sure_beats_guessed() -> None:
    """Confidence is higher where the sentence says it than where the article has to."""
    text = "Rebels attacked Goma. They took the airport."
    said, guessed = locate(None, None, text, [("body", 0, 21), ("body", 22, 44)], gazetteer())
    assert said[0].country == guessed[0].country == "CD"
    assert said[0].confidence > guessed[0].confidence


def test_every_country_has_one_row_and_a_name() -> None:
    rows = list(read_rows("countries.tsv", 4))
    assert len({row[0] for row in rows}) == len(rows) >= 230
    assert all(
        entry.code in gazetteer().countries or entry.code == "XX" for row in gazetteer().names.values() for entry in row
    )


def test_a_broken_table_names_file_and_line() -> None:
    with pytest.raises(ValueError, match=r"countries\.tsv:4"):
        list(read_rows("countries.tsv", 3))


def test_cues_hold_regular_forms() -> None:
    cues = read_cues()
    assert {"invade", "invades", "invaded", "invading", "shelled", "quitting", "annexed"} <= cues["verb_danger"]


@pytest.mark.timing
def test_load_is_quick_and_small() -> None:
    """A fresh process: under 2 s on an idle core (doubled here, tests share cores) and under 180 MB at its peak."""
    script = (
        "import time, pathlib; from streams.assess.places import Gazetteer; t = time.process_time(); Gazetteer.load();"
        "print(time.process_time() - t); print(pathlib.Path('/proc/self/status').read_text())"
    )
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the peak of a process is read from /proc")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    seconds, *lines = done.stdout.splitlines()
    assert float(seconds) < 4.0
    # VmHWM, not ru_maxrss: the latter starts at the parent's peak.
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    assert peak / 1024 < 180


@pytest.mark.timing
def test_a_typical_article_is_quick() -> None:
    """3 KB and five spans: 5 ms on an idle core; the best of twenty keeps the neighbours' load out."""
    text = (
        "KHARTOUM, Sudan (AP) — Fighting spread across the Sudanese capital on Monday as foreign "
        "governments raced to fly out their diplomats. The US embassy told Americans to leave while "
        "France and Germany sent aircraft to Port Sudan. "
    ) * 14
    spans = [("body", start, start + 120) for start in range(0, 2500, 500)]
    best = float("inf")
    for _ in range(20):
        begin = time.thread_time()
        found = locate("Sudan: embassies empty", None, text, spans, gazetteer())  # type: ignore[arg-type]
        best = min(best, time.thread_time() - begin)
    assert {area.country for areas in found for area in areas} == {"SD"}
    assert best < 0.02
