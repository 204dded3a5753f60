"""A TCP proxy that misbehaves when told: between workers and brokers it cuts, holds back or delays what passes."""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from streams.kafka.embedded import HOST

_CHUNK = 65_536


class Proxy:
    """Passes connections to `target` on from `port`, in a thread of its own. Use as a context manager."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{port}", daemon=True)
        self._ready = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._refusing = False
        self._delay = 0.0
        self._flowing: asyncio.Event

    def cut(self) -> None:
        """End all connections and refuse new ones, until `heal`."""
        self._loop.call_soon_threadsafe(self._cut)

    def hold(self) -> None:
        """Let connections stand and pass nothing, until `heal`: what a network does that loses every packet."""
        self._loop.call_soon_threadsafe(lambda: self._flowing.clear())

    def delay(self, seconds: float) -> None:
        """Pass everything on so much later, until `heal`."""
        self._loop.call_soon_threadsafe(lambda: setattr(self, "_delay", seconds))

    def heal(self) -> None:
        """Pass everything again."""
        self._loop.call_soon_threadsafe(self._heal)

    def _cut(self) -> None:
        self._refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def _heal(self) -> None:
        self._refusing, self._delay = False, 0.0
        self._flowing.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the proxy does not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._flowing = asyncio.Event()
        self._flowing.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, self.port))
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        server.close()
        self._cut()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:  # the broker is down: so are we
            writer.transport.abort()
            return
        if self._refusing:  # it was cut while we connected
            writer.transport.abort()
            there_writer.transport.abort()
            return
        pair = {writer, there_writer}
        self._writers |= pair
        try:
            await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        finally:
            self._writers -= pair
            for one in pair:
                one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()
        writer.transport.abort()
