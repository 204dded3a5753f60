"""Why the alert stage has no transactions: Faust reads a table that was written in them for ever.

An alert, the table's record and the offset in one transaction would leave nothing to repeat. But each transaction ends
with a marker, which takes an offset and is never handed out, and Faust 0.15.3 ends the recovery of a table only with
the record at the last offset. On Apache Kafka 4.3.1 a worker whose changelog held one record, written in a
transaction, was not ready after a minute; with the same record written plainly, after 4 seconds.
"""

from pathlib import Path

import pytest
from faust.types import TP

from streams.alert.table import make_table
from streams.kafka.app import make_app
from streams.settings import Settings


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="Faust 0.15.3 waits for the marker")
async def test_a_table_is_recovered_whose_last_offset_is_a_transactions_marker(tmp_path: Path) -> None:
    app = make_app("test-transactions", Settings(data_dir=tmp_path))
    recovery, tp = app.tables.recovery, TP("changelog", 0)
    recovery.add_active(make_table(app, "incidents"), tp)
    record, marker = 0, 1
    recovery.active_offsets[tp] = record
    recovery.active_highwaters[tp] = marker  # as `_build_highwaters` has it: the end of the log, less one
    assert not recovery.need_recovery()
