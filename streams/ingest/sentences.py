"""Sentences of an article, with their places in its fields.

Guarantees: every visible character of a field is in exactly one sentence of it; `field[start:end] == text` in code
points of the normalised article; linear time, at most `_LONGEST` characters a sentence. Refuses to split a title (but a
very long one) and to repeat in a later field a sentence that an earlier one already gave.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from syntok import segmenter
from syntok.tokenizer import Tokenizer

from streams.ingest.article import Article, Field

__all__ = ["Sentence", "sentences", "split"]

_FIELDS: tuple[Field, ...] = ("title", "summary", "body")
_LONGEST = 1_000
"""Code points of the longest sentence; a transformer sees far less, and evidence quotes 300."""
_LONGEST_TITLE = 300
_CHUNK = 2_500
"""Code points given to the segmenter at once: its search for closing brackets takes quadratic time."""
_LONGEST_WORD = 500
"""Longer runs without white space are no prose; they are cut, never given to the segmenter."""
_RUN = re.compile(rf"\S{{{_LONGEST_WORD},}}")
_STOP = re.compile(r"[^\w\s,;:'\"()\[\]{}-]|(?<=[a-z])(?=[A-Z])")
"""Without such a character (a full stop in any script among them) there is nothing to split."""
_BRACKETS = 60
"""Opening brackets in a chunk above which it is no prose: the segmenter looks for the end of each."""
_OPENERS = frozenset("\"'“‘«([{„‚‹")
_CLOSERS = frozenset("\"'”’»)]}›")
_TOKENIZER = Tokenizer(replace_not_contraction=False)
_DASHES = frozenset("-–—")
_DATELINE = 70
"""Code points of the longest place and agency before the dash of a dateline ("KYIV (Reuters) - ")."""
_ENDED = re.compile(r"[a-z0-9”’\"')\]]{2}[.!?][”’\"')\]]* (?=[“‘\"'(\[]?[A-Z])")
_TITLE_BEFORE = re.compile(
    r"(?:\b(?:Gov|Sen|Rep|Reps|Sens|Gen|Lt|Col|Maj|Sgt|Capt|Cmdr|Adm|Brig|Cpl|Pvt|Mr|Mrs|Ms|Dr|Prof|Rev|Hon|Pres|Sec|Amb|"
    r"Supt|Det|Insp|St|Mt|Ft|vs|approx|incl|Nos?)\.)\s*$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. `start` and `end` are code-point offsets into `field` of the normalised article."""

    field: Field
    text: str
    start: int
    end: int


def sentences(article: Article) -> tuple[Sentence, ...]:
    """All sentences in the order title, summary, body. A sentence that an earlier field holds too is left out."""
    found: list[Sentence] = []
    seen: set[str] = set()
    for field in _FIELDS:
        text: str | None = getattr(article, field)
        if not text:
            continue
        whole = field == "title" and len(text) <= _LONGEST_TITLE
        spans = [(0, len(text))] if whole else split(text)
        mine = [Sentence(field, text[start:end], start, end) for start, end in spans]
        found += [sentence for sentence in mine if sentence.text not in seen]
        seen.update(sentence.text for sentence in mine)
    return tuple(found)


def split(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, ascending, disjoint, without white space at their ends."""
    spans: list[tuple[int, int]] = []
    at = 0
    for paragraph in text.split("\n"):
        for start, end in _chunks(paragraph):
            spans += _sentences_of(paragraph[start:end], at + start)
        at += len(paragraph) + 1
    return spans


def _chunks(paragraph: str) -> Iterator[tuple[int, int]]:
    """Pieces of at most `_CHUNK` characters that end with a sentence if they can, else at white space, else hard."""
    at = 0
    while len(paragraph) - at > _CHUNK:
        ends = [match.end() for match in _ENDED.finditer(paragraph, at + _CHUNK // 2, at + _CHUNK)]
        stop = ends[-1] if ends else paragraph.rfind(" ", at + 1, at + _CHUNK) + 1 or at + _CHUNK
        yield at, stop
        at = stop
    yield at, len(paragraph)


def _sentences_of(text: str, offset: int) -> Iterator[tuple[int, int]]:
    starts = _starts(text)
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        for first, last in _cut(text, start, stop):
            piece = text[first:last]
            left = first + len(piece) - len(piece.lstrip())
            right = first + len(piece.rstrip())
            if left < right:
                yield offset + left, offset + right


def _starts(text: str) -> list[int]:
    """Where sentences begin: ascending, the first is 0.

    WHY: only the first token of each sentence is used. The segmenter rewrites and drops some characters of later ones,
    so a sentence ends where the next begins.
    """
    starts = [0]
    if not _STOP.search(text):
        return starts
    if _RUN.search(text) or sum(map(text.count, "([{")) > _BRACKETS:
        return [*starts, *(match.end() for match in _ENDED.finditer(text) if match.end() < len(text))]
    for sentence in segmenter.segment(_TOKENIZER.tokenize(text)):
        start = _adjusted(text, sentence[0].offset)
        if starts[-1] < start < len(text) and not _continues(text, starts[-1], start):
            starts.append(start)
    return starts


def _continues(text: str, begin: int, start: int) -> bool:
    """Whether `start` goes on with the sentence from `begin`: behind a dateline's place or a title ("Gov.")."""
    if text[start] in _DASHES and (start - begin <= _DATELINE or text[start - 2 : start - 1].isalnum()):
        return True
    before = _TITLE_BEFORE.search(text, max(begin, start - 12), start)
    return before is not None and (not before[0].startswith("No") or text[start].isdigit())


def _adjusted(text: str, start: int) -> int:
    """Move a begin past closing marks that belong to the sentence before, and back over opening ones."""
    while start > 0 and text[start - 1] in _OPENERS and (start == 1 or text[start - 2].isspace()):
        start -= 1
    at = start
    while at < len(text) and text[at] in _CLOSERS and at > 0 and not text[at - 1].isspace():
        at += 1
    return at


def _cut(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    while stop - start > _LONGEST:
        at = text.rfind(" ", start + 1, start + _LONGEST) + 1 or start + _LONGEST
        yield start, at
        start = at
    yield start, stop
