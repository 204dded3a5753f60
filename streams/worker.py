"""Faust's worker around one stage, without what it adds of its own: logging, a spinner, a debugger behind a signal.

A fault at start-up or later ends in `fault`, for one sentence and one exit code; Faust itself would print a traceback
and exit with 1 whatever it was.
"""

import logging
import signal
from typing import Literal, Self

import faust
from aiokafka.errors import KafkaError

from streams.app import alert_app, assess_app
from streams.errors import BrokerError
from streams.kafka.app import StageApp
from streams.settings import Settings

__all__ = ["StageWorker"]


class StageWorker(faust.Worker):
    """Runs one app until a signal or a fault."""

    mundane_level = "debug"
    app: StageApp

    @classmethod
    def of(cls, stage: Literal["assess", "alert"], settings: Settings) -> Self:
        """A worker for one stage, not yet started."""
        app = assess_app(settings) if stage == "assess" else alert_app(settings)
        worker = cls(app, quiet=True, override_logging=False, redirect_stdouts=False, loglevel="WARN")
        worker.spinner = None
        # Its only words are tracebacks of faults that we report ourselves.
        for name in ("faust.worker", "mode.worker"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return worker

    @property
    def fault(self) -> BaseException | None:
        """What ended it, if that was a fault."""
        return self.app.fault

    def run(self) -> int:
        """Run to the end; 0 after a signal. Look at `fault` first."""
        try:
            self.execute_from_commandline()
        except SystemExit as done:
            return done.code if isinstance(done.code, int) else 0
        except Exception as error:  # noqa: BLE001  (Faust raises again what crashed it)
            self.app.fault = self.app.fault or error
        return 1

    async def start(self) -> None:
        try:
            await super().start()
        except (KafkaError, OSError) as error:
            self._note(BrokerError(f"Kafka refused at start-up ({type(error).__name__}): `tocsin doctor` says more"))
            raise
        except Exception as error:
            self._note(error)
            raise

    def _note(self, error: BaseException) -> None:
        """Keep the first fault. What Faust has to say while it takes down what never stood is an echo of it."""
        self.app.fault = self.app.fault or error
        logging.getLogger("faust").setLevel(logging.CRITICAL)

    def _install_signal_handlers_unix(self) -> None:
        self.loop.add_signal_handler(signal.SIGINT, self._on_sigint)
        self.loop.add_signal_handler(signal.SIGTERM, self._on_sigterm)
