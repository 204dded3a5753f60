"""Small damage done to training sentences, so that the classifier does not mind it in real ones.

Guarantees: the answer of a sentence survives every change made here; all chance comes from the generator
given.
Refuses to touch rows that depend on their context: those keep it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.labels import EVENTS
from models.training.data import Example

__all__ = ["Augmentation", "augment"]

# A sentence of fewer words may need its headline to be understood, so its context is never taken away.
_NEEDS_CONTEXT_BELOW = 12
_JOINTS = (", and ", ", while ", "; ", " - ", ". ", ", ")
# May be lost: none of them turns an answer, as "no", "not" or "ex" would.
_LOSABLE = frozenset({"a", "an", "at", "by", "in", "of", "on", "the", "to"})
_MOST_BLEMISHES = 3
_LONG_ENOUGH = 5
"""Letters of a word that is still read with one of them gone."""
_QUOTES = ('"', "“", "”", "'", "«", "»")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Chances, each per sentence and epoch, in [0, 1]."""

    drop_context: float = 0.2
    borrow_context: float = 0.3
    stray_quote: float = 0.1
    lose_quotes: float = 0.1
    lose_final_stop: float = 0.1
    glue_words: float = 0.05
    join_calm: float = 0.1
    roughen: float = 0.15

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be a chance in [0, 1], not {getattr(self, name)}")


def augment(example: Example, chances: Augmentation, others: Sequence[Example], random: np.random.Generator) -> Example:
    """A damaged copy of `example`; `others` lend contexts.

    Borrowing puts another article's headline and previous sentence beside a sentence that stands alone:
    what surrounds a sentence must not decide about it. Joining puts a calm sentence before or behind: one clause
    decides, however long the rest.
    """
    text, context = example.text, example.context
    if context == (None, None):
        if others and random.random() < chances.borrow_context:
            lender = others[int(random.integers(len(others)))]
            context = lender.context if lender.context != (None, None) else (None, lender.text)
    elif len(text.split()) >= _NEEDS_CONTEXT_BELOW and random.random() < chances.drop_context:
        context = (None, None)
    if random.random() < chances.lose_quotes:
        text = text.translate({ord(quote): None for quote in _QUOTES if quote != "'"})
    if random.random() < chances.stray_quote:
        words = text.split(" ")
        at = int(random.integers(len(words)))
        quote = _QUOTES[int(random.integers(len(_QUOTES)))]
        words[at] = quote + words[at] if random.random() < 0.5 else words[at] + quote
        text = " ".join(words)
    if random.random() < chances.glue_words and text.count(" ") > 8:
        words = text.split(" ")
        at = int(random.integers(len(words) - 1))
        words[at : at + 2] = [words[at] + words[at + 1]]
        text = " ".join(words)
    if random.random() < chances.roughen and text.count(" ") > 8:
        text = _roughened(text, random)
    if random.random() < chances.lose_final_stop:
        text = text.rstrip(". ") or text
    if others and random.random() < chances.join_calm:
        neighbour = others[int(random.integers(len(others)))]
        if not any(neighbour.targets[: len(EVENTS)]):
            first, second = (text, neighbour.text) if random.random() < 0.5 else (neighbour.text, text)
            text = f"{first.rstrip('. ')}{_JOINTS[int(random.integers(len(_JOINTS)))]}{second}"
    return replace(example, text=text, context=context)


def _roughened(text: str, random: np.random.Generator) -> str:
    """`text` (of two words or more) as a hasty translation might have it: a few words glued, letters, short words and
    commas lost.
    """
    words = text.split(" ")
    for _ in range(int(random.integers(1, _MOST_BLEMISHES + 1))):
        at, kind = int(random.integers(len(words) - 1)), random.random()
        word = words[at]
        if kind < 0.6:
            words[at : at + 2] = [word + words[at + 1]]
        elif word.lower() in _LOSABLE:
            del words[at]
        elif len(word) >= _LONG_ENOUGH and word.isalpha():
            gone = int(random.integers(1, len(word) - 1))
            words[at] = word[:gone] + word[gone + 1 :]
    rough = " ".join(words)
    return rough.replace(",", "") if random.random() < 0.2 else rough
