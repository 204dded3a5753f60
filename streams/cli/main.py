"""The `tocsin` command: its groups, and how any of it ends.

Guarantees: an error that we raise on purpose is one sentence on standard error and the exit code of `streams.errors`;
a fault of our own is one sentence too (the traceback is shown at log level DEBUG); a closed pipe is no error to talk
about. Refuses to import anything heavy: each command imports what it needs when it runs.
"""

import sys
from collections.abc import Sequence

import typer

from models.errors import TocsinError
from streams.cli import (
    backtest,
    board,
    canary,
    config,
    demo,
    dlq,
    doctor,
    evaluate,
    explain,
    feed,
    feedback,
    health,
    notify,
    replay,
    schema,
    score,
    tail,
    topics,
    train,
    validate,
    version,
    worker,
)
from streams.cli.output import PipeClosedError, debugging, drop_stdout, prepare_streams, say

__all__ = ["app", "main", "run"]

_INTERRUPTED = 130
_PIPE_CLOSED = 141
_EPILOG = (
    "[bold]Exit codes[/bold]: 0 done; 1 a file, line or record that you gave can't be used, or a check failed;"
    " 2 wrong command line; 3 settings; 4 Kafka; 5 model weights; 6 nearly every record is bad; 7 a port is taken;"
    " 70 a fault of our own; 130 interrupted; 141 the reader of our output went away.",
    "[bold]Settings[/bold] come from the environment (TOCSIN_...) or from a TOML file that TOCSIN_CONFIG names;"
    " `tocsin config show` lists them. Results go to standard output, progress and errors to standard error."
    " NO_COLOR is honoured.",
)

app = typer.Typer(
    name="tocsin",
    help="Reads news from Kafka, scores every sentence for escalation and evacuation, and writes alerts for bots.",
    epilog="\n\n".join(_EPILOG),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_START, _RUN, _LOOK, _REFERENCE = "Start here", "Run it", "Feed it and watch it", "Reference"
_MODEL = "Make and measure a model"

app.command(rich_help_panel=_START)(demo.demo)
app.command(rich_help_panel=_START)(score.score)
app.command(rich_help_panel=_START)(validate.validate)
app.command(rich_help_panel=_RUN)(worker.worker)
app.add_typer(topics.app, name="topics", rich_help_panel=_RUN)
app.add_typer(dlq.app, name="dlq", rich_help_panel=_RUN)
app.command(rich_help_panel=_RUN)(doctor.doctor)
app.command(rich_help_panel=_RUN)(canary.canary)
app.command(rich_help_panel=_RUN)(health.health)
app.command(rich_help_panel=_LOOK)(replay.replay)
app.command(rich_help_panel=_LOOK)(feed.feed)
app.command(rich_help_panel=_LOOK)(board.board)
app.command(rich_help_panel=_LOOK)(tail.tail)
app.command(rich_help_panel=_LOOK)(notify.notify)
app.command(rich_help_panel=_LOOK)(explain.explain)
app.command(rich_help_panel=_LOOK)(feedback.feedback)
app.command(rich_help_panel=_LOOK)(backtest.backtest)
app.command(rich_help_panel=_MODEL)(train.train)
app.command(rich_help_panel=_MODEL)(evaluate.evaluate)
app.add_typer(config.app, name="config", rich_help_panel=_REFERENCE)
app.command(rich_help_panel=_REFERENCE)(schema.schema)
app.command(rich_help_panel=_REFERENCE)(version.version)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Prints the one sentence of whatever goes wrong."""
    try:
        app(list(arguments), prog_name="tocsin")
    except SystemExit as done:  # how typer ends, well or badly; it has printed what there is to say
        return _flushed(done.code if isinstance(done.code, int) else 1)
    except TocsinError as error:
        say(str(error))
        return _flushed(error.exit_code)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (PipeClosedError, BrokenPipeError):
        drop_stdout()
        return _PIPE_CLOSED
    except Exception as error:
        if debugging():
            raise
        kind = type(error).__name__
        say(f"a fault of our own: {kind}: {error}; set TOCSIN_LOG_LEVEL=DEBUG to see the traceback")
        return TocsinError.exit_code
    return _flushed(0)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()
        return _PIPE_CLOSED
    return code


def main() -> None:
    """Entry point of the console script."""
    prepare_streams()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
