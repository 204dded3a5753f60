"""What sentences suffer on their way, and from those who wish to be found or hidden: damage, and how answers bear it.

Guarantees: every damage is deterministic by seed and keeps the right answer; `clean` is applied afterwards, as the
worker does, so what is measured is the whole path and not the network alone.
Refuses to repair: it only measures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.labels import EVENTS
from models.training.data import Example
from models.training.evaluate import Scorer
from models.training.metrics import binary

__all__ = ["DAMAGES", "Borne", "robustness"]

Damage = Callable[[str, np.random.Generator], str]

_ALIKE: Final = str.maketrans("aceopxyiAEOPCTHKMBX", "асеорхуіАЕОРСТНКМВХ")
_STUFFING: Final = ("#breaking", "#war", "#attack", "#evacuation", "#missiles", "#leavenow", "#invasion")
_CURLY: Final = str.maketrans({"'": "’"})
_AROUND: Final = (
    "In a long afternoon of statements, of which reporters had copies at the door, and after the usual thanks to "
    "the hosts, the interpreters and the kitchen, and some remarks about the weather of the season,"
)


def _typos(text: str, random: np.random.Generator) -> str:
    """Two neighbouring letters swapped in about one word of ten, never the first letter."""
    words = text.split(" ")
    for number, word in enumerate(words):
        if len(word) > 4 and random.random() < 0.1:
            at = int(random.integers(1, len(word) - 2))
            words[number] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def _curly(text: str, _random: np.random.Generator) -> str:
    parts = text.split('"')
    return "".join(part + ("“" if n % 2 == 0 else "”") for n, part in enumerate(parts[:-1])).translate(_CURLY) + parts[
        -1
    ].translate(_CURLY)


def _no_quotes(text: str, _random: np.random.Generator) -> str:
    return text.translate({ord(quote): None for quote in '"“”«»'})


def _zero_width(text: str, random: np.random.Generator) -> str:
    return "".join(letter + ("\u200b" if random.random() < 0.2 else "") for letter in text)


def _homoglyphs(text: str, random: np.random.Generator) -> str:
    return " ".join(word.translate(_ALIKE) if random.random() < 0.5 else word for word in text.split(" "))


def _stuffed(text: str, random: np.random.Generator) -> str:
    return f"{text} {' '.join(random.permutation(_STUFFING)[:4])}"


def _long(text: str, _random: np.random.Generator) -> str:
    return f"{_AROUND} {text}"


def _hedged(text: str, random: np.random.Generator) -> str:
    return f"{text.rstrip('. ')}, {random.choice(['officials said', 'a spokesman said', 'state television reported'])}."


DAMAGES: Final[Mapping[str, Damage]] = {
    "upper case": lambda text, _: text.upper(),
    "lower case": lambda text, _: text.lower(),
    "typos": _typos,
    "curly quotes": _curly,
    "no quotes": _no_quotes,
    "attribution added": _hedged,
    "zero-width letters": _zero_width,
    "homoglyphs": _homoglyphs,
    "long preamble": _long,
    "keyword stuffing": _stuffed,
}
"""Every one leaves the right answer as it is. Negation does not: minimal pairs measure that."""


@dataclass(frozen=True, slots=True)
class Borne:
    """One damage, one event: the share of answers that stayed as they were, F1 before and after."""

    damage: str
    event: str
    n: int
    stable: float
    f1_before: float
    f1_after: float


def robustness(
    scorer: Scorer,
    thresholds: Mapping[str, float],
    examples: Sequence[Example],
    clean: Callable[[str], str] = str,
    seed: int = 0,
) -> list[Borne]:
    """All of DAMAGES on `examples`, each with its own context undamaged; nothing where there are none."""
    if not examples:
        return []
    contexts = [e.context for e in examples]
    truths = np.asarray([e.targets[: len(EVENTS)] for e in examples], dtype=np.float64)
    before = scorer.scores([clean(e.text) for e in examples], contexts)
    found = []
    for name, damage in DAMAGES.items():
        random = np.random.default_rng(seed)
        after = scorer.scores([clean(damage(e.text, random)) for e in examples], contexts)
        for column, event in enumerate(EVENTS):
            at = thresholds[event]
            same = (before[:, column] >= at) == (after[:, column] >= at)
            y = truths[:, column]
            found.append(
                Borne(
                    damage=name,
                    event=event,
                    n=len(examples),
                    stable=float(same.mean()),
                    f1_before=binary(before[:, column], y, at).f1,
                    f1_after=binary(after[:, column], y, at).f1,
                )
            )
    return found
