from pathlib import Path

import pytest

from models.classifier import Classifier
from tests.unit.models.tiny import write_base, write_weights


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def classifier(weights: Path) -> Classifier:
    return Classifier.load(weights)
