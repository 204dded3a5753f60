"""Every requirement of a best-in-class processor: tests that name it, and a row in the README that says what lacks."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COUNT = 21
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| (yes|partly: [^|]+|no: [^|]+) \|$", re.MULTILINE)
README = (ROOT / "README.md").read_text("utf-8")
ROWS = {int(number): (claim, proof, met) for number, claim, proof, met in ROW.findall(README)}


def marked() -> dict[int, set[str]]:
    """Files of tests by the number of the requirement that one of their tests names."""
    found = defaultdict(set)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in re.findall(r"pytest\.mark\.requirement\((\d+)\)", file.read_text("utf-8")):
            found[int(number)].add(file.relative_to(ROOT).as_posix())
    return found


MARKED = marked()


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_a_requirement_has_a_row_and_its_tests(number: int) -> None:
    _, proof, met = ROWS[number]
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", proof))
    assert files <= MARKED[number], "the row names tests that don't name the requirement"
    assert files or met.startswith("no: "), "what is met is shown by a test"


def test_no_test_names_a_requirement_that_there_is_not() -> None:
    assert MARKED.keys() <= ROWS.keys() == set(range(1, COUNT + 1))
