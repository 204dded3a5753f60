"""The policy file: the shipped one holds, and a wrong one is refused by name."""

from importlib.resources import files
from pathlib import Path

import pytest

from models.labels import SIGNALS
from streams.alert.rules import load, raised, rank
from streams.errors import SettingsError
from streams.observe.vocabulary import SEVERITIES

SHIPPED = files("streams.alert").joinpath("policy.toml").read_text(encoding="utf-8")


def test_the_shipped_policy_has_a_row_for_every_signal(tmp_path: Path) -> None:
    rules = load()
    assert set(rules.signals) == set(SIGNALS)
    path = tmp_path / "own.toml"
    path.write_text(SHIPPED)
    assert load(path) == rules
    assert rules.incident.lifetime_ms == 36 * 3_600_000
    assert rules.incident.cooldown_ms == 30 * 60_000


def without_row(name: str) -> str:
    head, _, tail = SHIPPED.partition(f"[signals.{name}]")
    return head + tail[tail.index("[signals.") :]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (without_row("coup"), "missing coup"),
        (SHIPPED.replace("[signals.coup]", "[signals.riot]"), "missing coup"),
        (SHIPPED + SHIPPED[SHIPPED.index("[signals.threat]") :].split("\n\n")[0].replace("threat]", "riot]"), "riot"),
        (SHIPPED.replace("[incident]", "[incident]\nzebra = 1"), "incident.zebra"),
        ("zebra = 1\n" + SHIPPED, "zebra"),
        (SHIPPED.replace("signal_score = 0.5", "signal_score = 1.5"), "incident.signal_score"),
        (SHIPPED.replace('severity = "Severe"', 'severity = "Awful"', 1), "severity"),
        (SHIPPED.replace("evacuation = 0.5", ""), "both events"),
        ("version = ", "is not TOML"),
        ("", "version"),
    ],
)
def test_a_wrong_policy_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_policy_and_one_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml can't be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"bad\.toml is not TOML"):
        load(tmp_path / "bad.toml")


def test_severities_are_ordered_and_rise_by_one() -> None:
    assert [rank(severity) for severity in SEVERITIES] == [4, 3, 2, 1, 0]
    assert (raised("Unknown"), raised("Moderate"), raised("Extreme")) == ("Minor", "Severe", "Extreme")
