"""`tocsin evaluate`, on tiny weights, a small corpus and a pool made here."""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from models.labels import LABELS
from models.training import data as data_module
from models.training import pool as pool_module
from models.training import wholes as wholes_module
from streams.cli.evaluate import _Once
from tests.unit.cli.support import command
from tests.unit.models.tiny import write_weights

BODY = "Troops \u201cshelled\u201d the town\u200b. The match was left late. Citizens were ordered to leave now."
REPORTS = {"report.json", "report.txt", "report.md", "errors.html"}
FIGURES = {f"{kind}-{event}.png" for kind in ("pr", "reliability") for event in ("escalation", "evacuation")}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """The command tells torch a number of threads, which would stay for the tests after it."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, "utf-8")
    return path


@pytest.fixture(autouse=True)
def _corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight written groups of two, half of them test; no labels of a pool."""
    rows = [
        {
            "id": f"s-{number}-{answer}",
            "text": f"{'Troops shelled' if answer else 'The match left'} town {number}.",
            "context": ["Border news", None],
            "escalation": answer,
            "evacuation": 0,
            "signals": ["armed_action"] * answer,
            "group": f"g-{number}",
            "split": "test" if number % 2 else "dev",
            "trap": f"trap_{number}",
            "register": "wire",
        }
        for number in range(8)
        for answer in (0, 1)
    ]
    monkeypatch.setattr(data_module, "CORPUS", lines(tmp_path / "corpus" / "s.jsonl", rows).parent)
    monkeypatch.setattr(pool_module, "LABELS_FOLDER", tmp_path / "labels")
    whole = {"headline": "Quiet", "body": BODY, "evidence": [], "escalation": 1, "evacuation": 0, "split": "test"}
    lines(tmp_path / "articles" / "written.jsonl", [whole | {"id": "w-1"}])
    answers = {"split": "test", "escalation": 1, "evacuation": None}
    lines(tmp_path / "articles" / "pool.jsonl", [answers | {"article": "a-1"}])
    monkeypatch.setattr(wholes_module, "ARTICLES", tmp_path / "articles")


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    articles = [
        {"id": name, "title": "Border <b>news</b>", "body": BODY, "source": "Paper (x)", "published": "1987-01-02"}
        for name in ("a-1", "a-2")
    ]
    lines(tmp_path / "pool" / "articles_en.jsonl.gz", articles)
    return lines(tmp_path / "pool" / "evacuation_words_en.jsonl.gz", []).parent


def label(article: str, start: int, end: int, split: str, **answers: Any) -> dict[str, Any]:
    row = {"article": article, "field": "body", "start": start, "end": end, "before": None, "part": "words"}
    sha1 = hashlib.sha1(BODY[start:end].encode()).hexdigest()
    return row | {"sha1": sha1, "split": split, "escalation": 0, "evacuation": 0, "signals": []} | answers


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    first, second = BODY.index(" The"), BODY.index(" Citizens")
    armed = {"escalation": 1, "signals": ["armed_action"]}
    leave = {"evacuation": 1, "signals": ["leave_now"]}
    rows = [
        label("a-1", 0, first, "test", **armed),
        label("a-1", first + 1, second, "test"),
        label("a-2", first + 1, second, "calibration", mass=40.0),
        label("a-2", second + 1, len(BODY), "calibration", mass=2.0, **leave),
    ]
    return lines(tmp_path / "labels" / "words.jsonl", rows)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    rows = [
        {"text": f"Line {n} of goals.", "escalation": n % 2, "evacuation": None, "source": ("x:y", "x:\ud800")[n % 2]}
        for n in range(6)
    ]
    return lines(tmp_path / "public" / "goal|s\x1b[31m.jsonl", rows).parent


def run(weights: Path, *options: object, rounds: int = 5) -> Any:
    fixed = ("--weights", str(weights), "--rounds", str(rounds), "--threads", "1")
    return command("evaluate", *fixed, *map(str, options))


def test_without_options_the_written_sentences_are_measured(weights: Path) -> None:
    done = run(weights)
    assert done.code == 0
    assert ["written", "test", "escalation", "8", "4"] in [row.split()[:5] for row in done.out.splitlines()]
    assert "split test, 5 bootstrap rounds" in done.out
    assert "--pool FOLDER brings them" in done.out
    assert "--public FOLDER brings them" in done.out
    assert "real test" not in done.out
    assert done.err == "tocsin: written test: 8 sentences\n"


def test_the_other_split_and_no_intervals(weights: Path) -> None:
    done = run(weights, "--split", "dev", rounds=0)
    assert "written dev " in done.out
    assert "no intervals" in done.out
    assert "thresholds on dev: figures there are kinder" in done.out


def test_everything_is_measured_and_written(
    weights: Path, pool: Path, labels: Path, public: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "folder"
    done = run(weights, "--pool", pool, "--public", public, "--out", out)
    assert done.code == 0
    assert {path.name for path in out.iterdir()} == REPORTS | FIGURES
    for name in REPORTS | FIGURES:
        assert name in done.err
    assert "don't publish it" in done.err
    for name in ("written test", "real test", "real test, words", "news sample", r"goal|s\x1b[31m"):
        assert f"\n{name}  " in done.out
    assert "Not measured" not in done.out
    assert not {"\x1b", "\ud800"} & set(done.out + done.err)
    assert (out / "report.txt").read_text("utf-8") == done.out
    assert r"| goal\|s\\x1b\[31m | escalation |" in (out / "report.md").read_text("utf-8")
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["weights"]["name"] == "tiny"
    assert report["thresholds"]["escalation"] == 0.5
    assert {part["scorer"] for part in report["sets"]} == {"model", "regex", "keywords"}
    for name in FIGURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")


def test_text_of_the_pool_is_cleaned_and_only_in_the_page(
    weights: Path, pool: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.classifier import Classifier

    asked: list[tuple[str, object]] = []

    def always(self: Classifier, sentences: Sequence[str], contexts: Sequence[Any]) -> npt.NDArray[np.float32]:
        asked.extend(zip(sentences, contexts, strict=True))
        return np.full((len(sentences), len(LABELS)), 0.1, dtype=np.float32)

    monkeypatch.setattr(Classifier, "scores", always)
    out = tmp_path / "out"
    assert run(weights, "--pool", pool, "--out", out).code == 0
    assert 'Troops "shelled" the town.' in [text for text, _ in asked]
    # Two articles hold it, and sets overlap: in one context it is asked for once.
    late = [context for text, context in asked if text == "The match was left late."]
    assert len(late) == len(set(late)) > 0
    page = (out / "errors.html").read_text("utf-8")
    assert "Troops &quot;shelled&quot; the town." in page
    assert "Border &lt;b&gt;news&lt;/b&gt;" in page
    for name in REPORTS - {"errors.html"}:
        assert "the town" not in (out / name).read_text("utf-8")


def test_markdown_and_json_are_printed(weights: Path) -> None:
    assert "### Summary\n\n| set | event |" in run(weights, "--markdown").out
    found = json.loads(run(weights, "--json").out)
    assert found["split"] == "test"
    assert len(found["left_out"]) == 2
    assert run(weights, "--json", "--markdown").code == 2


def test_without_matplotlib_the_rest_is_written(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "models.training.plots", raising=False)
    done = run(weights, "--out", tmp_path / "out")
    assert done.code == 0
    assert "pip install 'tocsin[train]'" in done.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == REPORTS


def test_a_pool_without_labels_says_so(weights: Path, pool: Path) -> None:
    done = run(weights, "--pool", pool)
    assert done.code == 0
    assert "Not measured: real sentences (no labelled sentence of the pool is in the split test)" in done.out


@pytest.mark.parametrize("option", ["--pool", "--public", "--out"])
def test_a_faulty_path_is_one_sentence_and_exit_code_1(weights: Path, tmp_path: Path, option: str) -> None:
    wrong = tmp_path / "file"
    wrong.write_text("no folder")
    done = run(weights, option, wrong)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "file" in done.err
    assert done.out == ""


def test_missing_weights_are_exit_code_5(tmp_path: Path) -> None:
    done = run(tmp_path / "none")
    assert done.code == 5
    assert done.err.count("\n") == 1


def test_labels_of_another_pool_are_refused(weights: Path, pool: Path, tmp_path: Path) -> None:
    lines(tmp_path / "labels" / "words.jsonl", [label("a-9", 0, 5, "test")])
    done = run(weights, "--pool", pool)
    assert done.code == 1
    assert "no such article" in done.err


def test_two_public_sets_of_one_name_are_refused(weights: Path, public: Path) -> None:
    done = run(weights, "--public", public, "--public", public)
    assert done.code == 1
    assert "of one name" in done.err


def test_a_file_that_cannot_be_written_costs_no_figures(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    done = run(weights, "--out", tmp_path / "out")
    assert done.code == 1
    assert "report.json can't be written" in done.err
    assert "Summary" in done.out


def test_a_number_out_of_range_is_a_wrong_command_line(weights: Path) -> None:
    assert run(weights, rounds=-1).code == 2
    assert run(weights, "--threads", "0").code == 2
    assert run(weights, "--split", "train").code == 2


class Counting:
    """Scores a sentence by its length, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def scores(self, sentences: Sequence[str], contexts: object = None) -> npt.NDArray[np.float32]:
        self.asked += sentences
        lengths = np.asarray([len(text) for text in sentences], dtype=np.float32)
        return np.repeat(lengths[:, None], len(LABELS), axis=1)


def test_a_sentence_is_scored_once_for_each_of_its_contexts() -> None:
    inner = Counting()
    once = _Once(inner)
    assert once.scores(["aa", "b", "aa"])[:, 0].tolist() == [2.0, 1.0, 2.0]
    assert once.scores(["b", "ccc"])[:, 3].tolist() == [1.0, 3.0]
    assert inner.asked == ["aa", "b", "ccc"]
    once.scores(["b"], [("headline", None)])
    assert inner.asked[3:] == ["b"]
    assert once.scores([]).shape == (0, len(LABELS))
