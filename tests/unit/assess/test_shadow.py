"""A second model beside the first: nothing it does reaches the worker."""

import io
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest

from models import Classifier
from models.labels import EVENTS
from models.manifest import Thresholds
from streams.assess import shadow as room
from streams.assess.shadow import Shadow, compare
from streams.assess.work import Reader, questions
from streams.observe import logs
from streams.observe.metrics import Metrics, build
from streams.settings import Settings
from tests.unit.assess.assessing import CALM, UKRAINE, delivery
from tests.unit.assess.places_support import gazetteer
from tests.unit.assess.shadowing import HALF, HOSTILE, Second, compared, explode, offer, scores, until, value, work
from tests.unit.models.tiny import write_weights


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Second:
    made = Second()
    monkeypatch.setattr(room, "Classifier", SimpleNamespace(load=lambda *_, **__: made))
    return made


@pytest.fixture
def metrics() -> Metrics:
    return build()


@pytest.fixture
def shadow(second: Second, metrics: Metrics) -> Iterator[Shadow]:
    made = Shadow(Path("second"), HALF, metrics)
    yield made
    second.gate.set()
    made.close(0.1)


def test_counts_and_distances_reach_the_metrics(shadow: Shadow, second: Second, metrics: Metrics) -> None:
    second.answer = lambda texts: scores(*[(0.1, 0.9)] * len(texts))
    shadow.offer([work("a", "b"), work("c")], [[scores((0.9, 0.9), (0.1, 0.9))], [scores((0.1, 0.1))]])
    shadow.close()
    assert second.asked == ["a", "b", "c"]
    found = {
        (event, one): value(metrics, "sentences_total", event=event, agreement=one)
        for event in EVENTS
        for one in room.AGREEMENTS
    }
    assert {key: number for key, number in found.items() if number} == {
        ("escalation", "first_only"): 1, ("escalation", "neither"): 2,
        ("evacuation", "both"): 2, ("evacuation", "second_only"): 1,
    }  # fmt: skip
    assert value(metrics, "difference_count", event="evacuation") == 3
    assert value(metrics, "difference_sum", event="evacuation") == pytest.approx(0.8)
    assert value(metrics, "skipped_sentences_total") == 0


def test_many_sentences_are_scored_in_slices_and_compared_in_order(
    shadow: Shadow, second: Second, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "streams.assess.shadow")
    second.answer = lambda texts: scores(*[(0.0, int(text) / 100) for text in texts])
    texts = [str(number) for number in range(100)]
    shadow.offer([work(*texts)], [[scores(*[(0.0, int(text) / 100) for text in texts[:-1]], (0.0, 0.0))]])
    shadow.close()
    assert second.asked == texts
    assert value(metrics, "sentences_total", event="evacuation", agreement="both") == 49
    assert [line for line in caplog.messages if "differs" in line] == [
        "shadow differs on evacuation: first 0.000, second 0.990: 99"
    ]


def test_records_without_a_sentence_are_no_batch(shadow: Shadow, second: Second, metrics: Metrics) -> None:
    shadow.offer([], [])
    shadow.offer([work()], [[scores()]])
    shadow.offer([SimpleNamespace(prepared=())], [[]])  # type: ignore[list-item]  # a stand-in
    shadow.close()
    assert not second.entered.is_set()
    assert compared(metrics) == {"escalation": 0, "evacuation": 0}


def test_an_offer_never_waits_and_what_does_not_fit_is_left_out(
    shadow: Shadow, second: Second, metrics: Metrics
) -> None:
    second.gate.clear()
    offer(shadow, "first")
    assert second.entered.wait(20)
    begin = time.monotonic()
    for number in range(50):
        offer(shadow, f"{number} a", f"{number} b")
    assert time.monotonic() - begin < 1
    assert value(metrics, "skipped_sentences_total") == 2 * (50 - room._WAITING)
    assert value(metrics, "running") == 1
    second.gate.set()
    shadow.close()
    assert compared(metrics) == dict.fromkeys(EVENTS, 1 + 2 * room._WAITING)
    assert second.asked[:3] == ["first", "0 a", "0 b"]


@pytest.mark.parametrize(
    "answer",
    [
        explode(RuntimeError("index out of range")),
        explode(MemoryError()),
        explode(Exception("what tokenizers raises")),
        lambda _texts: scores(),
        lambda texts: scores(*[(0.5, float("nan"))] * len(texts)),
        lambda _texts: None,
    ],
    ids=["runtime", "memory", "bare", "too few", "not a number", "nothing"],
)
def test_whatever_the_second_model_does_ends_the_comparison_and_nothing_else(
    shadow: Shadow, second: Second, metrics: Metrics, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "streams.assess.shadow")
    assert value(metrics, "running") == 1
    offer(shadow, "fine")
    until(lambda: compared(metrics)["escalation"] == 1)
    second.entered.clear()
    second.gate.clear()
    second.answer = answer
    offer(shadow, "a", "b")
    assert second.entered.wait(20)
    offer(shadow, "waits", "waits too", "and so does this")
    second.gate.set()
    until(lambda: not shadow._thread.is_alive())
    assert value(metrics, "running") == 0
    for _ in range(3 * room._WAITING):
        offer(shadow, "later")
    assert shadow._queue.empty(), "nothing is kept that nobody will take"
    begin = time.monotonic()
    shadow.close()
    assert time.monotonic() - begin < 1, "there is nothing to wait for"
    assert "later" not in second.asked
    assert compared(metrics) == {"escalation": 1, "evacuation": 1}
    assert value(metrics, "skipped_sentences_total") == 2 + 3 + 3 * room._WAITING, "each offered sentence counts once"
    assert value(metrics, "difference_count", event="evacuation") == 1
    assert [record.levelname for record in caplog.records if "shadow model failed" in record.message] == ["ERROR"]
    assert f"{2 + 3 + 3 * room._WAITING} sentences left out" in caplog.messages[-1]


def test_close_finishes_what_waits_and_says_what_was_found(
    shadow: Shadow, second: Second, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "streams.assess.shadow")
    second.gate.clear()
    for number in range(1 + room._WAITING):
        offer(shadow, f"{number}")
        assert second.entered.wait(20)
    opener = threading.Timer(0.1, second.gate.set)
    opener.start()
    shadow.close()
    opener.join()
    assert not shadow._thread.is_alive()
    assert compared(metrics) == dict.fromkeys(EVENTS, 1 + room._WAITING)
    assert value(metrics, "running") == 0
    counts = {"both": 0, "neither": 9, "first_only": 0, "second_only": 0}
    moved = {"both": 0, "neither": 0, "first_only": 0, "second_only": 9}
    assert caplog.messages[-2:] == [
        f"shadow summary escalation: {counts}, 0 sentences left out",
        f"shadow summary evacuation: {moved}, 0 sentences left out",
    ]


@pytest.mark.parametrize("batches", [1, 2, 2 * room._WAITING])
def test_close_stops_a_second_model_that_is_far_behind(
    shadow: Shadow, second: Second, metrics: Metrics, batches: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread inside torch while the interpreter ends aborts the process: none may be left."""

    def slow(texts: Sequence[str]) -> Any:
        time.sleep(0.05)
        return scores(*[(0.1, 0.1)] * len(texts))

    second.answer = slow
    for _ in range(batches):
        offer(shadow, *["sentence"] * 100 * room._SLICE)
    begin = time.monotonic()
    shadow.close(0.3)
    assert time.monotonic() - begin < 2
    assert not shadow._thread.is_alive()
    assert compared(metrics) == {"escalation": 0, "evacuation": 0}
    assert value(metrics, "skipped_sentences_total") == batches * 100 * room._SLICE
    assert "did not keep up" in caplog.text


def test_closing_twice_and_offering_after_it_are_harmless(shadow: Shadow, metrics: Metrics) -> None:
    offer(shadow, "a")
    shadow.close()
    offer(shadow, "b", "c")
    shadow.close()
    assert compared(metrics) == {"escalation": 1, "evacuation": 1}
    assert value(metrics, "skipped_sentences_total") == 2


@pytest.fixture
def lines() -> Iterator[Callable[..., io.StringIO]]:
    """Sets logging up as a worker does; what it wrote."""
    top = logging.getLogger()
    handlers, level = top.handlers[:], top.level
    names = ("aiokafka", "faust", "mode", "aiohttp", "asyncio")
    levels = {name: logging.getLogger(name).level for name in names}

    def configured(*, machine: bool) -> io.StringIO:
        stream = io.StringIO()
        logs.configure("INFO", machine=machine, stream=stream)
        return stream

    yield configured
    logging.captureWarnings(False)
    top.handlers[:] = handlers
    top.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


@pytest.mark.parametrize("machine", [False, True])
def test_hostile_text_is_never_raw_in_a_line(
    shadow: Shadow, lines: Callable[..., io.StringIO], *, machine: bool
) -> None:
    stream = lines(machine=machine)
    offer(shadow, HOSTILE, "y" * 5_000, "%s %d %(name)s {}")
    shadow.close()
    written = stream.getvalue().splitlines()
    assert len(written) == 3 + len(EVENTS), "one line each"
    assert all(line.isprintable() for line in written)
    assert "\\x1b[31mnow" in written[0].replace("\\\\", "\\")
    assert not [line for line in written if line.startswith("12:00:00 error")]
    assert len(written[1]) < room._QUOTE + 200
    assert "%s %d %(name)s {}" in written[2]


@pytest.mark.parametrize("machine", [False, True])
def test_what_the_second_model_raises_can_not_forge_a_line(
    shadow: Shadow, second: Second, lines: Callable[..., io.StringIO], *, machine: bool
) -> None:
    stream = lines(machine=machine)
    second.answer = explode(ValueError(HOSTILE))
    offer(shadow, "a")
    shadow.close()
    written = stream.getvalue().splitlines()
    assert any("shadow model failed" in line for line in written)
    assert all(line.isprintable() for line in written)
    assert not [line for line in written if line.startswith("12:00:00 error")]


def test_a_batch_writes_few_lines_however_much_differs(
    shadow: Shadow, second: Second, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "streams.assess.shadow")
    second.answer = lambda texts: scores(*[(0.9, 0.5 + int(text) / 100) for text in texts])
    offer(shadow, *[str(number) for number in range(30)])
    shadow.close()
    shown = [line for line in caplog.messages if "differs" in line]
    assert len(shown) == room._LINES_A_BATCH
    assert all(" second 0.900: " in line for line in shown), "the furthest apart"


def test_real_models_are_asked_the_same_of_the_same_sentences(metrics: Metrics, tmp_path: Path) -> None:
    first = write_weights(tmp_path / "first", seed=1)
    own = {event: Thresholds(0.6, 0.3, 0.9) for event in EVENTS}
    other = write_weights(tmp_path / "second", seed=2, thresholds=own)
    reader = Reader(Settings(), Classifier.load(first, threads=1), gazetteer())
    articles = [
        [{"title": "Leave now", "text": f"{UKRAINE} {CALM}"}, {"title": "Museum opens a wing", "text": CALM}],
        [{"title": "Das Museum", "text": "Das Museum in der Stadt hat heute einen neuen Flügel mit Bildern eröffnet."}],
        [{"title": "Museum opens again", "text": f"{CALM} {CALM} {UKRAINE}"}],
    ]
    works = [reader.read(delivery(orjson.dumps({"articles": page}))) for page in articles]
    assert [len(work.lengths) > 0 for work in works] == [True, False, True]
    shadow = Shadow(other, reader.thresholds, metrics, threads=1)
    answers = reader.score(works)
    shadow.offer(works, answers)
    shadow.close()
    texts, contexts = questions(works)
    expected, _ = compare(
        np.concatenate([part for mine in answers for part in mine]),
        Classifier.load(other, threads=1).scores(texts, contexts),
        (HALF, dict.fromkeys(EVENTS, 0.6)),
    )
    assert len({count for counts in expected.values() for count in counts.values()}) > 2, "a case that tells"
    for event, counts in expected.items():
        for agreement, number in counts.items():
            assert value(metrics, "sentences_total", event=event, agreement=agreement) == number
    assert shadow.name.startswith("tiny 0 (")
