"""`tocsin worker`: the two stages, each in a process of its own.

Guarantees: settings are checked before anything starts; the exit code is that of the stage that ended first. Logs go
to standard error, as JSON lines unless a person watches. Refuses to restart a stage: the orchestrator does that.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.settings import Settings

__all__ = ["Stages", "worker"]

_SECONDS = 5.0
"""For asking the broker why it refuses us."""


class Stages(StrEnum):
    """Which part of the work this process does."""

    assess = "assess"
    alert = "alert"
    both = "both"


def worker(
    stages: Annotated[
        Stages, typer.Option(help="Stage to run; both: a process for each, ended together.")
    ] = Stages.both,
    shadow: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Weights to try beside the first: scored and compared, never published."),
    ] = None,
) -> None:
    """Run the processor: articles in, alerts out.

    Needs a Kafka (TOCSIN_BROKERS) with its topics (`tocsin topics create`). SIGTERM drains and stops.
    """
    from streams.cli import running
    from streams.observe import logs
    from streams.settings import from_environment

    settings = from_environment(**({"shadow_weights": shadow} if shadow else {}))
    logs.configure(settings.log_level, machine=settings.production or not sys.stderr.isatty())
    if shadow and stages is Stages.alert:
        raise typer.BadParameter("--shadow goes with the assess stage, which has the classifier")
    # Asked here as well as by the stage, because here the answer is one sentence and its own exit code.
    running.run(settings, _check(settings))
    from streams.process import run_both, run_stage

    if stages is Stages.both:
        tried = ["--shadow", str(shadow)] if shadow else []
        code = run_both([sys.executable, "-m", "streams.cli.main", "worker"], assess=tried)
    else:
        code = run_stage("assess" if stages is Stages.assess else "alert", settings)
    raise typer.Exit(code)


async def _check(settings: "Settings") -> None:
    """Raises BrokerError with the reason: aiokafka says of every one that it could not bootstrap."""
    from streams.cli.refusals import refusal
    from streams.errors import BrokerError, TopicMissingError
    from streams.kafka import topics

    try:
        topics.check(settings, await topics.existing(settings))
    except TopicMissingError:
        raise
    except BrokerError as error:
        found = await refusal(settings, _SECONDS)
        if found is None:
            raise
        why, fix = found
        raise BrokerError(f"no Kafka answers at {settings.brokers}: {why}; {fix}") from error
