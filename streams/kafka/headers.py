"""Header names that are no UTF-8: Kafka stores them, aiokafka raises on them, and would raise again for ever.

One such record, which anybody who may write to a topic can send, ends every consumer of it at each start. Here such a
batch is read once more, in Python, with undecodable bytes of a name as escapes (`\\xff`); all other batches are read as
before. Values of headers are bytes and were never at risk.
"""

from collections.abc import Iterator
from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from streams.kafka.versions import require

__all__ = ["mend_header_names"]

_LEGACY = 2
"""Batches of a lower magic number have no headers."""


def mend_header_names() -> None:
    """Make every consumer of this process read such records. Raises SettingsError for another aiokafka."""
    require("aiokafka", "the mending of its reader")
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):
    """The batches of a fetched piece of a partition."""

    def next_batch(self, *args: Any, **kwargs: Any) -> Any:
        data = self._next_slice
        batch = super().next_batch(*args, **kwargs)
        # A control batch is a transaction's marker: no headers, and the client takes its one record with `next`.
        plain = batch is None or batch.magic < _LEGACY or batch.is_control_batch
        return batch if plain else _Batch(batch, data)


class _Batch:
    """A batch whose records are all read before the first is given, so that they can be read in another way."""

    def __init__(self, batch: Any, data: Any) -> None:
        self._batch, self._data = batch, data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_Patient(self._data)))


class _Patient(_DefaultRecordBatchPy):
    """The batch in Python, whose bytes decode to text whatever they are."""

    _buffer: Any

    def __iter__(self) -> Any:
        super().__iter__()
        self._buffer = _Decodable(self._buffer)
        return self


class _Decodable(bytearray):
    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        found = super().__getitem__(at)
        return _Decodable(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")
