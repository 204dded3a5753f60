"""`tocsin validate`: what was understood, or why it would be a dead letter."""

import json
from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.unit.cli.support import HOSTILE, command

RECORD = {
    "title": "Embassy tells citizens to leave Chad",
    "maintext": "The embassy told its citizens to leave Chad now.\nShops were open as usual on Monday.",
    "date_publish": "2026-11-20 18:02:11",
    "source_domain": "a.example",
    "url": "https://a.example/leave?utm_source=x",
    "language": "en",
}


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "records"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_json_names_producer_aliases_repairs_and_ids(tmp_path: Path) -> None:
    done = command("validate", write(tmp_path, json.dumps(RECORD)), "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["dead_letter"] is None
    (article,) = found["articles"]
    assert article["source_format"] == "news-please"
    assert article["aliases"]["body"] == "maintext"
    assert article["aliases"]["published"] == "date_publish"
    assert article["published"] == {"at": "2026-11-20T18:02:11+00:00", "precision": "second", "zone_known": False}
    assert len(article["id"]) == 32
    assert article["language"]["code"] == "en"
    assert article["language"]["scored"] is True


def test_pretty_says_the_same(tmp_path: Path) -> None:
    done = command("validate", write(tmp_path, json.dumps(RECORD)))
    assert done.code == 0
    for word in ("ok, read as news-please", "(from maintext)", "zone unknown", "(from date_publish)", "language"):
        assert word in done.out


def test_a_record_that_would_be_a_dead_letter_is_exit_code_1(tmp_path: Path) -> None:
    file = write(tmp_path, f'{json.dumps(RECORD)}\n{{"title": null}}\n{{"cut')
    done = command("validate", file)
    assert done.code == 1
    assert "record 2: dead letter no_text" in done.out
    assert "record 3: dead letter undecodable" in done.out
    assert "3 records, 2 of them with a dead letter" in done.out
    found = [json.loads(line) for line in command("validate", file, "--json").out.splitlines()]
    assert [item["dead_letter"] for item in found] == [None, "no_text", "undecodable"]


def test_every_crawler_sample_is_understood() -> None:
    done = command("validate", str(FIXTURES / "crawler_samples.jsonl"), "--json")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert len(found) > 5
    assert done.err == ""


def test_poison_is_an_answer_and_never_a_fault(tmp_path: Path, poison: dict[str, bytes]) -> None:
    for name, value in poison.items():
        file = tmp_path / "poison"
        file.write_bytes(value)
        done = command("validate", str(file))
        assert done.code in (0, 1), (name, done.err)
        assert all(line.isprintable() for line in done.out.split("\n")), name
        assert "fault" not in done.err, (name, done.err)


def test_hostile_text_is_inert(tmp_path: Path) -> None:
    record = {
        "title": f"leave {HOSTILE}",
        "text": f"Citizens must leave now {HOSTILE}",
        "url": f"https://a.example/{HOSTILE}",
    }
    done = command("validate", write(tmp_path, json.dumps(record)))
    assert all(line.isprintable() for line in done.out.split("\n"))


@pytest.mark.parametrize("data", ["", " \n", "[]"])
def test_nothing_to_validate(tmp_path: Path, data: str) -> None:
    done = command("validate", write(tmp_path, data))
    assert done.code == 1
    assert done.err.count("\n") == 1
