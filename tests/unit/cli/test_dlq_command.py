"""`tocsin dlq` on the embedded broker: letters are listed, shown and sent again, hostile ones included."""

import asyncio
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.kafka import topics
from streams.kafka.deadletters import MARK, dead_letter
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery
from streams.settings import Settings
from tests.kafka.tools import environment, feed, read_all, settings_for
from tests.unit.cli.support import HOSTILE, command

pytestmark = pytest.mark.embedded

ORIGINALS: list[tuple[Any, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]] = [
    ("undecodable", b"k1", b"\xff{cut", (("tocsin-status", b"Exercise"), ("twice", b"1"), ("twice", b"2"))),
    ("no_text", None, b'{"title": null}', ()),
    ("empty", b"k3", None, (("nothing", None),)),
    ("undecodable", b"k4", HOSTILE.encode(), ((HOSTILE, HOSTILE.encode()),)),
]


@pytest.fixture(scope="module")
def installation(embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_for(embedded_broker.servers, embedded=True, folder=tmp_path_factory.mktemp("data"))
    asyncio.run(topics.create(settings))
    letters = []
    for number, (reason, key, value, headers) in enumerate(ORIGINALS):
        delivery = Delivery(TopicPartition("articles", 1), number, 0, key, value, headers, 0, None)
        letter = dead_letter(delivery, reason, "assess", f"why {HOSTILE}")
        letters.append((letter.key, letter.value, letter.all_headers))
    asyncio.run(feed(settings, "articles.dlq", [*letters, (None, b"\x00no letter at all", ())]))
    return settings


@pytest.fixture(autouse=True)
def _settings(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(installation).items():
        if name.startswith("TOCSIN_"):
            monkeypatch.setenv(name, value)


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = command("dlq", "list", "--json", *arguments)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_all_are_listed_and_nothing_of_them_acts() -> None:
    done = command("dlq", "list")
    assert done.code == 0
    assert len(done.out.splitlines()) == len(ORIGINALS) + 1
    assert not set(done.out + done.err) & set("\x1b\x07\r\u202e")
    assert "5 dead letters: 2 undecodable" in done.err
    assert "1 no reason" in done.err
    (odd,) = [row for row in listed() if row["reason"] is None]
    assert odd["origin"] == "unknown"


def test_filters() -> None:
    assert {row["reason"] for row in listed("--reason", "undecodable", "--reason", "empty")} == {"undecodable", "empty"}
    assert len(listed("--stage", "assess")) == len(ORIGINALS)
    assert listed("--stage", "alert") == []
    assert len(listed("--limit", "2")) == 2
    assert listed("--since", "2100-01-01") == []
    assert len(listed("--until", "2100-01-01T00:00+02:00")) == len(ORIGINALS) + 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("list", "--reason", "bad"), 2, "none of"),
        (("list", "--stage", "x"), 2, "neither"),
        (("list", "--since", "noon"), 2, "no time like"),
        (("list", "--topic", "articles"), 1, "no dead-letter topic of this installation"),
        (("show", "articles.dlq"), 1, "no place like"),
        (("show", "articles.dlq[0]@99999"), 1, "no record at"),
        (("show", "articles.dlq[9]@0"), 1, "no record at"),
        (("show", "other.dlq[0]@0"), 4, "there is no topic"),
        (("replay",), 1, "say --all"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], code: int, says: str) -> None:
    done = command("dlq", *arguments)
    assert (done.code, done.out) == (code, "")
    assert says in " ".join(done.err.split()).replace("│ ", "")


def test_one_is_shown_whole_and_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    (place,) = [row["place"] for row in listed("--reason", "undecodable") if row["origin"] == "articles[1]@3"]
    done = command("dlq", "show", place)
    assert done.code == 0
    assert "reason: undecodable" in done.out
    assert "origin: articles[1]@3" in done.out
    assert "key: k4" in done.out
    assert "RED" in done.out
    assert not set(done.out) & set("\x1b\x07\r\u202e")
    raw = io.BytesIO()
    out = SimpleNamespace(buffer=raw, write=lambda _: None, flush=lambda: None)
    monkeypatch.setattr(sys, "stdout", out)
    from streams.cli.main import run

    assert run(["dlq", "show", place, "--raw"]) == 0
    assert raw.getvalue() == HOSTILE.encode()


@pytest.mark.requirement(4)
def test_a_dry_run_sends_nothing_and_a_replay_is_exact(installation: Settings, tmp_path: Path) -> None:
    done = command("dlq", "replay", "--reason", "undecodable", "--dry-run")
    assert done.code == 0
    assert len(done.out.splitlines()) == 2
    assert "2 dead letters would be sent again" in done.err
    assert asyncio.run(read_all(installation, "articles")) == []
    done = command("dlq", "replay", "--all", "--stage", "assess")
    assert (done.code, done.out) == (0, "")
    assert "4 dead letters were sent again" in done.err
    # Letters of two partitions meet in one: their order is kept within each, no more.
    sent = {dict(record.headers)[MARK].decode(): record for record in asyncio.run(read_all(installation, "articles"))}
    assert {record.partition for record in sent.values()} == {1}
    places = {row["origin"]: row["place"] for row in listed()}
    assert sent.keys() == {places[f"articles[1]@{number}"] for number in range(len(ORIGINALS))}
    for number, (_, key, value, headers) in enumerate(ORIGINALS):
        place = places[f"articles[1]@{number}"]
        record = sent[place]
        assert (record.key, record.value) == (key, value)
        assert tuple(record.headers) == (*headers, (MARK, place.encode()))
    assert len(listed()) == len(ORIGINALS) + 1, "the letters stay"
