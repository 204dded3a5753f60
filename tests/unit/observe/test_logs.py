"""Log lines: one line whatever the text holds, bounded, and no storm."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.observe import logs

HOSTILE = "a\x1b[31mred\x07\nINFO forged: line\r\x85\u2028\u202eevil\x00\ud800"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("aiokafka", "faust", "mode", "aiohttp", "asyncio")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def configured(level: str = "INFO", *, machine: bool = False) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, machine=machine, stream=stream)
    return stream


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"s": 1_000.0}

    class Time:
        @staticmethod
        def monotonic() -> float:
            return now["s"]

    monkeypatch.setattr(logs, "time", Time)
    return now


@given(st.text(st.characters(), max_size=300))
def test_whatever_it_is_it_is_printable_and_one_line(text: str) -> None:
    made = logs.escaped(text)
    assert made.isprintable()
    assert len(made.splitlines()) <= 1
    if text.isprintable():
        assert made == text


def test_a_long_text_is_clipped_and_shows_it() -> None:
    assert logs.escaped("x" * 2_000) == "x" * 2_000
    assert logs.escaped("x" * 2_001) == "x" * 1_999 + "…"
    assert logs.escaped("x" * 30, 10) == "x" * 9 + "…"


def test_escapes_are_bounded_too() -> None:
    assert len(logs.escaped("\U000e0001" * 100_000)) <= 10 * 2_000


@pytest.mark.parametrize("machine", [False, True])
def test_a_hostile_message_is_one_harmless_line(machine: bool) -> None:
    stream = configured(machine=machine)
    logging.getLogger("streams.test").warning("seen: %s", HOSTILE)
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert "\x1b" not in line
    assert "x1b[31mred" in line


def test_a_long_message_is_clipped() -> None:
    stream = configured()
    logging.getLogger("streams.test").error("%s", "y" * 50_000)
    assert len(stream.getvalue()) < 2_100


def test_the_line_has_level_logger_and_message() -> None:
    stream = configured()
    logging.getLogger("streams.test").info("ready in %d s", 3)
    assert stream.getvalue().endswith(" info    streams.test: ready in 3\x20s\n")


def fail(stream: io.StringIO, text: str) -> str:
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("streams.test").exception("it broke")
    return stream.getvalue()


def test_an_exception_follows_with_nothing_raw_in_it() -> None:
    lines = fail(configured(), "bad \x1b[31m value\x00").splitlines()
    assert lines[0].endswith("it broke")
    assert lines[-1] == "ValueError: bad \\x1b[31m value\\x00"
    assert all(line.isprintable() for line in lines)


def test_an_exceptions_text_can_not_forge_a_line() -> None:
    lines = fail(configured(), "x\n12:00:00 error   streams.app: forged").splitlines()
    assert not [line for line in lines if line.startswith("12:00:00")]


def test_json_is_one_object_a_line_with_the_whole_story() -> None:
    stream = configured(machine=True)
    logging.getLogger("streams.test").info('say "%s"', HOSTILE)
    fail(stream, "x\n12:00:00 forged")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert set(first) == {"time", "level", "logger", "message"}
    assert (first["level"], first["logger"]) == ("INFO", "streams.test")
    assert first["time"].endswith("+00:00")
    assert first["message"] == f'say "{logs.escaped(HOSTILE)}"'
    assert "ValueError" in second["exception"]
    assert "\n" not in second["exception"]


def test_json_clips_exceptions() -> None:
    stream = configured(machine=True)
    assert len(fail(stream, "z" * 100_000)) < 9_000


def storm(count: int, name: str = "aiokafka.conn", level: int = logging.WARNING) -> None:
    for number in range(count):
        logging.getLogger(name).log(level, "connection to %s failed (%d)", "b:1", number)


def test_a_storm_is_one_line_a_minute_with_a_count(clock: dict[str, float]) -> None:
    stream = configured()
    storm(50)
    assert len(stream.getvalue().splitlines()) == 1
    clock["s"] += 59.9
    storm(1)
    assert len(stream.getvalue().splitlines()) == 1
    clock["s"] += 0.2
    storm(1)
    first, second = stream.getvalue().splitlines()
    assert first.endswith("failed (0)")
    assert second.endswith("failed (0) (and 50 more like it in the last minute)")
    clock["s"] += 61
    storm(1)
    assert stream.getvalue().splitlines()[2].endswith("failed (0)")


def test_a_storm_hides_no_other_logger_and_no_other_level(clock: dict[str, float]) -> None:
    stream = configured()
    storm(5)
    storm(5, level=logging.ERROR)
    storm(5, name="aiokafka.consumer")
    assert len(stream.getvalue().splitlines()) == 3


def test_what_we_say_ourselves_is_never_held(clock: dict[str, float]) -> None:
    stream = configured()
    storm(5, name="streams.kafka.app")
    storm(5, name="streams.kafka.app", level=logging.INFO)
    assert len(stream.getvalue().splitlines()) == 10


def test_the_classifier_is_not_taken_for_a_framework(clock: dict[str, float]) -> None:
    stream = configured()
    storm(5, name="models.classifier")
    assert len(stream.getvalue().splitlines()) == 5


@pytest.mark.parametrize(("level", "lines"), [("INFO", 0), ("DEBUG", 1)])
def test_framework_chatter_is_dropped_below_warning(level: str, lines: int) -> None:
    stream = configured(level)
    logging.getLogger("faust.app").info("chatter")
    assert len(stream.getvalue().splitlines()) == lines


def test_configuring_twice_writes_once() -> None:
    configured()
    stream = configured()
    logging.getLogger("streams.test").warning("once")
    assert stream.getvalue().count("once") == 1


def test_warnings_become_lines(recwarn: Any) -> None:
    import warnings

    stream = configured()
    warnings.simplefilter("always")
    warnings.warn("old thing", UserWarning, stacklevel=1)
    assert "old thing" in stream.getvalue()
