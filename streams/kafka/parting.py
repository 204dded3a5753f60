"""Parting from aiokafka's clients, which cancel tasks of their own and await them bare.

Such a task passes its cancellation on to whoever called, as if the caller had been told to end. Without a guard, the
consumer's thread ends without a word, an agent dies with the record in its hands, and the stop waits for both for
ever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

__all__ = ["ours", "part"]

_LAST_SECONDS = 1.0
_TELLS = 3
"""How often a goodbye that takes too long is told to end, a second apart: a task may swallow one cancellation."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def ours(call: Awaitable[_T]) -> _T:
    """What `call` gives. A cancellation that nobody meant for us becomes a ConnectionError."""
    task = asyncio.current_task()
    try:
        return await call
    except asyncio.CancelledError as error:
        if task is None or task.cancelling():
            raise
        raise ConnectionError("a Kafka client cancelled a request of its own") from error


async def part(goodbye: Coroutine[Any, Any, Any], client: Any, seconds: float) -> None:
    """Give the client's `goodbye` so many seconds; whatever comes of it, its connections are closed then.

    Raises nothing but our own cancellation. The broker notices by itself what is not told.
    """
    task = asyncio.ensure_future(goodbye)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        in_time = task.done()
        await _ended(task)
        error = task.exception() if task.done() and not task.cancelled() else None
        if error is not None or task.cancelled() or not in_time:
            _log.info("a Kafka client was closed in a hurry (%s)", type(error).__name__ if error else "cancelled")
            _drop(client)


async def _ended(task: "asyncio.Task[Any]") -> None:
    for _ in range(_TELLS):
        if task.done():
            return
        task.cancel()
        await asyncio.wait({task}, timeout=_LAST_SECONDS)


_TASKS = {
    "_fetcher": ("_fetch_task",),
    "_coordinator": ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task"),
    "_sender": ("_sender_task",),
}
"""Where aiokafka's clients keep the tasks of their parts."""


def _drop(client: Any) -> None:
    """Let go of what a goodbye that failed half-way has left: tasks, requests, and connections, without waiting."""
    if client is None:
        return
    tasks = [getattr(getattr(client, part, None), name, None) for part, names in _TASKS.items() for name in names]
    tasks += getattr(getattr(client, "_fetcher", None), "_pending_tasks", ())
    # The name differs between consumer, producer and admin client.
    inner = getattr(client, "_client", None) or client.client
    for task in (*tasks, inner._sync_task):
        if task is not None:
            task.cancel()
    for connection in list(inner._conns.values()):
        connection.close()
