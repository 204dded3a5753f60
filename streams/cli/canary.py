"""`tocsin canary`: a test article a minute that must come out as an alert.

Guarantees: what it sends is of status Test and of no country, so that no bot takes it for news. Refuses to judge: age
and latency are metrics, and whoever watches them says what is too old; with `--once` the exit code says it.
"""

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.canary.probe import Arrival
    from streams.settings import Settings

__all__ = ["canary"]


def canary(
    once: Annotated[
        bool, typer.Option("--once", help="One article to each partition; exit code 1 if one does not come out.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="With --once: how long to wait for the alerts.")
    ] = 60,
) -> None:
    """Send test articles and see that alerts come out; serves /metrics, /livez and /readyz."""
    from streams.cli import running
    from streams.observe import logs
    from streams.settings import from_environment

    settings = from_environment()
    if once:
        raise typer.Exit(running.run(settings, _once(settings, wait)))
    logs.configure(settings.log_level, machine=settings.production or not sys.stderr.isatty())
    raise typer.Exit(asyncio.run(_always(settings)))


async def _once(settings: "Settings", wait: float) -> int:
    from streams.canary.metrics import build
    from streams.canary.run import Canary
    from streams.cli.output import line, say

    arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
    bird = Canary(settings, build(time.time()), arrivals.put_nowait)
    ear = asyncio.create_task(bird.listen())
    try:
        async with asyncio.timeout(wait):
            await bird.sing(once=True)
            while bird.waiting or not arrivals.empty():
                arrival = await arrivals.get()
                line(f"partition {arrival.partition}: an alert after {arrival.seconds:.2f} s")
    except TimeoutError:
        say(
            f"{bird.waiting} test articles did not come out within {wait:g} s: do both stages run"
            " (`tocsin worker`), and what do they log?"
            if bird.unready() is None
            else f"no Kafka answers at {settings.brokers} within {wait:g} s (`tocsin doctor` says more)"
        )
        return 1
    finally:
        ear.cancel()
    return 0


async def _always(settings: "Settings") -> int:
    import signal

    from streams.canary.metrics import build
    from streams.canary.run import Canary
    from streams.observe.health import HealthServer

    metrics = build(time.time())
    bird = Canary(settings, metrics, lambda _: None)
    server = HealthServer(settings.web_bind, settings.canary_port, metrics.registry, lambda: None, bird.unready)
    work = [asyncio.create_task(part) for part in (bird.listen(), bird.sing(), bird.count())]
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ended = asyncio.create_task(stop.wait())
    try:
        await server.start()
        done, _ = await asyncio.wait([ended, *work], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # raises what ended it
    finally:
        for task in [ended, *work]:
            task.cancel()
        await asyncio.gather(ended, *work, return_exceptions=True)
        await server.stop()
    return 0
