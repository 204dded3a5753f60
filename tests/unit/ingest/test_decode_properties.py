"""Whatever the bytes: no exception, something in the result, and articles that keep their promises."""

import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ingest.article import Article, Limits
from streams.ingest.decode import Decoded, decode, read
from streams.ingest.formats import Format
from streams.ingest.language import language_of
from streams.ingest.repairs import REPAIRS
from streams.ingest.sentences import sentences

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)
RECORDS = [
    json.loads(line)["record"]
    for line in (Path(__file__).parents[2] / "fixtures" / "crawler_samples.jsonl").read_text("utf-8").splitlines()
]
KEYS = sorted({key for record in RECORDS for key in record} | {
    "article", "articles", "payload", "data", "items", "entries", "@graph", "@type", "headlines", "bodies", "uri",
    "pubStatus", "seendate", "status_code", "body", "feed", "spider", "plaintext", "content", "source",
    "liveBlogUpdate",
})  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(
        [
            "None",
            "2026-11-20",
            "<p>x</p>",
            "http://e.com/a",
            "http://[",
            "&amp;",
            "[+12 chars]",
            "en",
            '{"a":1}',
            "x - y",
        ]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=15,
)


def check(decoded: Decoded) -> None:
    assert decoded.articles or decoded.rejected
    for rejected in decoded.rejected:
        assert 0 < len(rejected.detail) < 120
    for article in decoded.articles:
        check_article(article)


def check_article(article: Article) -> None:
    limits = Limits()
    texts = (article.title, article.summary, article.body)
    assert any(texts)
    for text, cap in zip(texts, (limits.title, limits.summary, limits.body), strict=True):
        if text is not None:
            assert 0 < len(text) <= cap
            assert text == text.strip()
            assert unicodedata.is_normalized("NFC", text)
            assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text if letter != "\n")
            assert "\n\n" not in text
    for name, digits in ((article.id, 32), (article.content_hash, 32), (article.simhash, 16)):
        assert re.fullmatch(f"[0-9a-f]{{{digits}}}", name)
    assert (article.url is None) == (article.canonical_url is None)
    assert set(article.repairs) <= REPAIRS
    assert article.source_format in Format.__args__  # type: ignore[attr-defined]  # arguments of a Literal
    json.dumps([article.authors, article.tags, article.publisher, article.url, article.dropped]).encode(
        "utf-8", "strict"
    )
    assert "\ud800" not in f"{article.authors}{article.tags}{article.publisher}{article.url}"
    found = sentences(article)
    assert all(getattr(article, s.field)[s.start : s.end] == s.text for s in found)
    assert found
    language_of(article)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.none(), st.binary(max_size=200)))
def test_any_bytes(value: bytes | None) -> None:
    check(read(value, received=RECEIVED))


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_any_json(value: object) -> None:
    check(read(json.dumps(value).encode(), received=RECEIVED))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(RECORDS), st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=4))
def test_records_with_other_values(record: dict[str, object], changes: list[tuple[str, object]]) -> None:
    check(read(json.dumps({**record, **dict(changes)}).encode(), received=RECEIVED))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(RECORDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 10_000),
)
def test_damaged_bytes(record: dict[str, object], flips: list[tuple[int, int]], cut: int) -> None:
    value = bytearray(json.dumps(record, ensure_ascii=False).encode())
    for place, byte in flips:
        value[place % len(value)] = byte
    check(read(bytes(value), received=RECEIVED))
    check(read(bytes(value[: cut % len(value)]), received=RECEIVED))


@settings(deadline=None)
@given(st.sampled_from(RECORDS))
def test_the_same_bytes_give_the_same_articles(record: dict[str, object]) -> None:
    value = json.dumps(record).encode()
    assert decode(value, received=RECEIVED) == read(value, received=RECEIVED) == decode(value, received=RECEIVED)
