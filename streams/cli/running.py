"""Running what talks to Kafka from a command: one event loop, quiet clients, one sentence for whatever Kafka says.

Guarantees: no log line of a client library reaches the terminal unless the log level is DEBUG; every error of Kafka's
is a BrokerError. Refuses nothing.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from streams.errors import BrokerError

if TYPE_CHECKING:
    from streams.settings import Settings

__all__ = ["quiet", "run"]

_T = TypeVar("_T")
_CLIENTS = ("aiokafka", "asyncio")


def quiet(settings: "Settings") -> None:
    """Logs of client libraries only at level DEBUG: a command says in its own words what went wrong."""
    if settings.log_level == "DEBUG":
        from streams.observe import logs

        logs.configure("DEBUG", machine=False)
        return
    for name in _CLIENTS:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def run(settings: "Settings", work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, on an event loop of its own. Raises BrokerError for any error of Kafka's."""
    from aiokafka.errors import KafkaError

    levels = {name: logging.getLogger(name).level for name in _CLIENTS}
    quiet(settings)
    try:
        return asyncio.run(work)
    except KafkaError as error:
        name = type(error).__name__
        raise BrokerError(f"Kafka at {settings.brokers} refuses: {name}; `tocsin doctor` says more") from error
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
