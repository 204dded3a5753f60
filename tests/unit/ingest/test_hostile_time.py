"""Crafted records of a megabyte cost a bounded time, and twice as much costs about twice as long."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from streams.ingest.decode import decode
from streams.ingest.language import language_of
from streams.ingest.sentences import sentences
from tests.unit.turns import in_turns

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)
SECONDS = 3.0
RATIO = 3.0
NOISE = 0.15
"""Below this the clock of a busy machine says nothing about growth."""


def body(text: str) -> bytes:
    return json.dumps({"title": "x", "text": text}, ensure_ascii=False).encode()


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "nested html": lambda n: body("<div>" * (n // 5)),
    "unclosed inline": lambda n: body("<b></i>" * (n // 7)),
    "misnested html": lambda n: body("<b><p></b>x" * (n // 11)),
    "tables": lambda n: body("<table><td>" * (n // 11)),
    "less than": lambda n: body("<" * n),
    "open tags": lambda n: body("<p " * (n // 3)),
    "comments": lambda n: body("<p><!--" * (n // 7)),
    "scripts": lambda n: body("<p><script>" * (n // 11)),
    "page": lambda n: body("<!DOCTYPE html><html>" + "<article><b>" * (n // 12)),
    "no spaces": lambda n: body("x" * n),
    "spaces": lambda n: body("a" + " " * (n - 2) + "b"),
    "newlines": lambda n: body("a\n" * (n // 3)),
    "brackets": lambda n: body("( " * (n // 2)),
    "quotes": lambda n: body("“ " * (n // 4)),
    "stops": lambda n: body("A. " * (n // 3)),
    "ampersands": lambda n: body("&amp;" + "amp;" * (n // 4)),
    "entities": lambda n: body("&#38;" * (n // 5)),
    "mojibake": lambda n: body("â€™Ã©" * (n // 13)),
    "zero width": lambda n: body("a\u200d" * (n // 4)),
    "homoglyphs": lambda n: body("еvасuаtе " * (n // 14)),
    "marks": lambda n: body("e" + "\u0301\u0316" * (n // 4)),
    "split marks": lambda n: body("e" + ("\u0301\u0316" * 6 + "\u200b") * (n // 30)),
    "chars marks": lambda n: body("… [" * (n // 5)),
    "spaced punctuation": lambda n: json.dumps({"seendate": "x", "title": " ,( " * (n // 4)}).encode(),
    "list of numbers": lambda n: b"[" + b"1," * (n // 2 - 1) + b"1]",
    "list of objects": lambda n: b"[" + b"{}," * (n // 3 - 1) + b"{}]",
    "list of articles": lambda n: (
        b"[" + b",".join([b'{"title":"20 novembre","date":"20 novembre 2026"}'] * (n // 52)) + b"]"
    ),
    "brackets of JSON": lambda n: b"[" * n,
    "quotes of JSON": lambda n: b'"' + b'\\"' * (n // 2 - 1),
    "braces in strings": lambda n: b'{"title":"' + b"{" * (n - 20) + b'",}',
    "digits": lambda n: b'{"title":' + b"9" * (n - 20) + b"}",
    "many keys": lambda n: b"{" + b",".join(b'"k%d":1' % k for k in range(n // 12)) + b"}",
    "many authors": lambda n: json.dumps({"title": "x", "authors": ["a;b"] * (n // 8)}).encode(),
    "tag string": lambda n: json.dumps({"title": "x", "tags": "a," * (n // 2 - 20)}).encode(),
    "long url": lambda n: json.dumps({"title": "x", "url": "https://e.com/?" + "a&" * (n // 2 - 30)}).encode(),
    "long date": lambda n: json.dumps({"title": "x", "date": "1 " * (n // 2 - 30)}).encode(),
    "base64": lambda n: json.dumps({"title": "x", "spider": "s", "body": "PGI+" * (n // 4 - 20)}).encode(),
}


def seconds(value: bytes) -> float:
    begin = time.thread_time()
    for article in decode(value, received=RECEIVED).articles:
        sentences(article)
        language_of(article)
    return time.thread_time() - begin


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Models and tables that are loaded once are not what is measured."""
    seconds(json.dumps({"title": "x", "date": "20 novembre 2026", "text": "The words of it all. " * 9}).encode())


@pytest.mark.timing
@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_bounded_and_linear(name: str) -> None:
    full, half = HOSTILE[name](1_000_000), HOSTILE[name](500_000)
    assert len(full) <= 1_048_576

    def linear(short: float, long: float) -> bool:
        return long <= NOISE or long < RATIO * max(short, NOISE / 3)

    def good(short: float, long: float) -> bool:
        return long < SECONDS and linear(short, long)

    short, long = in_turns(lambda: seconds(half), lambda: seconds(full), good, least=2, most=6)
    assert long < SECONDS
    assert linear(short, long), f"{short:.2f} s for half a megabyte, {long:.2f} s for one"
