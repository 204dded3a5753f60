"""Articles in the order of their time."""

import orjson
import pytest

from streams.backtest.feed import Timed, timed
from streams.errors import InputError
from streams.ingest.article import Limits

NOON = 1_772_452_800_000  # 2026-03-02T12:00:00Z


def article(number: int, published: str | None = None) -> bytes:
    return orjson.dumps({"title": f"Article {number}", "text": "Nothing happened.", "published": published})


def order(*values: bytes) -> list[tuple[int, int]]:
    return [(found.line, found.at) for found in timed(list(enumerate(values, 1)), Limits())]


def test_the_envelope_says_when_and_its_article_is_passed_on() -> None:
    value = {"title": "Leave now"}
    (found,) = timed([(7, orjson.dumps({"timestamp_ms": NOON, "value": value}))], Limits())
    assert found == Timed(7, NOON, orjson.dumps(value))


def test_the_date_of_publication_is_an_articles_time_and_orders_it() -> None:
    late, early = article(1, "2026-03-02T13:00:00Z"), article(2, "2026-03-02T12:00:00Z")
    assert order(late, early) == [(2, NOON), (1, NOON + 3_600_000)]


def test_what_has_no_date_comes_with_the_record_before_it() -> None:
    dated = article(1, "2026-03-02T12:00:00Z")
    assert order(article(1), dated, article(3), b"no json") == [(1, NOON), (2, NOON), (3, NOON), (4, NOON)]


def test_an_article_that_only_looks_like_an_envelope_is_an_article() -> None:
    value = orjson.dumps(
        {"timestamp_ms": NOON, "value": {"title": "x"}, "published": "2026-03-02T12:00:00Z", "title": "y"}
    )
    (found,) = timed([(1, value)], Limits())
    assert found.value == value


@pytest.mark.parametrize("time", ["soon", -1, 1.5, True, None, NOON * 1000])
def test_a_time_that_is_none_is_refused_with_its_line(time: object) -> None:
    with pytest.raises(InputError, match="line 3: timestamp_ms must be milliseconds"):
        timed([(3, orjson.dumps({"timestamp_ms": time, "value": {}}))], Limits())


def test_an_input_without_any_time_is_refused() -> None:
    with pytest.raises(InputError, match="no article says when it was published"):
        timed([(1, article(1))], Limits())
