"""Damage to sentences: what it is, that cleaning undoes what it can, and what the packaged weights bear."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from models.encoding import Context
from models.labels import EVENTS, LABELS
from models.training.data import Example
from models.training.robust import DAMAGES, robustness
from streams.ingest.text import fold

TEXT = 'Officials said "residents must leave the coastal town\'s harbour" before the shelling of Monday evening.'


def damaged(name: str, text: str = TEXT, seed: int = 1) -> str:
    return DAMAGES[name](text, np.random.default_rng(seed))


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_changes_the_text_and_only_by_the_seed(name: str) -> None:
    assert damaged(name) != TEXT
    assert damaged(name) == damaged(name)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_takes_whatever_a_crawler_gives(name: str) -> None:
    for text in ("", " ", "x", '"', "  two  spaces ", "ÄÖÜ ß", "\ud800"):
        assert isinstance(damaged(name, text), str)


@pytest.mark.parametrize("name", ["zero-width letters", "homoglyphs"])
def test_the_cleaning_undoes_what_hides_letters(name: str) -> None:
    assert fold(damaged(name)) == fold(TEXT)


def test_typos_keep_first_letters_and_length() -> None:
    before, after = TEXT.split(" "), damaged("typos").split(" ")
    assert [word[0] for word in before] == [word[0] for word in after]
    assert sorted("".join(before)) == sorted("".join(after))


def test_quotes_become_curly_in_pairs_or_go() -> None:
    assert damaged("curly quotes", 'He said "go" and "run" to Anna\'s men') == "He said “go” and “run” to Anna’s men"
    assert damaged("no quotes", '“Go” and "run"') == "Go and run"


class Fickle:
    """Says escalation where the text has a capital letter."""

    def scores(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.float32]:
        out = np.zeros((len(sentences), len(LABELS)), dtype=np.float32)
        out[:, 0] = [text != text.lower() for text in sentences]
        return out


def test_what_changes_an_answer_is_counted() -> None:
    rows = [
        Example(f"r{n}", text, (None, None), (float(n == 0),) * len(LABELS), f"g{n}", "test")
        for n, text in enumerate(("Shells fell", "rain fell"))
    ]
    found = {(b.damage, b.event): b for b in robustness(Fickle(), dict.fromkeys(EVENTS, 0.5), rows)}
    assert found["lower case", "escalation"].stable == 0.5
    assert found["lower case", "escalation"].f1_before == 1.0
    assert found["lower case", "escalation"].f1_after == 0.0
    assert found["upper case", "escalation"].stable == 0.5
    assert found["lower case", "evacuation"].stable == 1.0
    assert robustness(Fickle(), dict.fromkeys(EVENTS, 0.5), []) == []
