"""The AsyncAPI document: whole, valid, true of our records, and compatible with what bots were written for."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.alert.record import encode
from streams.bots.asyncapi import alert_schema
from tests.unit.cli.support import command, make_alert

FIRST = json.loads((Path(__file__).parent / "alert-1.0.schema.json").read_text("utf-8"))
"""The alert's schema as bots of version 1.0 know it: it is never changed, only followed by alert-1.1 and so on."""
PARSER = Path(__file__).parents[3] / ".ci" / "npm"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    done = command("schema", "asyncapi")
    assert done.code == 0
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    seen = []

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            if "$ref" in node:
                target: Any = document
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
                seen.append(node["$ref"])
            for value in node.values():
                walk(value)

    walk(document)
    assert len(seen) >= 8
    assert set(document["channels"]) == {"articles", "alerts", "feedback", "deadLetters"}


def test_its_payload_is_what_we_send(document: dict[str, Any]) -> None:
    validator = Draft202012Validator(document["components"]["messages"]["alert"]["payload"]["schema"])
    record = json.loads(encode(make_alert()))
    validator.validate(record)
    assert not validator.is_valid(record | {"severity": "Bad"})


def test_headers_are_those_that_we_write(document: dict[str, Any]) -> None:
    from streams.alert.compose import headers

    said = document["components"]["messages"]["alert"]["headers"]
    written = {name: value.decode() for name, value in headers(make_alert(), None).items()}
    assert set(said["required"]) == set(written)
    Draft202012Validator(said).validate(written)


def test_what_we_send_today_is_what_bots_of_the_first_version_understand() -> None:
    Draft202012Validator(FIRST).validate(json.loads(encode(make_alert())))


def test_what_was_sent_by_the_first_version_is_valid_today() -> None:
    """Nothing that it required is gone or of another kind, and nothing is required that it did not have."""
    today, first = alert_schema(), FIRST
    assert set(today["required"]) == set(first["required"])
    for name, told in first["properties"].items():
        if "enum" in told:
            assert set(told["enum"]) <= set(today["properties"][name]["enum"]), name
        assert today["properties"][name].get("type") == told.get("type"), name


@pytest.mark.skipif(not (PARSER / "node_modules").exists() or shutil.which("node") is None, reason="see .ci/run")
def test_the_parser_of_the_asyncapi_project_has_nothing_to_say(document: dict[str, Any], tmp_path: Path) -> None:
    script = (
        "const { Parser } = require('@asyncapi/parser'); const text = require('fs').readFileSync(0, 'utf8');"
        "new Parser().validate(text).then(found => console.log(JSON.stringify(found.map(one => one.message))));"
    )

    def said(made: dict[str, Any]) -> list[str]:
        done = subprocess.run(
            ["node", "-e", script], cwd=PARSER, input=json.dumps(made), capture_output=True, text=True, check=True
        )
        found: list[str] = json.loads(done.stdout)
        return found

    assert said(document) == []
    assert said(document | {"channels": {"alerts": {"address": 3}}}) != [], "the parser sees a fault"
