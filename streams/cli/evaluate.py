"""`tocsin evaluate`: the figures of a folder of weights, beside those of regular expressions and keyword lists.

Guarantees: measures rows that never trained; says which sets were left out and which option brings them; every sentence
is scored once, so that table, figures and page agree; with --out the files are written before the table is printed, and
without matplotlib only the figures are missing. Refuses faulty paths before it scores anything.
"""

import json
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models import Classifier
    from models.encoding import Context
    from models.manifest import Manifest
    from models.training.data import Example
    from models.training.evaluate import Report, Scorer
    from models.training.gather import Gathered
    from models.training.wholes import Whole

    Sets = Mapping[str, Sequence[Example]]

__all__ = ["Split", "evaluate"]

_WORST = 50
"""Errors that the page shows of a set and event."""


class Split(StrEnum):
    """Which held-out sentences of corpus and pool are measured."""

    dev = "dev"
    test = "test"


def evaluate(
    weights: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Weights to measure. Default: those that the worker uses.")
    ] = None,
    pool: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Pool of real news: brings the real sentences and the news sample."),
    ] = None,
    public: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="Public sets, *.jsonl; may be given more than once.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write report, figures and the worst errors there.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=0, help="Bootstrap rounds of the 95 % intervals; 0: none.")] = 1000,
    split: Annotated[Split, typer.Option(help="Held-out sentences of corpus and pool.")] = Split.test,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of torch. Default: all cores.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Measure a classifier on everything that is held out, and print the table.

    The pool and the public sets are no part of the project: without their options the written sentences are measured.
    """
    if markdown and as_json:
        raise typer.BadParameter("--markdown and --json exclude each other")
    from models import LABELS, Classifier
    from models.training.article_figures import measure_articles
    from models.training.evaluate import plain
    from models.training.gather import Sources, gather
    from models.training.robust import robustness
    from models.training.sets import NEWS, measure_all, named_sets
    from models.training.tables import as_markdown, as_text, tables_of
    from streams.cli.output import line, say
    from streams.errors import InputError
    from streams.ingest.text import fold
    from streams.settings import from_environment

    if out is not None:
        _make(out)
    files = _public_files(public or [])
    classifier = Classifier.load(weights or from_environment().weights, threads=threads or os.cpu_count())
    data = gather(Sources(pool=pool, clean=fold))
    sets = named_sets(data, files, split.value)
    if not sets:
        raise InputError(f"there is nothing to measure: no sentence is in the split {split.value}")
    scorer = _Once(classifier)
    manifest = classifier.manifest
    thresholds = {label: manifest.threshold(label) for label in LABELS}
    report = measure_all(scorer, thresholds, sets, rounds, say)
    articles = measure_articles(scorer, thresholds, manifest.aggregation, _wholes(pool), split.value)
    damages = robustness(scorer, thresholds, data.corpus_of(split.value), fold)
    left_out = _left_out(data, split.value, pool, files)
    heading = _heading(manifest, split.value, rounds, NEWS in sets, left_out)
    tables = tables_of(report, articles, damages)
    whole = _whole(manifest, thresholds, split.value, rounds, left_out, report)
    whole |= {"articles": plain(articles), "damages": plain(damages)}
    try:
        if out is not None:
            _write(out, whole, {"txt": as_text(tables, heading), "md": as_markdown(tables, heading)})
            _draw(out, scorer, sets, classifier)
            _page(out, scorer, sets, thresholds, f"{manifest.name} {manifest.version}: the worst errors")
    finally:
        # Minutes of measuring are not thrown away because a disk is full.
        if as_json:
            line(_json(whole))
        else:
            line(as_markdown(tables, heading) if markdown else as_text(tables, heading))


class _Once:
    """A scorer that asks another one once for every sentence: sets overlap, and figures need the scores again."""

    def __init__(self, scorer: "Scorer") -> None:
        self._scorer = scorer
        self._known: dict[tuple[str, Context | None], npt.NDArray[np.float32]] = {}

    def scores(
        self, sentences: Sequence[str], contexts: "Sequence[Context | None] | None" = None
    ) -> "npt.NDArray[np.float32]":
        import numpy as np

        from models import LABELS

        keys = list(zip(sentences, contexts or [None] * len(sentences), strict=True))
        new = list(dict.fromkeys(key for key in keys if key not in self._known))
        if new:
            found = self._scorer.scores([text for text, _ in new], [context for _, context in new])
            self._known.update(zip(new, found, strict=True))
        rows = [self._known[key] for key in keys]
        return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(LABELS))


def _wholes(pool: Path | None) -> "list[Whole]":
    from models.training.pool import read_pool
    from models.training.wholes import pool_wholes, written_wholes
    from streams.ingest.sentences import split
    from streams.ingest.text import fold

    return written_wholes(split, fold) + (pool_wholes(read_pool(pool), split, fold) if pool else [])


def _public_files(folders: Sequence[Path]) -> list[Path]:
    """The files of all folders. Raises CorpusError, and InputError where two sets would go by one name."""
    from models.training.public import public_sets
    from streams.errors import InputError

    files: dict[str, Path] = {}
    for path in (path for folder in folders for path in public_sets(folder)):
        if path.stem in files:
            raise InputError(f"{files[path.stem]} and {path} would be sets of one name: give --public one of them")
        files[path.stem] = path
    return list(files.values())


def _left_out(data: "Gathered", split: str, pool: Path | None, public: Sequence[Path]) -> list[str]:
    parts = []
    if pool is None:
        parts.append("real sentences and the news sample (--pool FOLDER brings them)")
    else:
        parts += [
            f"{name} (no labelled sentence of the pool is in the split {part})"
            for name, part in (("real sentences", split), ("the news sample", "calibration"))
            if not data.pool_of(part)
        ]
    return parts if public else [*parts, "public sets (--public FOLDER brings them)"]


def _heading(manifest: "Manifest", split: str, rounds: int, news: bool, left_out: Sequence[str]) -> list[str]:
    from models.labels import EVENTS
    from models.training.sets import NEWS

    points = ", ".join(f"{event} from {manifest.threshold(event):.3f}" for event in EVENTS)
    drawn = f"{rounds} bootstrap rounds over groups and articles" if rounds else "no bootstrap, so no intervals"
    lines = [
        f"Weights {manifest.name} {manifest.version} ({manifest.sha256[:12]}), split {split}, {drawn}.",
        f"A sentence is evidence: {points}.",
    ]
    if news:
        lines.append(f"The {NEWS} counts by mass, but for n, pos., right and the tables by kind.")
    if news or split == Split.dev:
        fitted = " and ".join(["dev"] * (split == Split.dev) + [f"the {NEWS}"] * news)
        lines.append(f"Training fits calibration and thresholds on {fitted}: figures there are kinder than elsewhere.")
    return [*lines, f"Not measured: {'; '.join(left_out)}."] if left_out else lines


def _whole(
    manifest: "Manifest",
    thresholds: Mapping[str, float],
    split: str,
    rounds: int,
    left_out: Sequence[str],
    report: "Report",
) -> dict[str, Any]:
    return {
        "weights": {"name": manifest.name, "version": manifest.version, "sha256": manifest.sha256},
        "split": split,
        "rounds": rounds,
        "thresholds": dict(thresholds),
        "left_out": list(left_out),
        **report.to_dict(),
    }


def _json(whole: Mapping[str, Any], indent: int | None = None) -> str:
    # Not orjson: it refuses unpaired surrogates, which names of files and kinds may hold.
    return json.dumps(whole, indent=indent, allow_nan=False)


def _make(folder: Path) -> None:
    from streams.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {folder} can't be made a folder: {error.strerror}") from error


def _save(path: Path, text: str) -> None:
    from streams.errors import InputError

    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}") from error


def _write(out: Path, whole: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    from streams.cli.output import say

    _save(out / "report.json", _json(whole, indent=2) + "\n")
    for ending, text in texts.items():
        _save(out / f"report.{ending}", text + "\n")
    say(f"wrote {', '.join(f'report.{ending}' for ending in ('json', *texts))} in {out}")


def _apart(sets: "Sets") -> "Sets":
    """Sets without those that are parts of another one."""
    return {name: rows for name, rows in sets.items() if name.split(", ")[0] not in set(sets) - {name}}


def _draw(out: Path, scorer: "Scorer", sets: "Sets", classifier: "Classifier") -> None:
    import numpy as np

    from models.labels import EVENTS, LABELS
    from streams.cli.output import say
    from streams.errors import InputError

    try:
        from models.training.plots import Answers, precision_recall_figure, reliability_figure
    except ImportError as error:
        say(f"no figures, they need matplotlib: pip install 'tocsin[train]' brings it ({error})")
        return
    for event in EVENTS:
        column = LABELS.index(event)
        answers = [
            Answers(
                name,
                np.asarray(scorer.scores([e.text for e in rows], [e.context for e in rows])[:, column], np.float64),
                np.asarray([e.target(event) for e in rows], np.float64),
                np.asarray([e.mass for e in rows], np.float64),
            )
            for name, rows in _apart(sets).items()
        ]
        try:
            precision_recall_figure(out / f"pr-{event}.png", event, answers, classifier.manifest.thresholds[event])
            reliability_figure(out / f"reliability-{event}.png", event, answers)
        except OSError as error:
            raise InputError(f"the figures can't be written in {out}: {error.strerror}") from error
        say(f"wrote pr-{event}.png, reliability-{event}.png in {out}")


def _page(out: Path, scorer: "Scorer", sets: "Sets", thresholds: Mapping[str, float], title: str) -> None:
    from models.labels import EVENTS
    from models.training.evaluate import worst_errors
    from models.training.page import Errors, errors_page
    from streams.cli.output import say

    errors = []
    for name, rows in _apart(sets).items():
        for event in EVENTS:
            if not any(row.target(event) in (0.0, 1.0) for row in rows):
                continue
            found = worst_errors(scorer, thresholds, rows, event, most=len(rows))
            errors.append(Errors(name, event, thresholds[event], len(found), tuple(found[:_WORST])))
    _save(out / "errors.html", errors_page(title, errors))
    say(f"wrote errors.html in {out}: it quotes publishers' text, so don't publish it")
