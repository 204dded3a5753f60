"""Watch lists: what passes, what waits, and what always passes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.bots.watch import EVERYTHING, WatchList, load
from streams.errors import SettingsError
from tests.unit.cli.support import make_alert

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
LIST = """
[[watch]]
countries = ["UA", "MD"]
severity = "Moderate"

[[watch]]
events = ["evacuation"]
severity = "Severe"

[[quiet]]
start = "23:00"
end = "07:00"
zone = "Europe/London"
severity = "Severe"

[[mute]]
countries = ["MD"]
until = 2026-03-03T00:00:00Z
"""


def made(tmp_path: Path, text: str = LIST) -> WatchList:
    file = tmp_path / "watch.toml"
    file.write_text(text)
    return load(file)


@pytest.mark.parametrize(
    ("alert", "now", "refusal"),
    [
        ({"country": "UA", "severity": "Moderate"}, NOON, None),
        ({"country": "UA", "severity": "Minor"}, NOON, "below_floor"),
        ({"country": "FR", "event": "escalation", "severity": "Severe"}, NOON, "not_watched"),
        ({"country": "FR", "event": "evacuation", "severity": "Severe"}, NOON, None),
        ({"country": "FR", "event": "evacuation", "severity": "Moderate"}, NOON, "below_floor"),
        ({"country": "UA", "severity": "Moderate"}, NIGHT, "quiet_hours"),
        ({"country": "UA", "severity": "Severe"}, NIGHT, None),
        ({"country": "MD", "severity": "Severe"}, NOON, "muted"),
        ({"country": "MD", "severity": "Severe"}, datetime(2026, 3, 3, 12, tzinfo=UTC), None),
        ({"country": "MD", "severity": "Extreme"}, NIGHT, None),
        ({"country": "FR", "event": "escalation", "severity": "Extreme"}, NIGHT, None),
    ],
)
def test_what_passes(tmp_path: Path, alert: dict[str, Any], now: datetime, refusal: str | None) -> None:
    assert made(tmp_path).refusal(make_alert(**alert), now) == refusal


def test_extreme_can_be_left_to_the_watched_but_is_never_muted(tmp_path: Path) -> None:
    listed = made(tmp_path, 'extreme = "watched"\n' + LIST)
    assert listed.refusal(make_alert(country="FR", event="escalation", severity="Extreme"), NOON) == "not_watched"
    assert listed.refusal(make_alert(country="MD", severity="Extreme"), NIGHT) is None


def test_quiet_hours_are_those_of_their_zone_and_may_lie_in_one_day(tmp_path: Path) -> None:
    text = '[[quiet]]\nstart = "12:00"\nend = "14:00"\nzone = "Asia/Tokyo"\n'
    listed = made(tmp_path, text)
    alert = make_alert(severity="Severe")
    assert listed.refusal(alert, datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) == "quiet_hours"
    assert listed.refusal(alert, datetime(2026, 3, 2, 5, 0, tzinfo=UTC)) is None
    assert listed.refusal(alert, NOON) is None


def test_without_a_list_everything_passes() -> None:
    assert EVERYTHING.refusal(make_alert(severity="Unknown"), NIGHT) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[watch]]\ncountry = 'UA'", "country"),
        ("[[watch]]\ncountries = ['Ukraine']", "countries"),
        ("[[watch]]\nseverity = 'Bad'", "severity"),
        ("[[quiet]]\nstart = '25:00'\nend = '07:00'\nzone = 'Europe/London'", "start"),
        ("[[quiet]]\nstart = '23:00'\nend = '07:00'\nzone = 'Atlantis'", "no time zone"),
        ("[[quiet]]\nstart = '23:00'\nend = '07:00'\nzone = '../../etc/passwd'", "no time zone"),
        ("[[mute]]\nuntil = 2026-03-03T00:00:00", "until"),
        ("watch = 3", "watch"),
        ("[[watch", "is not TOML"),
    ],
)
def test_a_wrong_list_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        made(tmp_path, text)
    assert "watch.toml" in str(caught.value)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml can't be read"):
        load(tmp_path / "none.toml")
