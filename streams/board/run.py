"""A whole board: a source, a desk, the pages, and the clock between them, until it is told to end.

Guarantees: the pages are there before the source is, and stay whatever becomes of it; `/livez` fails when the source
gets on with nothing for too long; a fault of the source's own ends everything, with that fault. Refuses a taken port.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from streams.board.desk import Desk
from streams.board.server import BoardServer
from streams.board.source import Source
from streams.settings import Settings

__all__ = ["Running", "running", "serve"]

_TICK_SECONDS: Final = 15.0


class Running:
    """A board that runs: its desk, its pages, and the task that ends when something is wrong."""

    def __init__(self, desk: Desk, server: BoardServer, work: "asyncio.Task[None]") -> None:
        self.desk, self.server, self.work = desk, server, work


@asynccontextmanager
async def running(
    settings: Settings,
    source: Source,
    countries: Mapping[str, str],
    names: Collection[str] = (),
    tick_seconds: float = _TICK_SECONDS,
) -> AsyncIterator[Running]:
    """A board as the settings say, of the alerts that `source` gives. `countries` are their names by code, `names`
    further hosts that it may be asked for as. Raises PortTakenError.
    """
    desk = Desk(countries, hours=settings.board_hours, topic=settings.alerts_topic)
    heard = time.monotonic()

    def beat() -> None:
        nonlocal heard
        heard = time.monotonic()

    def live() -> str | None:
        return None if time.monotonic() - heard < settings.stuck_after else "the reading of alerts is stuck"

    async def work() -> None:
        both = {asyncio.create_task(source(desk, beat)), asyncio.create_task(_ticks(desk, tick_seconds))}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in both:
                one.cancel()
            await asyncio.wait(both)

    server = BoardServer(desk, settings.web_bind, settings.board_port, live, names)
    await server.start()
    task = asyncio.create_task(work(), name="board")
    try:
        yield Running(desk, server, task)
    finally:
        task.cancel()
        await asyncio.wait({task})
        await server.stop()


async def _ticks(desk: Desk, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        desk.tick()


async def serve(
    settings: Settings,
    source: Source,
    countries: Mapping[str, str],
    began: Callable[[str], None],
    names: Collection[str] = (),
) -> None:
    """Run until SIGTERM; `began` is told the address. Raises PortTakenError, and whatever the source ends with."""
    stopped = asyncio.Event()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread: a test's
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with running(settings, source, countries, names) as board:
        began(board.server.address)
        stop = asyncio.create_task(stopped.wait())
        await asyncio.wait({board.work, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if board.work.done():
            board.work.result()
