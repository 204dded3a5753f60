"""Tables, figures and the page of errors: what they show, what they leave out, and that hostile text stays text."""

import math
import struct
import warnings
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.calibration import expected_calibration_error
from models.labels import EVENTS, LABELS
from models.manifest import Thresholds
from models.training.data import Example
from models.training.evaluate import Report, SetReport, Share, measure
from models.training.metrics import Binary
from models.training.page import Errors, errors_page
from models.training.plots import (
    BINS,
    MOST_CURVES,
    Answers,
    bins_of,
    precision_recall_figure,
    reliability_figure,
)
from models.training.sets import BASELINES, measure_all
from models.training.tables import MOST_ROWS, Table, as_markdown, as_text, inert, tables_of

NAN = math.nan
HOSTILE = "<script>alert(1)</script> ]]> \"double\" 'single' & \u202eevil\u2066 \x1b[31m \ud800 --> | `x` *b*"
POINTS = Thresholds(0.5, 0.25, 0.75)


def figures(n: int = 10, positives: int = 4, f1: float = 0.5, false_positive_rate: float = 0.0123) -> Binary:
    return Binary(n, positives, 0.6, 0.4, f1, false_positive_rate, 0.7, 0.05)


def unknown(n: int = 10) -> Binary:
    return Binary(n, 0, NAN, NAN, NAN, 0.0, NAN, 0.05)


def shares(rows: dict[str, tuple[int, float]]) -> dict[str, Share]:
    return {name: Share(n, right, {"escalation": figures(n)}) for name, (n, right) in rows.items()}


def report(name: str = "written test", by: dict[str, dict[str, Share]] | None = None) -> Report:
    labels = {"escalation": figures(), "evacuation": unknown(), "threat": figures()}
    model = SetReport(
        name=name,
        scorer="model",
        n=10,
        labels=labels,
        intervals={"escalation": {"f1": (0.4, 0.6)}, "evacuation": {"f1": (0.0, 0.0)}},
        groups_right={"escalation": 0.5, "evacuation": NAN, "both": 0.25},
        by=by or {},
    )
    regex = SetReport(name, "regex", 10, {"escalation": figures(f1=0.321, false_positive_rate=0.2)})
    return Report((model, regex))


def table(found: Report, title: str) -> Table:
    (one,) = (table for table in tables_of(found) if table.title.startswith(title))
    return one


def cells(found: Report, title: str, row: int) -> dict[str, str]:
    one = table(found, title)
    return dict(zip(one.heads, one.rows[row], strict=True))


def test_the_summary_sets_the_model_beside_the_baselines() -> None:
    found = cells(report(), "Summary", 0)
    assert found["set"] == "written test"
    assert found["F1, 95 %"] == "0.400-0.600"
    assert (found["F1"], found["regex F1"], found["regex FPR"]) == ("0.500", "0.321", "20.00 %")
    assert (found["FPR"], found["AP"], found["ECE"]) == ("1.23 %", "0.700", "0.050")
    assert all(f"{name} F1" in found for name in BASELINES)


def test_what_nothing_supports_is_a_dash() -> None:
    found = cells(report(), "Summary", 1)
    assert (found["pos."], found["FPR"]) == ("0", "0.00 %")
    # Its interval of (0, 0) is no interval of an F1: there are no positives.
    for head in ("prec.", "recall", "F1", "F1, 95 %", "AP", "regex F1", "keywords F1", "keywords FPR"):
        assert found[head] == "-"
    assert cells(report(), "Groups", 0) == {
        "set": "written test",
        "escalation": "50.0 %",
        "evacuation": "-",
        "both": "25.0 %",
    }


def test_a_set_without_any_answer_is_named_below_the_summary() -> None:
    silent = Report((*report().sets, SetReport("mute", "model", 3, {})))
    assert len(table(silent, "Summary").rows) == 2
    assert "either event: mute." in table(silent, "Summary").note


def test_columns_are_aligned() -> None:
    text = as_text(tables_of(report(by={"trap": shares({"a": (100, 0.5), "longer name": (5, 1.0)})})), ["First line."])
    assert text.startswith("First line.\n\nSummary\n\n")
    for block in text.split("\n\n")[2::2]:
        lines = block.split("\n")
        ruler = next(line for line in lines if set(line) == {"-", " "})
        ends = [at for at, letter in enumerate(ruler + " ") if letter == " " and ruler[at - 1] == "-"]
        for line in lines[: lines.index(ruler) + 1]:
            assert len(line) == len(ruler)
        for end in ends:
            # Nothing crosses the gap between two columns.
            assert all(line[end : end + 2].strip() == "" for line in lines if not line.endswith("."))


def test_kinds_with_one_value_are_left_out() -> None:
    titles = [one.title for one in tables_of(report(by={"register": shares({"wire": (9, 1.0)}), "source": {}}))]
    assert not any(title.startswith("By") for title in titles)


def test_the_worst_come_first_and_few_sentences_last() -> None:
    by = {"trap": shares({"good": (9, 0.9), "bad": (4, 0.25), "tiny": (3, 0.0), "large": (50, 0.25)})}
    assert [row[0] for row in table(report(by=by), "By trap").rows] == ["large", "bad", "good", "tiny"]


def test_a_cut_table_says_what_is_missing() -> None:
    many = {f"t{number:02}": (5, number / 100) for number in range(MOST_ROWS + 2)} | {"tiny": (1, 0.0)}
    one = table(report(by={"trap": shares(many)}), "By trap")
    assert len(one.rows) == MOST_ROWS
    assert one.note == "Not shown: 2 with 40.0 % or more right and 1 of fewer than 4 sentences."
    whole = table(report(by={"trap": shares({"a": (5, 0.5), "b": (5, 0.5)})}), "By trap")
    assert whole.note == ""


def test_an_event_unknown_to_a_kind_is_dashes() -> None:
    found = cells(report(by={"decade": shares({"1980s": (9, 0.5), "2020s": (9, 0.6)})}), "By decade", 0)
    assert (found["esc. pos."], found["eva. pos."], found["eva. FPR"]) == ("4", "-", "-")


def test_markdown_shows_the_same_rows_and_no_name_breaks_a_cell() -> None:
    by = {"source": shares({HOSTILE: (9, 0.5), "_a_ | b": (9, 0.6), "a_b": (9, 0.7)})}
    text = as_markdown(tables_of(report(HOSTILE, by)), ["Weights *x* | y"])
    assert text.startswith(r"Weights \*x\* \| y")
    assert r"\_a\_ \| b" in text
    assert "| a_b |" in text
    assert "<script>" not in text.replace(r"\<", "")
    assert "\u202e" not in text
    for one, block in zip(tables_of(report(HOSTILE, by)), text.split("\n\n### ")[1:], strict=True):
        lines = [line for line in block.split("\n") if line.startswith("|")]
        assert len(lines) == len(one.rows) + 2
        assert {line.replace(r"\|", "").count("|") for line in lines} == {len(one.heads) + 1}


def test_names_from_files_cannot_act_on_a_terminal() -> None:
    text = as_text(tables_of(report("a\nb\x1b[2J\u202e" + "x" * 200)), ["one\rtwo"])
    assert not {"\x1b", "\r", "\u202e"} & set(text)
    assert r"a\nb\x1b[2J\u202exx" in text
    assert "x" * 100 not in text
    assert inert("Zażółć “x”") == "Zażółć “x”"


class Half:
    """Scores by the length of a sentence."""

    def scores(self, sentences: Sequence[str], contexts: object = None) -> npt.NDArray[np.float32]:
        scores = np.asarray([min(len(text), 99) / 100 for text in sentences], dtype=np.float32)
        return np.repeat(scores[:, None], len(LABELS), axis=1)


def example(text: str, answer: float = 1.0, **changes: object) -> Example:
    targets = tuple(answer if label in EVENTS else NAN for label in LABELS)
    values: dict[str, object] = {"context": (None, None), "targets": targets, "group": text, "split": "test"}
    return Example(id=f"id-{len(text)}", text=text, **(values | changes))  # type: ignore[arg-type]


def test_a_measured_report_becomes_tables() -> None:
    rows = [example("x" * size, float(size > 40), trap=f"t{size % 3}") for size in range(1, 90)]
    thresholds = dict.fromkeys(EVENTS, 0.5)
    text = as_text(tables_of(measure_all(Half(), thresholds, {"written test": rows}, rounds=20)))
    assert "By trap: written test" in text
    assert "nan" not in text.lower()
    assert measure("empty", Half(), thresholds, []).labels == {}
    assert as_text(tables_of(Report((measure("empty", Half(), thresholds, []),)))) == ""


class Reader(HTMLParser):
    """Every tag, attribute and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def errors(text: str, name: str = "real test") -> Errors:
    one = example(
        text,
        context=(f"headline {text}", f"before {text}"),
        source=f"source {text}",
        decade="1980s",
        trap=f"trap {text}",
    )
    return Errors(name, "escalation", 0.4, 7, ((0.123, one),))


def test_the_page_shows_score_threshold_answer_and_context() -> None:
    page = Reader(errors_page("Errors", [errors("Shells fell."), Errors("real test", "evacuation", 0.5, 0, ())]))
    for part in ("said no: 0.123 (from 0.400)", "right: yes", "1980s", "source Shells", "trap Shells", "7 wrong"):
        assert part in page.text
    for part in ("headline: ", "headline Shells fell.", "before: ", "do not publish", "The 1 furthest", "0 wrong"):
        assert part in page.text
    assert page.tags.count("h2") == 1
    assert ("class", "context") in page.attributes


def test_hostile_text_stays_text() -> None:
    page = errors_page(HOSTILE, [errors(HOSTILE, name=HOSTILE)])
    read = Reader(page)
    assert "script" not in read.tags
    assert not any(name.startswith("on") for name, _ in read.attributes)
    assert read.text.count("<script>alert(1)</script> ]]> \"double\" 'single' &") >= 6
    assert r"\u202eevil\u2066 \x1b[31m \ud800" in read.text
    assert not {"\u202e", "\u2066", "\x1b", "\ud800"} & set(page)
    page.encode("utf-8")


def test_the_page_forbids_scripts_and_loads_nothing() -> None:
    page = Reader(errors_page("Errors", [errors("x")]))
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert not {"script", "img", "link", "iframe", "object", "form", "base"} & set(page.tags)
    assert all(value and value.startswith("#") for name, value in page.attributes if name in ("href", "src"))


def answers(name: str, size: int, positive: float, seed: int = 0) -> Answers:
    random = np.random.default_rng(seed)
    truths = (random.random(size) < positive).astype(np.float64)
    truths[random.random(size) < 0.1] = NAN
    return Answers(name, random.random(size), truths, np.where(random.random(size) < 0.5, 30.0, 1.0))


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return int(width), int(height)


SETS = {
    "none": [],
    "one": [answers("written test", 200, 0.3)],
    "no positives": [answers("quiet", 50, 0.0), answers("real test", 50, 0.5)],
    "only negatives": [answers("quiet", 50, 0.0)],
    "one sentence": [Answers("single", np.asarray([1.0]), np.asarray([1.0]), np.asarray([1.0]))],
    "nothing known": [Answers("mute", np.asarray([0.5]), np.asarray([NAN]), np.asarray([1.0]))],
    "no sentence": [Answers("empty", np.zeros(0), np.zeros(0), np.zeros(0))],
    "no mass": [Answers("weightless", np.asarray([0.5]), np.asarray([1.0]), np.asarray([0.0]))],
    "odd names": [answers("_hidden $x^$ 漢字\n", 50, 0.5), answers("y" * 200, 50, 0.5), answers("", 50, 0.5)],
    "many": [answers(f"set {number}", 60, 0.2, number) for number in range(MOST_CURVES + 3)],
}


@pytest.mark.parametrize("name", SETS)
def test_figures_are_png_files_of_one_size_without_a_warning(tmp_path: Path, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        precision_recall_figure(tmp_path / "pr.png", "escalation", SETS[name], POINTS)
        reliability_figure(tmp_path / "reliability.png", "escalation", SETS[name])
    assert size_of(tmp_path / "pr.png") == size_of(tmp_path / "reliability.png") == (1200, 900)


def test_the_same_figures_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        precision_recall_figure(tmp_path / name, "escalation", SETS["one"], POINTS)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_bins_are_those_of_the_calibration_error() -> None:
    part = answers("x", 500, 0.4).known()
    score, share, mass, count = bins_of(part)
    assert count.sum() == part.truths.size
    assert mass.sum() == pytest.approx(1.0)
    error = np.nansum(mass * np.abs(score - share))
    assert error == pytest.approx(expected_calibration_error(part.scores, part.truths, BINS, part.mass))
    ends = Answers("ends", np.asarray([0.0, 1.0]), np.asarray([0.0, 1.0]), np.ones(2))
    assert bins_of(ends)[3].tolist() == [1, *[0] * (BINS - 2), 1]
