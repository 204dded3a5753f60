"""A report as tables: plain text for a terminal, or Markdown for the model card.

Guarantees: both show the same rows in the same order, every column aligned in the text; a figure that nothing supports
is `-`; what a table cuts, its last line says; names that come from files can't break a line, colour a terminal, or act
as Markdown. Refuses to judge: it shows what was measured.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.labels import EVENTS, SIGNALS
from models.training.article_figures import ArticleFigures
from models.training.evaluate import KINDS, Report, SetReport, Share
from models.training.metrics import Binary
from models.training.robust import Borne
from models.training.sets import BASELINES

__all__ = ["FEW", "MOST_ROWS", "Table", "as_markdown", "as_text", "inert", "tables_of"]

MOST_ROWS: Final = 40
FEW: Final = 4
"""Kinds with fewer sentences than this come last: one wrong sentence would put them first."""

_WIDEST: Final = 60
_UNKNOWN: Final = "-"
_SHORT: Final = "AP: average precision. ECE: expected calibration error. FPR: false-positive rate."
# Whatever GitHub's Markdown reads as more than a letter; an underscore acts only at the edge of a word.
_ACTIVE: Final = re.compile(r"[\\`*<>\[\]|~&$#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown. The first `words` columns are words, the others figures. `note` may be empty."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    note: str = ""


def as_text(tables: Sequence[Table], heading: Sequence[str] = ()) -> str:
    """Tables for a terminal of any width, below the lines of `heading`."""
    parts = ["\n".join(inert(line) for line in heading)] if heading else []
    return "\n\n".join([*parts, *map(_text, tables)])


def as_markdown(tables: Sequence[Table], heading: Sequence[str] = ()) -> str:
    """Tables as Markdown (GitHub's), below the lines of `heading`, a paragraph each."""
    parts = [_quiet(inert(line)) for line in heading]
    return "\n\n".join([*parts, *map(_markdown, tables)])


def inert(text: str) -> str:
    """`text` on one line: whatever is not printable (controls, bidi marks, unpaired surrogates) as an escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def tables_of(report: Report, articles: Sequence[ArticleFigures] = (), damages: Sequence[Borne] = ()) -> list[Table]:
    """The summary; groups; whole articles; damages; each set's signals; each set's kinds of sentences.

    Tables without a row are left out.
    """
    sets = [part for part in report.sets if part.scorer == "model"]
    tables = [_summary(report, sets), _groups(sets), _articles(articles), _damages(damages), *map(_signals, sets)]
    tables += [table for part in sets for table in _breakdowns(part)]
    return [table for table in tables if table.rows]


def _summary(report: Report, sets: Sequence[SetReport]) -> Table:
    heads = ["set", "event", "n", "pos.", "prec.", "recall", "F1", "F1, 95 %", "AP", "ECE", "FPR"]
    heads += [head for name in BASELINES for head in (f"{name} F1", f"{name} FPR")]
    rows = []
    for part in sets:
        for event in EVENTS:
            if event not in part.labels:
                continue
            found = part.labels[event]
            low, high = part.intervals.get(event, {}).get("f1", (math.nan, math.nan))
            # Without positives F1 is unknown, but drawing rows again still finds 0 wherever something is said.
            known = not math.isnan(found.f1 + low)
            cells = [_name(part.name), event, str(found.n), str(found.positives)]
            cells += map(_three, (found.precision, found.recall, found.f1))
            cells += [f"{low:.3f}-{high:.3f}" if known else _UNKNOWN]
            cells += [*map(_three, (found.average_precision, found.calibration_error))]
            cells += [_percent(found.false_positive_rate, 2)]
            for name in BASELINES:
                other = report.of(part.name, name)
                figures = other.labels.get(event) if other is not None else None
                cells += (
                    [_UNKNOWN] * 2
                    if figures is None
                    else [_three(figures.f1), _percent(figures.false_positive_rate, 2)]
                )
            rows.append(tuple(cells))
    silent = [_name(part.name) for part in sets if not set(EVENTS) & set(part.labels)]
    note = _SHORT + (f" Without a known answer to either event: {'; '.join(silent)}." if silent else "")
    return Table("Summary", tuple(heads), tuple(rows), words=2, note=note)


def _signals(part: SetReport) -> Table:
    heads = ("signal", "n", "pos.", "prec.", "recall", "F1", "AP", "ECE", "FPR")
    rows = []
    for signal in SIGNALS:
        if (found := part.labels.get(signal)) is not None:
            figures = (found.precision, found.recall, found.f1, found.average_precision, found.calibration_error)
            counts = (signal, str(found.n), str(found.positives))
            rows.append((*counts, *map(_three, figures), _percent(found.false_positive_rate, 2)))
    return Table(f"Signals: {_name(part.name)}", heads, tuple(rows))


def _breakdowns(part: SetReport) -> Iterator[Table]:
    for kind in KINDS:
        shares = part.by.get(kind, {})
        if len(shares) > 1:
            yield _breakdown(f"By {kind}: {_name(part.name)}", kind, shares)


def _breakdown(title: str, kind: str, shares: Mapping[str, Share]) -> Table:
    heads = [kind, "n", "right"]
    heads += [f"{event[:3]}. {figure}" for event in EVENTS for figure in ("pos.", "prec.", "recall", "FPR")]
    # ORDER: kinds with enough sentences first, the worst of them first; of equals the greater says more.
    order = sorted(shares, key=lambda value: (shares[value].n < FEW, shares[value].right, -shares[value].n, value))
    rows = []
    for value in order[:MOST_ROWS]:
        share = shares[value]
        cells = [_name(value), str(share.n), _percent(share.right)]
        for event in EVENTS:
            found = share.events.get(event)
            cells += [_UNKNOWN] * 4 if found is None else _of_event(found)
        rows.append(tuple(cells))
    return Table(title, tuple(heads), tuple(rows), note=_cut([shares[value] for value in order[MOST_ROWS:]]))


def _of_event(found: Binary) -> list[str]:
    return [str(found.positives), _three(found.precision), _three(found.recall), _percent(found.false_positive_rate)]


def _cut(left: Sequence[Share]) -> str:
    enough = [share for share in left if share.n >= FEW]
    parts = []
    if enough:
        parts.append(f"{len(enough)} with {_percent(enough[0].right)} or more right")
    if len(enough) < len(left):
        parts.append(f"{len(left) - len(enough)} of fewer than {FEW} sentences")
    return f"Not shown: {' and '.join(parts)}." if parts else ""


def _groups(sets: Sequence[SetReport]) -> Table:
    asked = (*EVENTS, "both")
    rows = []
    for part in sets:
        shares = [part.groups_right.get(name, math.nan) for name in asked]
        if not all(map(math.isnan, shares)):
            rows.append((_name(part.name), *map(_percent, shares)))
    note = "Written sentences: minimal pairs. Real sentences: those of one article."
    return Table("Groups of two or more with every sentence right", ("set", *asked), tuple(rows), note=note)


def _articles(found: Sequence[ArticleFigures]) -> Table:
    heads = ["articles", "event", "n", "pos."]
    heads += [f"{way} {figure}" for way in ("learned", "best sentence") for figure in ("prec.", "recall", "F1", "AP")]
    rows = []
    for one in found:
        cells = [one.origin, one.event, str(one.learned.n), str(one.learned.positives)]
        for way in (one.learned, one.best_sentence):
            cells += map(_three, (way.precision, way.recall, way.f1, way.average_precision))
        rows.append(tuple(cells))
    note = "Held-out whole articles: is the event the article's news? Called by the learned score, or by any evidence."
    return Table("Whole articles", tuple(heads), tuple(rows), words=2, note=note)


def _damages(found: Sequence[Borne]) -> Table:
    rows = tuple(
        (one.damage, one.event, str(one.n), _percent(one.stable), _three(one.f1_before), _three(one.f1_after))
        for one in found
    )
    note = "Damage that leaves the right answer as it is; cleaned as the worker cleans."
    return Table("Damaged sentences", ("damage", "event", "n", "stable", "F1", "damaged"), rows, words=2, note=note)


def _three(value: float) -> str:
    return _UNKNOWN if math.isnan(value) else f"{value:.3f}"


def _percent(value: float, digits: int = 1) -> str:
    return _UNKNOWN if math.isnan(value) else f"{100 * value:.{digits}f} %"


def _name(text: str) -> str:
    shown = inert(text)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


def _text(table: Table) -> str:
    lines = [table.heads, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.heads))]

    def row(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if column < table.words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    ruler = "  ".join("-" * width for width in widths)
    shown = [table.title, "", row(table.heads), ruler, *map(row, table.rows)]
    return "\n".join([*shown, table.note] if table.note else shown)


def _markdown(table: Table) -> str:
    sides = ["---" if column < table.words else "---:" for column in range(len(table.heads))]
    lines = [table.heads, tuple(sides), *(tuple(map(_quiet, row)) for row in table.rows)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([f"### {_quiet(table.title)}", body, *([_quiet(table.note)] if table.note else [])])


def _quiet(text: str) -> str:
    return _ACTIVE.sub(r"\\\g<0>", text)
