"""A hundred thousand damaged records through the reader, by a fixed seed: no exception, and nothing takes long.

`FUZZ_RECORDS=1000000 FUZZ_SEED=7 pytest tests/unit/ingest/test_mutations.py` tries more, and others.
"""

import json
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from streams.ingest.decode import read
from tests.unit.ingest.test_decode_properties import KEYS, RECEIVED, RECORDS, check

COUNT = int(os.environ.get("FUZZ_RECORDS", "100000"))
SEED = int(os.environ.get("FUZZ_SEED", "20220210"))
SLOWEST = 1.0
"""Seconds that one such record (a few KiB) may take: a hundred times the usual, and far below a quadratic blow-up."""
CHECKED = 50
"""Every so many, the articles are looked at as the property tests do; the others must only not raise."""

PIECES = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x87\xba", "\u202e".encode(), "\u200b".encode(), b"\x1b[31m",
    b"<p>", b"<script>", b"<![CDATA[", b"]]>", b"<!--", b"&amp;amp;", b"&#x1F600;", b"&#99999999;", b"\\ud83d",
    b"\\u0000", b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN", b"1e999", b"-0", b"true", b"\\", b"%00",
    b"\r\n", b"http://[", b"0000-00-00", b"9" * 40, b" " * 40, b"(" * 40, b"." * 40, b"\xc3", b"{\"a\":" * 8, b"[" * 40,
)  # fmt: skip
Step = Callable[[bytearray, random.Random], bytearray]


def flip(value: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 8)):
        value[chance.randrange(len(value))] = chance.randrange(256)
    return value


def insert(value: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(value) + 1)
    value[at:at] = chance.choice(PIECES)
    return value


def remove(value: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(value))
    del value[at : at + chance.randint(1, 30)]
    return value


def double(value: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(value))
    piece = value[at : at + chance.randint(1, 60)]
    value[at:at] = piece * chance.randint(1, 5)
    return value


def splice(value: bytearray, chance: random.Random) -> bytearray:
    other = json.dumps(chance.choice(RECORDS)).encode()
    return value[: chance.randrange(len(value))] + other[chance.randrange(len(other)) :]


def swap_values(value: bytearray, chance: random.Random) -> bytearray:
    """Another record, in which values stand under others' names."""
    record = dict(chance.choice(RECORDS))
    names = [*record, *chance.sample(KEYS, 3)]
    values = list(record.values())
    for _ in range(chance.randint(1, 6)):
        record[chance.choice(names)] = chance.choice(values)
    return bytearray(json.dumps(record, ensure_ascii=chance.random() < 0.5).encode())


STEPS: tuple[Step, ...] = (flip, insert, insert, insert, remove, double, splice, swap_values)


def mutated(seed: int, number: int) -> bytes:
    """The damaged record of that number; each by itself, so that one alone can be repeated."""
    chance = random.Random(f"{seed}-{number}")
    value = bytearray(json.dumps(chance.choice(RECORDS), ensure_ascii=chance.random() < 0.5).encode())
    for _ in range(chance.randint(1, 4)):
        if value:
            value = chance.choice(STEPS)(value, chance)
    return bytes(value)


def tried(numbers: range) -> tuple[int, float, int]:
    """How many gave an article, the longest time (seconds), and which that was. Raises AssertionError."""
    used, slowest, which = 0, 0.0, -1
    for number in numbers:
        value = mutated(SEED, number)
        begin = time.thread_time()
        try:
            decoded = read(value, received=RECEIVED)
            if number % CHECKED == 0:
                check(decoded)
        except Exception as error:
            raise AssertionError(f"mutated({SEED}, {number}) raised {error!r}: {value[:2000]!r}") from error
        used += bool(decoded.articles)
        slowest, which = max((slowest, which), (time.thread_time() - begin, number))
    return used, slowest, which


@pytest.mark.requirement(4)
def test_a_hundred_thousand_damaged_records() -> None:
    pieces = [range(first, min(first + 5_000, COUNT)) for first in range(0, COUNT, 5_000)]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        results = list(pool.map(tried, pieces))
    _, slowest, which = max(results, key=lambda result: result[1])
    assert slowest < SLOWEST, f"mutated({SEED}, {which}) takes {slowest:.1f} s"
    used = sum(result[0] for result in results)
    assert used > COUNT / 4, "nearly all were refused at once: nothing was tried"
    assert used < COUNT, "none was refused: nothing was damaged"
