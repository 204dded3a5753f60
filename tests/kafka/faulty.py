"""A worker with fault points: the real command, in which a test can make one step fail once.

    FAULT_FOLDER=DIR python -m tests.kafka.faulty worker --stages assess

A fault point `name` is armed by a file of that name in the folder. The first process that comes to the point takes
the file away and fails there, so each file makes one fault: an exception, or SIGKILL of itself (`_die`). SIGUSR1 sets
the clock to as many seconds off as the file `clock-PID` says. `FAULT_DROP` is the share of records that vanish between
Faust and the ledger, `FAULT_SLOW` the seconds that each batch takes longer. `FAULT_NEXT` makes it a worker of the next
version, which writes fields that this one does not know.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["main"]

_folder = Path(os.environ.get("FAULT_FOLDER", "/nonexistent"))


def armed(name: str) -> bool:
    """Whether the point is to fail now; true for one caller of one process only."""
    try:
        (_folder / name).unlink()
    except OSError:
        return False
    (_folder / f"failed-{os.getpid()}").touch()  # an empty file may be made on a full disk as well
    with suppress(OSError):
        print(f"fault point {name}: failing now", file=sys.stderr, flush=True)
    return True


def _die(name: str) -> None:
    if armed(name):
        os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, method: str, fail: Callable[[], None]) -> None:
    """Make `owner.method` call `fail` first."""
    inner = getattr(owner, method)

    def outer(*args: Any, **kwargs: Any) -> Any:
        fail()
        return inner(*args, **kwargs)

    setattr(owner, method, outer)


def _after(owner: Any, method: str, fail: Callable[[], None]) -> None:
    """Make the coroutine method `owner.method` call `fail` when it is done."""
    inner = getattr(owner, method)

    async def outer(*args: Any, **kwargs: Any) -> Any:
        value = await inner(*args, **kwargs)
        fail()
        return value

    setattr(owner, method, outer)


def _raises(name: str, error: Callable[[], BaseException]) -> Callable[[], None]:
    def fail() -> None:
        if armed(name):
            raise error()

    return fail


def _patch() -> None:
    from models.classifier import Classifier
    from streams.alert import docket
    from streams.alert.stage import AlertStage
    from streams.alert.table import IncidentTable
    from streams.errors import PublishError
    from streams.kafka.intake import Intake
    from streams.kafka.publish import Publisher

    _before(Classifier, "encode", _raises("tokeniser", lambda: RuntimeError("fault point: tokeniser")))
    _before(Classifier, "logits", _raises("model", lambda: RuntimeError("fault point: model")))
    _before(Classifier, "logits", _raises("memory", lambda: MemoryError("fault point: memory")))
    _before(docket, "decide", _raises("policy", lambda: RuntimeError("fault point: policy")))
    _before(Publisher, "confirm", _raises("publisher", lambda: PublishError("fault point: publisher")))
    _after(AlertStage, "_deliver", lambda: _die("after-deliver"))
    _after(IncidentTable, "store", lambda: _die("after-store"))
    _between_write_and_ack(IncidentTable)
    _before(Intake, "finish", lambda: _die("before-ack" if "alert" in sys.argv else "before-ack-assess"))


def _between_write_and_ack(table: Any) -> None:
    """Fail in `store` when the changelog record is on its way and its ack is not here."""
    inner = table.store

    async def outer(self: Any, *args: Any, **kwargs: Any) -> None:
        topic = self._table.changelog_topic
        send = topic.send

        async def sent(*more: Any, **named: Any) -> Any:
            future = await send(*more, **named)
            _die("in-store")
            return future

        topic.send = sent
        try:
            await inner(self, *args, **kwargs)
        finally:
            topic.send = send

    table.store = outer


def _move_the_clock() -> None:
    real = time.time
    offset = 0.0

    def moved(_number: int, _frame: object) -> None:
        nonlocal offset
        offset = float((_folder / f"clock-{os.getpid()}").read_text())

    time.time = lambda: real() + offset
    signal.signal(signal.SIGUSR1, moved)


def _drop(share: float) -> None:
    """Let records vanish where Faust itself has lost them: after it has read and booked them, before our ledger."""
    from streams.kafka.app import StageApp

    chance = random.Random(os.getpid())
    inner = StageApp.hand_over

    async def outer(self: StageApp, event: Any) -> None:
        if chance.random() < share:
            self.consumer.ack(event.message)
            return
        await inner(self, event)

    StageApp.hand_over = outer  # type: ignore[method-assign]  # the test's purpose


def _slow(seconds: float) -> None:
    """A classifier that takes so much longer for each batch."""
    from models.classifier import Classifier

    _before(Classifier, "logits", lambda: time.sleep(seconds))


def _blind() -> None:
    """A ledger that calls every hole legitimate, unasked: what Faust's own books come to."""
    from collections.abc import AsyncIterator

    from streams.kafka.reread import Piece, Rereader

    async def pieces(self: Any, tp: Any, hole: Any, abandoned: Any) -> AsyncIterator[Piece]:
        yield Piece(None, hole.end)

    Rereader.pieces = pieces  # type: ignore[method-assign]  # the test's purpose


def _next_version() -> None:
    """Further fields in all that workers read of each other: assessments, ticks, the table's entries."""
    import orjson

    print("a worker of the next version", file=sys.stderr, flush=True)
    from streams.alert import incident, progress
    from streams.assess import stage, work

    def more(inner: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        return lambda record: orjson.dumps(orjson.loads(inner(record)) | {"of_the_next_version": {"x": [1]}})

    for module in (incident, progress, stage, work):
        module.encode = more(module.encode)  # type: ignore[attr-defined]  # the test's purpose


def main() -> None:
    """Patch, then run the command line as it is."""
    _move_the_clock()
    from streams.cli.main import main as run

    _patch()
    if os.environ.get("FAULT_BLIND"):
        _blind()
    if slower := float(os.environ.get("FAULT_SLOW", "0")):
        _slow(slower)
    if os.environ.get("FAULT_NEXT"):
        _next_version()
    if share := float(os.environ.get("FAULT_DROP", "0")):
        _drop(share)
    run()


if __name__ == "__main__":
    main()
