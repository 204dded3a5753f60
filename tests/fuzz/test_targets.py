"""The targets of the fuzzer on their seeds, and on seeds damaged a little: they must work before they are let loose."""

import random

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, tried
from tests.unit.ingest.test_mutations import STEPS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds(name: str) -> None:
    values = seeds(name)
    assert len(values) >= 4
    for value in values:
        tried(name, value)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_damaged_seeds(name: str) -> None:
    chance = random.Random(name)
    values = seeds(name)
    for _ in range(300):
        value = bytearray(chance.choice(values))
        for _ in range(chance.randint(1, 4)):
            if value:
                value = chance.choice(STEPS)(value, chance)
        tried(name, bytes(value))
