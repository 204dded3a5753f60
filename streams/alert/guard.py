"""Keeping the incident table's log ours: what others wrote between our own records is looked at and written over."""

import logging
from collections.abc import Callable

from streams.alert.table import IncidentTable, stamp_of
from streams.kafka.ledger import Hole, TopicPartition
from streams.kafka.reread import Rereader
from streams.settings import Settings

__all__ = ["Guard"]

_log = logging.getLogger(__name__)


class Guard:
    """Mends one table's log (see streams.alert.fence). `over` says whether a rebalance is taking our partitions."""

    def __init__(self, table: IncidentTable, settings: Settings, over: Callable[[], bool]) -> None:
        self._table, self._over = table, over
        self._topic = settings.changelog_topic
        self._reader = Rereader(settings)

    async def mend(self, partition: int) -> None:
        """Return when the log's newest records of `partition` are ours. Costs nothing where nobody else wrote.

        Raises FencedError if the partition is another worker's now, PublishError as `IncidentTable.store`.
        """
        fence = self._table.fence
        while True:
            hole = fence.hole(partition)
            if hole is not None:
                await self._look(partition, hole)
                continue
            stale = fence.stale(partition)
            if not stale:
                return
            _log.warning("%s[%d]: %d keys were written by others: again", self._topic, partition, len(stale))
            for key in stale:
                await self._table.write_again(key, partition)

    async def _look(self, partition: int, hole: Hole) -> None:
        try:
            async for piece in self._reader.pieces(TopicPartition(self._topic, partition), hole, self._over):
                if piece.record is not None:
                    self._table.fence.found(partition, piece.record.key, stamp_of(piece.record.headers))
        finally:
            await self._reader.close()
