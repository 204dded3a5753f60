"""How any command ends: exit codes, one sentence, nothing heavy for help."""

import signal
import subprocess
import sys
import time

import pytest

from streams.cli import main as entry
from streams.errors import PortTakenError
from tests.unit.cli.support import HOSTILE, command

TOCSIN = [sys.executable, "-m", "streams.cli.main"]


def test_help_groups_the_commands_and_documents_the_exit_codes() -> None:
    done = command("--help")
    assert done.code == 0
    text = " ".join(done.out.split())
    for word in ("demo", "worker", "score", "validate", "replay", "tail", "topics", "doctor", "schema", "config"):
        assert word in text
    for code in ("0 done", "2 wrong command line", "3 settings", "4 Kafka", "7 a port", "130", "141"):
        assert code in text


@pytest.mark.timing
def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; begin = time.process_time(); sys.argv = ['tocsin', '--help']\n"
        "from streams.cli.main import run\n"
        "run(['--help']); heavy = {'torch', 'faust', 'aiokafka', 'numpy'} & {*sys.modules}\n"
        "print('heavy', sorted(heavy), time.process_time() - begin, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = done.stderr.split("heavy ")[1]
    assert said.startswith("[] ")
    assert float(said.split()[1]) < 1.0


def test_version_names_program_python_and_weights() -> None:
    done = command("version")
    assert done.code == 0
    assert done.out.startswith("tocsin ")
    assert "Python 3." in done.out
    assert "weights" in done.out


@pytest.mark.parametrize("arguments", [["nope"], ["score"], ["worker", "--stages", "third"], ["tail", "--limit", "0"]])
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str]) -> None:
    done = command(*arguments)
    assert done.code == 2
    assert done.err
    assert "Traceback" not in done.err


def test_an_error_of_ours_is_one_sentence_and_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PortTakenError(f"port 1 is taken by {HOSTILE}")

    monkeypatch.setattr(entry, "app", fail)
    done = command("version")
    assert done.code == 7
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err
    assert "\r" not in done.err


def test_a_fault_is_one_sentence_and_a_traceback_only_for_debuggers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(entry, "app", fail)
    done = command("version")
    assert done.code == 70
    assert done.err == (
        "tocsin: a fault of our own: RuntimeError: boom; set TOCSIN_LOG_LEVEL=DEBUG to see the traceback\n"
    )
    monkeypatch.setenv("TOCSIN_LOG_LEVEL", "DEBUG")
    with pytest.raises(RuntimeError, match="boom"):
        command("version")


def test_a_fault_is_told_even_when_the_settings_are_bad_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(entry, "app", fail)
    monkeypatch.setenv("TOCSIN_PARTITIONS", "many")
    assert command("version").code == 70


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "app", fail)
    assert command("version").code == 130


def test_a_closed_pipe_is_quiet() -> None:
    process = subprocess.Popen([*TOCSIN, "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before the first line: every write meets a closed pipe
    assert process.wait(30) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_output_survives_an_encoding_that_lacks_its_letters(tmp_path: "object") -> None:
    done = subprocess.run(
        [*TOCSIN, "--help"], capture_output=True, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    )
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOCSIN_PARTITONS", "4", "unknown setting"),
        ("TOCSIN_PARTITIONS", "many", "TOCSIN_PARTITIONS"),
        ("TOCSIN_CONFIG", "/nonexistent/tocsin.toml", "can't be read"),
        ("TOCSIN_ALERTS_TOPIC", "articles", "named twice"),
    ],
)
@pytest.mark.parametrize("arguments", [["worker"], ["config", "show"], ["topics", "list"], ["tail"]])
def test_bad_settings_are_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    done = command(*arguments)
    assert done.code == 3
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["worker", "--stages", "assess"], ["worker"], ["topics", "create"], ["topics", "list"], ["tail"]]
)
def test_an_unreachable_broker_is_exit_code_4_and_quick(arguments: list[str]) -> None:
    begin = time.monotonic()
    done = command(*arguments)
    assert done.code == 4
    said = "start one, or set TOCSIN_BROKERS (`tocsin doctor` says more)"
    if arguments[0] == "worker":  # who must know at once: it is read from a log
        said = "nobody listens there; start Kafka, or set TOCSIN_BROKERS to where it listens"
    assert done.err == f"tocsin: no Kafka answers at 127.0.0.1:1: {said}\n"
    assert time.monotonic() - begin < 10


def test_ctrl_c_ends_a_running_command_with_130() -> None:
    process = subprocess.Popen(
        [*TOCSIN, "score", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(1.5)  # it waits for standard input
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err
