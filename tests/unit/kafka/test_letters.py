"""A dead letter is read back as it was written, whatever is on the topic, and goes back byte for byte."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.article import Reason
from streams.kafka.deadletters import HEADERS, MARK, dead_letter
from streams.kafka.ledger import TopicPartition
from streams.kafka.letters import Letter
from streams.kafka.records import Delivery, Headers, Outgoing

NAMES = st.text(max_size=9) | st.sampled_from([*HEADERS, MARK])
HEADER_LISTS = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=9)), max_size=12).map(tuple)


def record(written: Outgoing) -> Any:
    """What a consumer would give for `written`."""
    return SimpleNamespace(
        topic=written.topic, partition=3, offset=12, timestamp=1_764_000_000_000,
        key=written.key, value=written.value, headers=tuple(written.all_headers),
    )  # fmt: skip


@given(
    st.none() | st.binary(max_size=200),
    st.none() | st.binary(max_size=20),
    HEADER_LISTS,
    st.sampled_from(get_args(Reason)),
)
def test_a_letter_goes_back_as_it_came(
    value: bytes | None, key: bytes | None, headers: Headers, reason: Reason
) -> None:
    delivery = Delivery(TopicPartition("wire", 2), 41, 1_764_000_000_000, key, value, headers, 0, None)
    letter = Letter.of(record(dead_letter(delivery, reason, "assess", "why")))
    assert (letter.reason, letter.stage, letter.error) == (reason, "assess", "why")
    assert (letter.origin_topic, letter.origin_partition, letter.origin_offset) == ("wire", 2, 41)
    assert letter.headers == headers
    assert letter.whole
    again = letter.again(partitions=4)
    assert (again.topic, again.partition, again.key, again.value) == ("wire", 2, key, value)
    kept = [(name, content) for name, content in headers if name != MARK]
    assert again.all_headers == [*kept, (MARK, b"wire.dlq[3]@12")]


def test_a_letter_whose_value_was_too_large_says_so() -> None:
    delivery = Delivery(TopicPartition("wire", 2), 41, 0, None, b"{" * 3_000_000, (), 0, None)
    letter = Letter.of(record(replace(dead_letter(delivery, "oversized", "assess", "why"), value=None)))
    assert not letter.whole
    assert letter.original_bytes == 3_000_000


def test_a_partition_that_is_no_more_is_not_asked_for() -> None:
    delivery = Delivery(TopicPartition("wire", 2), 41, 0, None, b"{", (), 0, None)
    letter = Letter.of(record(dead_letter(delivery, "undecodable", "assess", "why")))
    assert letter.again(partitions=2).partition is None


@given(HEADER_LISTS, st.none() | st.binary(max_size=50))
def test_anything_on_the_topic_is_a_letter(headers: Headers, value: bytes | None) -> None:
    found = Letter.of(
        SimpleNamespace(
            topic="articles.dlq", partition=0, offset=0, timestamp=-1, key=None, value=value, headers=headers
        )
    )
    assert found.target == found.again(1).topic == "articles"
    if tuple(name for name, _ in headers[-len(HEADERS) :]) != HEADERS:
        assert found.headers == headers
        assert found.reason is found.origin_topic is None


def test_what_headers_claim_is_checked() -> None:
    claims = dict.fromkeys(HEADERS, b"\xff\x1b[31m") | {"dlq.topic": b"victim", "dlq.partition": b"-1"}
    claims["dlq.offset"] = b"9" * 40
    letter = Letter.of(
        SimpleNamespace(
            topic="articles.dlq",
            partition=0,
            offset=7,
            timestamp=0,
            key=None,
            value=b"x",
            headers=tuple(claims.items()),
        )
    )
    assert letter.origin_partition is letter.origin_offset is None
    assert letter.again(4).topic == "articles", "a header must not choose where we write"
