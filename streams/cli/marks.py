"""The deciding words of a sentence: those without which the classifier would be less sure. Shown, never decided by.

Occlusion (Zeiler and Fergus: Visualizing and Understanding Convolutional Networks, 2014, section 4): each word is left
out in turn, all variants are scored in one call, and what lowers the event's log-odds most is marked. Guarantees a
bounded number of variants whatever the length. Refuses sentences of fewer than three words: there nothing can be left
out.
"""

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from streams.ingest.text import fold

if TYPE_CHECKING:
    from models import Classifier

__all__ = ["Span", "deciding_words", "merged", "units"]

Span = tuple[int, int]
"""Start and end in code points of the text."""

MOST_UNITS = 24
"""Variants scored: longer sentences are cut into pieces of several words."""
MOST_WORDS = 6
_LEAST_DROP = 0.2
"""Of the largest drop: what weighs less is noise of the model."""
_NOTICEABLE = 0.05
"""Log-odds: a sentence in which no word matters more has no deciding words."""
_CONTEXT_MATTERS = 1.0
"""Log-odds: what the context must add to be kept."""
_LONGEST = 400
_SMALL_WORDS = """a an and are as at be been but by for from had has have he her his in is it its of on or said she so
some such that the their them there these they this those to was we were which who will with would"""
_SMALL = frozenset(_SMALL_WORDS.split())
"""Words that carry no meaning to show by themselves: not left out by themselves, never marked alone."""
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


def units(text: str, most: int = MOST_UNITS) -> list[Span]:
    """Words of `text` (its first 400 code points) as spans, without small ones; neighbours joined until there are at
    most `most`."""
    found = _WORD.finditer(text[:_LONGEST])
    words = [match.span() for match in found if match[0].lower() not in _SMALL]
    width = math.ceil(len(words) / most) if words else 1
    groups = [words[first : first + width] for first in range(0, len(words), width)]
    return [(group[0][0], group[-1][1]) for group in groups]


def deciding_words(
    classifier: "Classifier",
    text: str,
    event: str,
    context: tuple[str | None, str | None] | None = None,
) -> tuple[Span, ...]:
    """Spans of the words in `text` that decide `event`, in the order of the text, neighbours joined.

    At most six words, each with at least a fifth of the largest drop; empty where no word matters. `context` as
    for `Classifier.scores`; where the sentence is as sure without it, it is left out, for half the time.
    """
    pieces = units(text)
    if len(pieces) < 3:
        return ()
    with_context, alone = _odds(classifier, [text, text], [context, None], event)
    needed = context if with_context - alone > _CONTEXT_MATTERS else None
    variants = [f"{text[:start]}{text[end:]}" for start, end in pieces]
    odds = _odds(classifier, variants, [needed] * len(variants), event)
    whole = alone if needed is None else with_context
    return merged(_strongest(pieces, [whole - rest for rest in odds]), text)


def _odds(
    classifier: "Classifier",
    texts: Sequence[str],
    contexts: Sequence[tuple[str | None, str | None] | None],
    event: str,
) -> list[float]:
    scores = classifier.scores([fold(" ".join(text.split())) for text in texts], contexts)
    return [_log_odds(float(value)) for value in scores[:, classifier.labels.index(event)]]


def _log_odds(score: float) -> float:
    bounded = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _strongest(pieces: Sequence[Span], drops: Sequence[float]) -> list[Span]:
    largest = max(drops)
    if largest < _NOTICEABLE:
        return []
    ranked = sorted(range(len(drops)), key=lambda number: -drops[number])[:MOST_WORDS]
    return [pieces[number] for number in sorted(ranked) if drops[number] >= _LEAST_DROP * largest]


def merged(spans: Sequence[Span], text: str) -> tuple[Span, ...]:
    """`spans` (ascending) with those that only white space divides made one."""
    found: list[Span] = []
    for start, end in spans:
        if found and not text[found[-1][1] : start].strip():
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)
