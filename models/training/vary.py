"""New sentences out of old ones, for a teacher to answer: what a small model needs more of than anybody can read.

Guarantees: all chance comes from the generator given; a variation is never the sentence it came from. Whether the
answer survives is unknown, and is the teacher's to say: nothing made here may be trained on without a teacher's answer.
Refuses to vary what has fewer than MIN_WORDS words: it gives None.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

__all__ = ["FRAMES", "MIN_WORDS", "vary"]

MIN_WORDS: Final = 5

# What may stand before a report and change what it says: who says so, when it was, whether it is real.
FRAMES: Final = (
    "Officials denied that",
    "There is no sign that",
    "A spokesman said on Tuesday that",
    "Residents said",
    "State television reported that",
    "Analysts wonder whether",
    "It is unclear whether",
    "The ministry warned that",
    "Ten years ago,",
    "In 1991,",
    "Last month,",
    "On the anniversary, the paper recalls how",
    "In the film,",
    "In the novel, a general learns that",
    "The court heard that",
    "Historians argue that",
    "The president ruled out reports that",
    "Opposition leaders fear that",
    "BREAKING:",
    "Early on Friday,",
    "According to unconfirmed reports,",
    "Contrary to rumours on social media, it is not true that",
    "If talks fail,",
    "Within hours,",
    "Earlier claims have been withdrawn:",
    "The coach joked that",
)

# Small words whose change turns a sentence round.
_TURNS: Final = (
    (re.compile(r"\bwill not\b"), "will"),
    (re.compile(r"\bwill\b"), "will not"),
    (re.compile(r"\bdid not\b"), "did"),
    (re.compile(r"\bhas\b"), "has not"),
    (re.compile(r"\bhave\b"), "have not"),
    (re.compile(r"\bwere\b"), "were not"),
    (re.compile(r"\bwas\b"), "would have been"),
    (re.compile(r"\bare\b"), "were once"),
    (re.compile(r"\bhas\b"), "may have"),
    (re.compile(r"\bwill\b"), "could"),
    (re.compile(r"\b(?:said|says) (?:that )?"), "denied that "),
    (re.compile(r"\bordered\b"), "considered"),
    (re.compile(r"\bmust\b"), "need not"),
    (re.compile(r"\bshould\b"), "no longer need to"),
    (re.compile(r"\bnot "), ""),
    (re.compile(r"\bno "), "some "),
)

_CLAUSE: Final = re.compile(r"(?<=[,;:–—])\s+|\s+(?=(?:and|but|while|after|as|when|which|who|because)\s)")
_NAME: Final = re.compile(r"(?<=[a-z,;] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")

Varier = Callable[[str, str, np.random.Generator], str | None]


def vary(text: str, others: Sequence[str], random: np.random.Generator) -> str | None:
    """One changed sentence, or None when nothing could be changed. `others` lend names and clauses."""
    if len(text.split()) < MIN_WORDS or not others:
        return None
    other = others[int(random.integers(len(others)))]
    for index in random.permutation(len(_VARIERS)).tolist():
        found: str | None = _VARIERS[index](text, other, random)
        if found is not None and found != text and found.strip():
            return found
    return None


def _framed(text: str, _other: str, random: np.random.Generator) -> str | None:
    frame = FRAMES[int(random.integers(len(FRAMES)))]
    first, _, rest = text.partition(" ")
    # A capital that is only the sentence's first goes; names and abbreviations keep theirs.
    if _SMALL.fullmatch(first):
        first = first.lower()
    return f"{frame} {first} {rest}"


def _turned(text: str, _other: str, random: np.random.Generator) -> str | None:
    for index in random.permutation(len(_TURNS)).tolist():
        pattern, new = _TURNS[index]
        if pattern.search(text):
            return pattern.sub(new, text, count=1)
    return None


def _without_a_clause(text: str, _other: str, random: np.random.Generator) -> str | None:
    clauses = _CLAUSE.split(text)
    if len(clauses) < 2:
        return None
    gone = int(random.integers(len(clauses)))
    return " ".join(clauses[:gone] + clauses[gone + 1 :])


def _with_a_foreign_clause(text: str, other: str, random: np.random.Generator) -> str | None:
    ours, theirs = _CLAUSE.split(text), _CLAUSE.split(other)
    place = int(random.integers(len(ours) + 1))
    clause = theirs[int(random.integers(len(theirs)))]
    return " ".join([*ours[:place], clause, *ours[place:]])


def _without_words(text: str, _other: str, random: np.random.Generator) -> str | None:
    words = text.split()
    length = int(random.integers(1, 4))
    place = int(random.integers(max(1, len(words) - length)))
    return " ".join(words[:place] + words[place + length :])


def _with_foreign_names(text: str, other: str, random: np.random.Generator) -> str | None:
    names = _NAME.findall(other)
    if not names or not _NAME.search(text):
        return None
    return _NAME.sub(lambda _: names[int(random.integers(len(names)))], text)


_SMALL: Final = re.compile(
    r"an?|the|[io]n|at|as|after|before|by|for|from|with|under|no|all|some|many|several|more|two|three|four|five"
    r"|th(?:is|at|ese|ose|ere|ey|eir)|s?he|her|his|its?|we|people|residents|police|troops|soldiers|forces|rebels"
    r"|militants|officials|authorities|thousands|hundreds|dozens",
    re.IGNORECASE,
)
_VARIERS: Final[tuple[Varier, ...]] = (
    _framed,
    _turned,
    _without_a_clause,
    _with_a_foreign_clause,
    _without_words,
    _with_foreign_names,
)
