"""Each poison message ends in a named reason, or in an article with named repairs."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from streams.ingest.article import Limits
from streams.ingest.decode import decode, read

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)
REJECTED = {
    "empty value": "empty",
    "JSON null": "empty",
    "scrapy-cluster failure literal": "undecodable",
    "deep nesting": "too_deep",
    "big int": "no_text",
    "null title": "no_text",
}
REPAIRED: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "lone surrogate": ("x", "attack", ("surrogate",)),
    "NaN": ("x", None, ("nonfinite",)),
    "latin-1 bytes": ("café", None, ("latin1",)),
    "utf-8 BOM": ("x", None, ("bom",)),
    "utf-16": ("x", None, ("utf16",)),
    "confluent wire prefix": ("x", None, ("wire_prefix",)),
    "list instead of object": ("x", None, ()),
    "double-encoded JSON": ("x", None, ("double_encoded",)),
    "NUL char": ("ab", None, ("control",)),
    "faust blessed key": ("a", None, ()),
    "number title": ("5", None, ("number_as_text",)),
}


def test_the_tables_name_every_poison(poison: dict[str, bytes]) -> None:
    assert len(poison) == 17
    assert set(poison) == set(REJECTED) | set(REPAIRED)


@pytest.mark.parametrize("name", REJECTED)
def test_poison_is_rejected(poison: dict[str, bytes], name: str) -> None:
    decoded = read(poison[name], received=RECEIVED)
    assert decoded.articles == ()
    assert [rejected.reason for rejected in decoded.rejected] == [REJECTED[name]]


@pytest.mark.parametrize("name", REPAIRED)
def test_poison_is_repaired(poison: dict[str, bytes], name: str) -> None:
    decoded = read(poison[name], received=RECEIVED)
    assert decoded.rejected == ()
    (article,) = decoded.articles
    assert (article.title, article.body, article.repairs) == REPAIRED[name]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b" \n\t ", "empty"),
        (b"[]", "empty"),
        (b'""', "empty"),
        (b"\xff\xfe", "empty"),
        (b"5", "not_an_object"),
        (b"true", "not_an_object"),
        (b'"plain words"', "not_an_object"),
        (b'"{not json}"', "not_an_object"),
        (b"[1,2,3]", "not_an_object"),
        (b'["a","b"]', "not_an_object"),
        (b"<html></html>", "undecodable"),
        (b'{"title": "cut o', "undecodable"),
        (b"\x1f\x8bnot gzip", "undecodable"),
        (gzip.compress(b'{"title":"x"}', mtime=0)[:-9], "undecodable"),
        (gzip.compress(b" " * 2_000_000, mtime=0), "oversized"),
        (b" " * 1_048_577, "oversized"),
        (b"{}", "no_text"),
        (b'{"title": "\\u200b \\u202e"}', "no_text"),
        (b'{"title": "None", "text": "N/A"}', "no_text"),
        (b'{"title": true}', "no_text"),
        (b'{"a":' * 5_000, "too_deep"),
        (b'"' + b'{\\"a\\":' * 500 + b'"', "too_deep"),
    ],
)
def test_reasons(value: bytes | None, reason: str) -> None:
    decoded = read(value, received=RECEIVED)
    assert decoded.articles == ()
    assert [rejected.reason for rejected in decoded.rejected] == [reason]
    assert len(decoded.rejected[0].detail) < 120


def test_depth_at_the_limit_is_read() -> None:
    def nested(levels: int) -> bytes:
        return b'{"title":"x","deep":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"

    assert read(nested(100), received=RECEIVED).articles
    assert read(nested(101), received=RECEIVED).rejected[0].reason == "too_deep"
    assert read(b'{"title":"[[[[{{{{' + b"[" * 200 + b'"}', received=RECEIVED).articles


def test_limits_are_respected() -> None:
    limits = Limits(record_bytes=1_000, title=10, body=20, short_text=5, articles=1)
    value = json.dumps({"title": "one two three four", "text": "word " * 20, "authors": ["abcdefghij"]}).encode()
    (article,) = read(value, received=RECEIVED, limits=limits).articles
    assert article.title == "one two"
    assert article.body is not None
    assert len(article.body) <= 20
    assert article.authors == ("abcde",)
    assert "truncated" in article.repairs


def test_gzip_after_the_prefix_of_a_registry() -> None:
    value = b"\0\0\0\0\x01" + gzip.compress(b'{"title":"x"}')
    (article,) = read(value, received=RECEIVED).articles
    assert set(article.repairs) == {"wire_prefix", "gzip"}


def test_one_bad_byte_does_not_spoil_the_other_letters() -> None:
    (article,) = read('{"title":"Київ під обстрілом'.encode() + b'\xff"}', received=RECEIVED).articles
    assert article.title is not None
    assert article.title.startswith("Київ під обстрілом")
    assert article.repairs == ("bad_utf8",)


def test_a_fault_below_costs_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("words of the article")

    monkeypatch.setattr("streams.ingest.decode.parse", fail)
    decoded = decode(b'{"title":"x"}', received=RECEIVED)
    assert [rejected.reason for rejected in decoded.rejected] == ["undecodable"]
    assert "words" not in decoded.rejected[0].detail
