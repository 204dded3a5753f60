"""Dead letters keep the original byte for byte, and the limit stops a worker whose fault it must be."""

import random
import time
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import DeadLetterLimitError
from streams.ingest.article import Reason
from streams.kafka.deadletters import DeadLetterLimit, dead_letter, dlq_name
from streams.kafka.ledger import TopicPartition
from streams.kafka.records import Delivery
from streams.settings import Settings

A, B = TopicPartition("articles", 0), TopicPartition("articles", 1)
RUN: int = Settings.model_fields["dead_letter_run"].default
RATIO: float = Settings.model_fields["dead_letter_ratio"].default


def delivery(
    value: bytes | None = b"\xff{", key: bytes | None = b"k", headers: tuple[tuple[str, bytes], ...] = ()
) -> Delivery:
    return Delivery(TopicPartition("wire", 2), 41, 1_764_000_000_000, key, value, headers, 0, None)


@pytest.mark.requirement(6)
def test_headers_say_what_where_and_why() -> None:
    before = int(time.time() * 1000)
    letter = dead_letter(delivery(), "undecodable", "assess", "not JSON")
    assert letter.topic == dlq_name("wire") == "wire.dlq"
    ours = dict(letter.headers)
    assert before <= int(ours.pop("dlq.ts")) <= time.time() * 1000
    assert ours.pop("dlq.app_version")
    assert ours == {
        "dlq.reason": b"undecodable",
        "dlq.stage": b"assess",
        "dlq.error": b"not JSON",
        "dlq.topic": b"wire",
        "dlq.partition": b"2",
        "dlq.offset": b"41",
        "dlq.bytes": b"2",
    }


@given(
    st.none() | st.binary(max_size=200),
    st.none() | st.binary(max_size=20),
    st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=9)), max_size=5).map(tuple),
    st.sampled_from(get_args(Reason)),
)
def test_the_original_is_kept_byte_for_byte(
    value: bytes | None, key: bytes | None, headers: tuple[tuple[str, bytes], ...], reason: Reason
) -> None:
    letter = dead_letter(delivery(value, key, headers), reason, "assess", "why")
    assert letter.value == value
    assert letter.key == key
    assert tuple(letter.all_headers[: len(headers)]) == headers
    assert [name for name, _ in letter.all_headers[len(headers) :]] == list(letter.headers)


def test_headers_of_the_same_name_stay_and_ours_come_last() -> None:
    theirs = (("dlq.reason", b"older"), ("x", b"1"), ("x", b"2"))
    letter = dead_letter(delivery(headers=theirs), "oversized", "assess", "too large")
    assert [value for name, value in letter.all_headers if name == "dlq.reason"] == [b"older", b"oversized"]
    assert [value for name, value in letter.all_headers if name == "x"] == [b"1", b"2"]


@given(st.text(st.characters(), max_size=800))
def test_the_error_is_printable_bounded_and_encodable(error: str) -> None:
    made = dead_letter(delivery(), "undecodable", "assess", error).headers["dlq.error"].decode()
    assert made.isprintable()
    assert len(made) == min(len(error), 300)


def limit() -> DeadLetterLimit:
    return DeadLetterLimit(RUN, RATIO)


def test_a_run_stops_at_its_last_record_and_not_before() -> None:
    counted = DeadLetterLimit(5, 1.0)
    for _ in range(4):
        counted.bad(A)
    with pytest.raises(DeadLetterLimitError, match=r"last 5 records of articles\[0\]") as caught:
        counted.bad(A)
    assert caught.value.exit_code == 6


def test_a_good_record_ends_a_run_of_its_own_partition_only() -> None:
    counted = DeadLetterLimit(3, 1.0)
    counted.bad(A)
    counted.bad(A)
    counted.good(A)
    counted.bad(A)
    counted.bad(A)
    counted.good(B)
    with pytest.raises(DeadLetterLimitError):
        counted.bad(A)


def test_runs_of_two_partitions_are_not_added_up() -> None:
    counted = DeadLetterLimit(3, 1.0)
    for tp in (A, B, A, B):
        counted.bad(tp)
    with pytest.raises(DeadLetterLimitError):
        counted.bad(B)


def test_the_ratio_says_nothing_before_a_hundred_records() -> None:
    counted = DeadLetterLimit(1_000, 0.5)
    for _ in range(99):
        counted.bad(A)
    with pytest.raises(DeadLetterLimitError, match=r"100 of the last 100 .*TOCSIN_DEAD_LETTER_RATIO"):
        counted.bad(A)


def test_the_ratio_must_be_exceeded() -> None:
    counted = DeadLetterLimit(1_000, 0.5)
    for _ in range(50):
        counted.good(A)
    for _ in range(50):
        counted.bad(A)
    with pytest.raises(DeadLetterLimitError, match="51 of the last 101"):
        counted.bad(A)


def test_the_ratio_forgets_what_is_older_than_a_thousand_records() -> None:
    counted = DeadLetterLimit(5_000, 0.5)
    for _ in range(10_000):
        counted.good(A)
    for _ in range(500):
        counted.bad(A)
    with pytest.raises(DeadLetterLimitError, match="501 of the last 1000"):
        counted.bad(A)


def test_old_bad_records_are_forgotten_too() -> None:
    counted = DeadLetterLimit(5_000, 0.5)
    for _ in range(1_000):
        counted.good(A)
    for round_ in range(5):
        for _ in range(400):
            counted.bad(A)
        for _ in range(1_000):
            counted.good(A)
        assert counted._bad == 0, round_


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
@pytest.mark.requirement(5)
def test_one_in_a_hundred_never_stops_it(seed: int, partitions: int) -> None:
    generator = random.Random(seed)
    counted = limit()
    for _ in range(5_000):
        tp = TopicPartition("articles", generator.randrange(partitions))
        if generator.random() < 0.01:
            counted.bad(tp)
        else:
            counted.good(tp)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99))
def test_one_in_a_hundred_never_stops_it_wherever_it_stands(place: int) -> None:
    counted = limit()
    for number in range(3_000):
        (counted.bad if number % 100 == place else counted.good)(A)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(0, 5_000))
def test_all_bad_always_stops_it_and_soon(partitions: int, good_before: int) -> None:
    counted = limit()
    for _ in range(good_before):
        counted.good(A)
    written = 0
    with pytest.raises(DeadLetterLimitError):  # noqa: PT012
        for number in range(RUN * partitions + 1):
            counted.bad(TopicPartition("articles", number % partitions))
            written += 1
    assert written <= 500
