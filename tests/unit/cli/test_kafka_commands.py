"""Commands that talk to a broker, on the embedded one: topics, replay, tail, doctor."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.alert.record import encode
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.kafka.tools import environment, feed, read_all, settings_for
from tests.unit.cli.support import HOSTILE, command, make_alert

pytestmark = pytest.mark.embedded

RECORD = {"title": "Embassy tells citizens to leave Chad", "published_at": "2026-01-02T03:04:05Z"}


@pytest.fixture(scope="module")
def installation(embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(embedded_broker.servers, embedded=True, folder=tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def _settings(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(installation).items():
        if name.startswith("TOCSIN_"):
            monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def topics_made(installation: Settings) -> None:
    from streams.kafka import topics

    asyncio.run(topics.create(installation))


def test_topics_are_listed_as_missing_made_once_and_listed_again() -> None:
    # First in this file, before anything makes them.
    done = command("topics", "list")
    assert done.code == 0
    assert "articles\tmissing\t2" in done.out
    assert "tocsin topics create" in done.err
    assert command("worker", "--stages", "assess").code == 4
    tail = command("tail", "--limit", "1")
    assert (tail.code, tail.err.count("\n")) == (4, 1)
    first = command("topics", "create")
    assert first.code == 0
    assert all(line.startswith("made ") for line in first.out.splitlines())
    assert all(line.startswith("there ") for line in command("topics", "create").out.splitlines())
    found = [json.loads(line) for line in command("topics", "list", "--json").out.splitlines()]
    assert all(row["partitions"] == row["wanted"] for row in found)


@pytest.mark.usefixtures("topics_made")
def test_replay_sends_bytes_as_they_are_and_marks_them_as_exercise(tmp_path: Path, installation: Settings) -> None:
    file = tmp_path / "articles.jsonl"
    lines = [json.dumps(RECORD), '{"cut', '{ "title":  "Spaces kept" }']
    file.write_text("\n".join(lines), encoding="utf-8")
    done = command("replay", str(file), "--rate", "200/s")
    assert done.code == 0
    assert done.out == ""
    assert "older than 72 h" in done.err
    assert "3 of 3 records sent to articles as Exercise" in done.err
    found = asyncio.run(read_all(installation, "articles"))
    assert sorted(record.value.decode() for record in found) == sorted(lines)
    assert {(record.key, tuple(record.headers)) for record in found} == {(None, (("tocsin-status", b"Exercise"),))}


@pytest.mark.usefixtures("topics_made")
@pytest.mark.usefixtures("topics_made")
def test_replay_of_the_bundled_articles(installation: Settings) -> None:
    done = command("replay", "--bundled")
    assert done.code == 0, done.err
    assert "71 of 71 records sent to articles as Exercise" in done.err
    assert command("replay").code == 2
    assert command("replay", "--bundled", "more.jsonl").code == 2


def test_replay_under_the_articles_own_dates(tmp_path: Path, installation: Settings) -> None:
    file = tmp_path / "article.json"
    file.write_text(json.dumps({**RECORD, "title": "Under its own date"}), encoding="utf-8")
    done = command("replay", str(file), "--event-time", "--status", "test")
    assert done.code == 0
    assert "older" not in done.err
    (found,) = [item for item in asyncio.run(read_all(installation, "articles")) if b"own date" in item.value]
    assert found.timestamp == 1_767_323_045_000
    assert found.headers == (("tocsin-status", b"Test"),)


@pytest.mark.usefixtures("topics_made")
def test_replay_refuses_what_it_can_not_send(tmp_path: Path) -> None:
    file = tmp_path / "article.txt"
    file.write_text("x" * 3_000_000, encoding="utf-8")
    done = command("replay", str(file))
    assert done.code == 1
    assert "1 records are larger" in done.err
    file.write_text("A story", encoding="utf-8")
    missing = command("replay", str(file), "--topic", "nowhere")
    assert missing.code == 4
    assert "there is no topic nowhere" in missing.err
    assert command("replay", str(file), "--rate", "fast").code == 2
    assert command("replay", str(file), "--status", "Rumour").code == 2
    assert command("replay", str(tmp_path / "none")).code == 1
    assert command("replay").code == 2


@pytest.fixture(scope="module")
def alerts_there(topics_made: None, installation: Settings) -> None:
    made = [
        make_alert(alert_id="1" * 32, country="TD", severity="Severe"),
        make_alert(alert_id="1" * 32, country="TD", severity="Severe"),  # a repeat, as after a crash
        make_alert(alert_id="2" * 32, country="UA", severity="Moderate", event="escalation", headline=HOSTILE),
        make_alert(alert_id="3" * 32, country="HT", severity="Extreme"),
    ]
    values = [encode(alert) for alert in made[:3]] + [b"no alert", encode(made[3])]
    asyncio.run(feed(installation, "alerts", [(b"key", value, ()) for value in values]))


def tailed(*options: str, limit: int) -> list[str]:
    done = command("tail", "--from-beginning", "--json", "--limit", str(limit), *options)
    assert done.code == 0, done.err
    return [json.loads(line)["alert_id"][0] for line in done.out.splitlines()]


@pytest.mark.usefixtures("alerts_there")
def test_tail_shows_every_alert_once_and_tells_what_was_none() -> None:
    done = command("tail", "--from-beginning", "--limit", "3")
    assert done.code == 0
    assert "1 records were no alerts" in done.err
    assert all(line.isprintable() for line in done.out.split("\n"))
    heads = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in heads] == ["SEVERE", "MODERATE", "EXTREME"]


@pytest.mark.usefixtures("alerts_there")
def test_tail_filters() -> None:
    assert tailed(limit=3) == ["1", "2", "3"]
    assert tailed("--severity", "severe", limit=2) == ["1", "3"]
    assert tailed("--country", "ua", "--country", "HT", limit=2) == ["2", "3"]
    assert tailed("--event", "escalation", limit=1) == ["2"]


@pytest.mark.usefixtures("alerts_there")
def test_tail_shows_what_a_watch_list_lets_through(tmp_path: Path) -> None:
    watch = tmp_path / "watch.toml"
    watch.write_text("[[watch]]\ncountries = ['UA']\n")
    assert tailed("--watch", str(watch), limit=2) == ["2", "3"], "Ukraine, and what is Extreme"
    watch.write_text("[[watch]]\ncountry = 'UA'\n")
    assert command("tail", "--watch", str(watch)).code == 3


@pytest.mark.usefixtures("alerts_there")
def test_tail_follows_a_pipe_that_closes(installation: Settings) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "tail", "--from-beginning", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(installation),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"{")
    process.stdout.close()
    asyncio.run(feed(installation, "alerts", [(None, encode(make_alert(alert_id="9" * 32)), ())] * 3))
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.usefixtures("topics_made")
def test_doctor_finds_everything_in_order() -> None:
    done = command("doctor", "--json")
    found = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
    assert done.code == 0, done.out
    assert found["broker"]["verdict"] == found["advertised"]["verdict"] == found["topics"]["verdict"] == "ok"
    assert set(found) >= {"dead letters", "clock"}


def test_doctor_names_missing_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_ALERTS_TOPIC", "other-alerts")
    done = command("doctor", "--json")
    assert done.code == 1
    found = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
    assert found["topics"]["verdict"] == "failed"
    assert "other-alerts" in found["topics"]["detail"]
