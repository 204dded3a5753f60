"""Two figures of an event, several sets in each: how precision falls as recall rises, and what a score means.

Guarantees: PNG files of 1200 x 900 pixels, the same bytes for the same figures and matplotlib; no window, no global
state of matplotlib; colours that colour-blind readers tell apart (Okabe and Ito 2008, "Color Universal Design") with a
dash pattern each; unknown answers are left out, `mass` counts everywhere.
Refuses to draw more than MOST_CURVES in one figure, and precision and recall of a set without positives: a line above
the axes names what is not drawn, as far as it fits. Needs matplotlib (the extra `train`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from models.calibration import expected_calibration_error
from models.manifest import Thresholds
from models.training.metrics import average_precision, precision_recall
from models.training.tables import inert

__all__ = ["BINS", "MOST_CURVES", "Answers", "bins_of", "precision_recall_figure", "reliability_figure"]

Floats1d = npt.NDArray[np.float64]  # [n]

BINS: Final = 10
MOST_CURVES: Final = 8

# Black, blue, vermilion, green, orange, purple, sky blue: their yellow is too pale for a line on white.
_COLOURS: Final = ("#000000", "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
_DASHES: Final = ("-", "--", "-.", ":")
# A bin with fewer sentences than this is drawn hollow.
_FEW: Final = 10
# Characters that fit: in a line across the figure, in the name of a set, in one of three columns of the legend.
_WIDEST, _NAME, _COLUMN = 150, 40, 46
_POINTS: Final = (("high_recall", "v"), ("default", "o"), ("high_precision", "s"))


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One set: scores, truths (0, 1, NaN) and mass, [n] each."""

    name: str
    scores: Floats1d
    truths: Floats1d
    mass: Floats1d

    def known(self) -> "Answers":
        """Without the sentences whose answer is unknown, or which stand for none."""
        rows = ~np.isnan(self.truths) & (self.mass > 0)
        return Answers(self.name, self.scores[rows].astype(np.float64), self.truths[rows], self.mass[rows])

    @property
    def positives(self) -> int:
        """How many sentences are positive."""
        return int((self.truths == 1).sum())


def precision_recall_figure(path: Path, event: str, answers: Sequence[Answers], points: Thresholds) -> None:
    """Write precision over recall of each set, the three operating points marked on each curve."""
    known = [part.known() for part in answers]
    drawn = [part for part in known if part.positives][:MOST_CURVES]
    figure = _figure(f"{event}: precision and recall")
    axes: Axes = figure.subplots()
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(0.0, 1.02))
    lines = []
    for number, part in enumerate(drawn):
        precision, recall, thresholds = precision_recall(part.scores, part.truths, part.mass)
        colour, dash = _style(number)
        # Steps: between two thresholds there is no classifier, so a slope would promise what nobody can have.
        (line,) = axes.step(np.append(0.0, recall), np.append(precision[0], precision), color=colour, linestyle=dash)
        area = average_precision(part.scores, part.truths, part.mass)
        line.set(linewidth=2.0, label=f"{_label(part.name)}: {part.positives} of {part.truths.size}, AP {area:.3f}")
        lines.append(line)
        for name, marker in _POINTS:
            # Thresholds fall along the curve: the last one that is not below the operating point is where it lies.
            if at := int((thresholds >= getattr(points, name)).sum()):
                (mark,) = axes.plot(recall[at - 1], precision[at - 1], marker, color=colour, markersize=9)
                mark.set_markeredgecolor("white")
    lines += [
        Line2D([], [], color="#555555", marker=marker, linestyle="", markersize=9, label=_point(name, points))
        for name, marker in _POINTS
    ]
    _legend(figure, lines, "set: positive of known answers, average precision")
    axes.grid(visible=True, color="#dddddd")
    _remark(axes, known, drawn, "no positive answer, or too many sets")
    _write(figure, path)


def reliability_figure(path: Path, event: str, answers: Sequence[Answers]) -> None:
    """Write the share of positives over the mean score, by ten bins of the score, and each bin's share of the mass."""
    known = [part.known() for part in answers]
    drawn = sorted((part for part in known if part.truths.size), key=lambda part: not part.positives)[:MOST_CURVES]
    figure = _figure(f"{event}: what a score means")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color="#999999", linewidth=1.0)
    upper.set(ylabel="share of positives", xlim=(0.0, 1.0), ylim=(-0.02, 1.02))
    lower.set(xlabel="score (mean of its bin above, bin below)", ylabel="share of the mass")
    width = 0.9 / BINS / max(1, len(drawn))
    lines, least = [], 1.0
    for number, part in enumerate(drawn):
        score, share, mass, count = bins_of(part)
        colour, dash = _style(number)
        error = expected_calibration_error(part.scores, part.truths, weights=part.mass)
        filled = count > 0
        (line,) = upper.plot(score[filled], share[filled], color=colour, linestyle=dash)
        line.set(linewidth=2.0, label=f"{_label(part.name)}: {part.positives} of {part.truths.size}, error {error:.3f}")
        lines.append(line)
        for rows, face in ((count >= _FEW, colour), (filled & (count < _FEW), "white")):
            upper.plot(score[rows], share[rows], "o", color=colour, markerfacecolor=face, markersize=7)
        left = (np.arange(BINS) + 0.05) / BINS + number * width
        least = min(least, float(mass[filled].min()))
        lower.bar(left[filled], mass[filled], width, align="edge", color=colour)
    if drawn:
        # Nearly all news is in the first bin: on a linear scale the others could not be seen.
        lower.set_yscale("log")
        lower.set_ylim(least / 2, 1.2)
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    _legend(figure, lines, f"set: positive of known answers, calibration error (hollow: under {_FEW} sentences)")
    for axes in (upper, lower):
        axes.set_xticks(np.linspace(0.0, 1.0, BINS + 1))
        axes.grid(visible=True, color="#dddddd")
        axes.set_axisbelow(True)
    _remark(upper, known, drawn, "no known answer, or too many sets")
    _write(figure, path)


def bins_of(answers: Answers) -> tuple[Floats1d, Floats1d, Floats1d, npt.NDArray[np.int64]]:
    """(mean score, share of positives, share of the mass, sentences) of BINS equal bins of the score; NaN where empty.

    The bins of `expected_calibration_error`, a score of 1 in the last; answers must be known, their mass above 0.
    """
    index = np.minimum((answers.scores * BINS).astype(np.int64), BINS - 1)
    mass = np.bincount(index, answers.mass, BINS)
    score = np.bincount(index, answers.mass * answers.scores, BINS)
    positive = np.bincount(index, answers.mass * answers.truths, BINS)
    count = np.bincount(index, minlength=BINS).astype(np.int64)
    below = np.where(mass > 0, mass, np.nan)
    return score / below, positive / below, mass / mass.sum(), count


def _figure(title: str) -> Figure:
    figure = Figure(figsize=(12.0, 9.0), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=15)
    return figure


def _style(number: int) -> tuple[str, str]:
    return _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]


def _point(name: str, points: Thresholds) -> str:
    return f"{name.replace('_', ' ')} {getattr(points, name):.2f}"


def _label(text: str) -> str:
    # Matplotlib's font lacks many letters, and a label that begins with an underscore is dropped.
    shown = inert(text).encode("ascii", "backslashreplace").decode()
    shown = shown if len(shown) <= _NAME else f"{shown[: _NAME - 3]}..."
    return f" {shown}" if shown.startswith("_") else shown


def _legend(figure: Figure, lines: Sequence[Line2D], title: str) -> None:
    """Below the axes: inside, it would hide curves."""
    if not lines:
        return
    labels = [str(line.get_label()) for line in lines]
    columns = min(len(lines), 3 if max(map(len, labels)) <= _COLUMN else 2)
    made = figure.legend(lines, labels, loc="outside lower center", ncols=columns, title=title, handlelength=3.5)
    for text in made.get_texts():
        text.set_parse_math(False)


def _remark(axes: Axes, known: Sequence[Answers], drawn: Sequence[Answers], why: str) -> None:
    names = [_label(part.name) for part in known if not any(part is other for other in drawn)]
    if names:
        said = f"Not drawn ({why}): {', '.join(names)}"
        text = axes.set_title(said if len(said) <= _WIDEST else f"{said[: _WIDEST - 3]}...", fontsize=9)
        text.set(color="#555555", parse_math=False)


def _write(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="png", metadata={"Software": None})
