"""The house: size of modules, docstrings, directions of imports, and that every room opens."""

import ast
import importlib
from pathlib import Path

import pytest

import streams

ROOT = Path(streams.__file__).parents[1]
MODULES = sorted(path for room in ("streams", "models") for path in (ROOT / room).rglob("*.py"))
WRITTEN = [path for path in MODULES if path.read_text("utf-8").strip()]
ROOMS = sorted(path.parent.name for path in (ROOT / "streams").glob("*/__init__.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(WRITTEN) > 80
    assert {"alert", "assess", "ingest", "kafka", "observe"} <= set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_module_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_models_never_imports_streams() -> None:
    assert [named(path) for path in MODULES if "models" in path.parts and "streams" in imported(path)] == []
    assert "models" in imported(ROOT / "streams" / "errors.py"), "the scan sees imports"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_opens(room: str) -> None:
    assert importlib.import_module(f"streams.{room}").__name__ == f"streams.{room}"
