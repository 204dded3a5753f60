"""Keeping the incident table's log ours: what others wrote between our own records is looked at and written over."""

import asyncio
import logging
from collections.abc import Callable

from streams.alert.fence import Stamp
from streams.alert.table import IncidentTable
from streams.errors import BrokerError
from streams.kafka.ledger import Hole, TopicPartition
from streams.kafka.reread import Rereader
from streams.settings import Settings

__all__ = ["Guard"]

_PATIENCE = 30
"""Times, a second apart, that a leader is asked which does not give what it acknowledged: it may be a new one."""

_log = logging.getLogger(__name__)


class Guard:
    """Mends one table's log (see streams.alert.fence). `over` says whether a rebalance is taking our partitions."""

    def __init__(self, table: IncidentTable, settings: Settings, over: Callable[[], bool]) -> None:
        self._table, self._over = table, over
        self._topic = settings.changelog_topic
        self._reader = Rereader(settings)

    async def mend(self, partition: int) -> None:
        """Return when the log's newest records of `partition` are ours, or a rebalance waits: then whoever has the
        partition reads it again. Costs nothing where nobody else wrote.

        Raises FencedError if the partition is another worker's now, PublishError as `IncidentTable.store`.
        """
        fence, patience = self._table.fence, _PATIENCE
        while not self._over():
            hole = fence.hole(partition)
            if hole is not None:
                if not await self._look(partition, hole):
                    patience -= 1
                    if not patience:
                        raise BrokerError(f"{self._topic}[{partition}] does not give its records from {hole.first} on")
                    await asyncio.sleep(1)
                continue
            stale = fence.stale(partition)
            if not stale:
                return
            _log.warning("%s[%d]: %d keys were written by others: again", self._topic, partition, len(stale))
            for key in stale:
                if not self._over():
                    await self._table.write_again(key, partition)

    async def _look(self, partition: int, hole: Hole) -> bool:
        """Look at the hole, from its beginning on; whether we came forward."""
        reached = hole.first
        try:
            async for piece in self._reader.pieces(TopicPartition(self._topic, partition), hole, self._over):
                if piece.record is not None:
                    self._table.fence.found(partition, piece.record.key, Stamp.of(piece.record.headers))
                reached = max(reached, piece.end)
        finally:
            await self._reader.close()
        self._table.fence.looked(partition, reached)
        return reached > hole.first
