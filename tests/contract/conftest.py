"""Fixtures of the contract tests."""

import pytest

from streams.assess.places import Gazetteer


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()
