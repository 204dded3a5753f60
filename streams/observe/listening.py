"""Listening on a port of ours: the one way in which every page of ours comes to be served.

Guarantees: a port that another program has is one PortTakenError that says what to do, and nothing is left open then.
"""

from typing import Any

from aiohttp import web

from streams.errors import PortTakenError

__all__ = ["listen", "port_of"]


async def listen(application: web.Application, bind: str, port: int, settings: str, **more: Any) -> web.AppRunner:
    """Serve `application`; `port` 0: any free one. `settings` names those that choose another port, `more` goes to the
    runner. Raises PortTakenError.
    """
    runner = web.AppRunner(application, access_log=None, **more)
    await runner.setup()
    try:
        await web.TCPSite(runner, bind, port).start()
    except OSError as error:
        await runner.cleanup()
        raise PortTakenError(
            f"{bind}:{port} can't be listened on ({error.strerror}): end the program that has it, or"
            f" set {settings} (0: any free port)"
        ) from error
    return runner


def port_of(runner: web.AppRunner | None) -> int:
    """The port that is listened on, also where 0 was asked for. 0 before it runs."""
    return int(runner.addresses[0][1]) if runner is not None and runner.addresses else 0
