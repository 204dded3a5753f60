"""Records whose headers have names that are no UTF-8 are read; all others as before, in every compression."""

import struct
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from streams.errors import SettingsError
from streams.kafka import versions
from streams.kafka.headers import mend_header_names
from tests.kafka.tools import RawName


def batch(names: list[bytes], codec: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(
        2, codec, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1 << 20
    )
    for number, name in enumerate(names):
        given: Any = [(RawName(name), b"\xff"), ("null", None)]
        builder.append(number, 1_764_000_000_000, b"key %d" % number, b"value " * 100, given)
    return bytes(builder.build())


def read(data: bytes) -> list[Any]:
    records = fetcher.MemoryRecords(data)
    found = []
    while records.has_next():
        one = records.next_batch()
        assert one.validate_crc()
        found += [(one.base_offset, r.offset, r.key, r.value, list(r.headers)) for r in one]
    return found


@pytest.fixture(autouse=True)
def _mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)


@pytest.mark.xfail(strict=True, raises=UnicodeDecodeError, reason="aiokafka 0.14.0 decodes names strictly")
def test_aiokafka_itself_reads_any_name() -> None:
    read(batch([b"fine", b"\xff\xfe"]))


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
def test_any_name_is_read(codec: int) -> None:
    mend_header_names()
    found = read(batch([b"fine", b"\xff\xfe ok", "ü".encode()], codec))
    assert [headers[0] for *_, headers in found] == [("fine", b"\xff"), ("\\xff\\xfe ok", b"\xff"), ("ü", b"\xff")]
    assert [(key, value) for _, _, key, value, _ in found] == [(b"key %d" % n, b"value " * 100) for n in range(3)]
    assert all(headers[1] == ("null", None) for *_, headers in found)


@pytest.mark.parametrize("kind", [0, 1], ids=["abort", "commit"])
def test_markers_of_transactions_pass(kind: int) -> None:
    mend_header_names()
    value = struct.pack(">hih", 0, 0, 0)
    builder = _DefaultRecordBatchBuilderPy(
        2, 0, is_transactional=True, producer_id=7, producer_epoch=0, base_sequence=-1, batch_size=1 << 20
    )
    builder.append(0, 1_764_000_000_000, struct.pack(">hh", 0, kind), value, [])
    data = bytearray(builder.build())
    data[22] |= _DefaultRecordBatchBuilderPy.CONTROL_MASK
    tp = TopicPartition("articles", 0)
    arguments = (tp, fetcher.MemoryRecords(bytes(data)), [(7, 0)], 0, None, None, False, READ_COMMITTED)
    records = fetcher.PartitionRecords(*arguments)
    assert list(records) == []
    assert records.next_fetch_offset == 1


def test_good_batches_are_read_as_before_and_several_in_one_piece() -> None:
    data = batch([b"one", b"two"]) + batch([b"three"])
    before = read(data)
    mend_header_names()
    assert read(data) == before
    assert read(data[:-1]) == before[:2], "a batch that is cut off waits for the next fetch"


def test_another_aiokafka_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda name: "0.15.0")
    with pytest.raises(SettingsError, match=r"aiokafka 0\.15\.0 is installed"):
        mend_header_names()
