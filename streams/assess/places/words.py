"""Text to words: what every later step reads instead of the text.

Guarantees: one pass, linear in the length of the text, for any str (lone surrogates, 200,000 letters without a
blank); offsets are code points of the given text. Refuses nothing: text without words gives an empty Words.
"""

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Words", "fold", "split_words"]

_WORD = re.compile(r"[^\W_]+")
# Letters that NFKD leaves alone although readers take them for the plain letter.
_PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss", "ʼ": "'"}
)
# The longest word among the names has under 30 letters; longer runs are never names and need no folding.
_LONGEST_NAME_WORD = 40
_GAP = 8  # characters of the gap that later steps look at
_STOPS = frozenset(".!?…。！？")
# A full stop behind one of these ends no sentence.
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "gen",
        "gov",
        "sen",
        "rep",
        "lt",
        "col",
        "sgt",
        "capt",
        "prof",
        "mt",
        "ft",
        "no",
        "vs",
        "jan",
        "feb",
        "aug",
        "sept",
        "oct",
        "nov",
        "dec",
        "ala",
        "ariz",
        "ark",
        "calif",
        "colo",
        "conn",
        "del",
        "fla",
        "ga",
        "ill",
        "ind",
        "kan",
        "ky",
        "la",
        "md",
        "mass",
        "mich",
        "minn",
        "miss",
        "mo",
        "mont",
        "neb",
        "nev",
        "okla",
        "ore",
        "pa",
        "tenn",
        "tex",
        "va",
        "vt",
        "wash",
        "wis",
        "wyo",
        "ont",
    ]
)
_SHOUT, _TITLE_CASE = 0.9, 0.6


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one field, as parallel tuples of the same length n.

    folded: lower case without accents ("" for a run too long to be a name). start, end: code points.
    gap: up to eight characters between the word before and this one. sentence: index of the word's sentence.
    first, last: per sentence, the indexes of its first word and one past its last. shout, titled: per sentence,
    whether casing says nothing because all letters are capitals, or because nearly every word has one.
    """

    text: str
    folded: tuple[str, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]
    gap: tuple[str, ...]
    sentence: tuple[int, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]
    shout: tuple[bool, ...]
    titled: tuple[bool, ...]

    def capital(self, i: int) -> bool:
        """Whether word i begins with a capital (or with a letter of a script that has none)."""
        letter = self.text[self.start[i]]
        return not letter.islower() and not letter.isdigit()

    def upper(self, i: int) -> bool:
        """Whether word i is all capitals."""
        return self.text[self.start[i] : self.end[i]].isupper()


def fold(text: str) -> str:
    """Lower case, compatibility forms and accents removed: "Côte" and "COTE" are both "cote"."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).lower().translate(_PLAIN)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def split_words(text: str) -> Words:
    """Cut a text into words and sentences; the latter only bound the search for cues and may not be the caller's."""
    folded: list[str] = []
    start: list[int] = []
    end: list[int] = []
    gaps: list[str] = []
    sentence: list[int] = []
    first: list[int] = []
    previous_end = 0
    for match in _WORD.finditer(text):
        begin, stop = match.span()
        gap = text[previous_end : min(begin, previous_end + _GAP)]
        if not folded or _ends_sentence(gap, folded[-1], text[begin], begin - previous_end):
            first.append(len(folded))
        sentence.append(len(first) - 1)
        folded.append(fold(text[begin:stop]) if stop - begin <= _LONGEST_NAME_WORD else "")
        start.append(begin)
        end.append(stop)
        gaps.append(gap)
        previous_end = stop
    last = [*first[1:], len(folded)] if first else []
    casing = [_casing(text, start, end, a, b) for a, b in zip(first, last, strict=True)]
    return Words(
        text=text,
        folded=tuple(folded),
        start=tuple(start),
        end=tuple(end),
        gap=tuple(gaps),
        sentence=tuple(sentence),
        first=tuple(first),
        last=tuple(last),
        shout=tuple(shout for shout, _ in casing),
        titled=tuple(titled for _, titled in casing),
    )


def _ends_sentence(gap: str, before: str, letter: str, width: int) -> bool:
    if "\n" in gap or width > _GAP:
        return True
    if width < 2 or letter.islower() or not any(char in _STOPS for char in gap):
        return False
    # "U.S. troops", "St. Louis": a letter or a known short form before the stop.
    return not (gap.startswith(".") and (len(before) == 1 or before in _ABBREVIATIONS))


def _casing(text: str, start: list[int], end: list[int], a: int, b: int) -> tuple[bool, bool]:
    long = capital = upper = 0
    for i in range(a, b):
        if end[i] - start[i] < 4:
            continue
        long += 1
        if text[start[i]].isupper():
            capital += 1
            upper += text[start[i] : end[i]].isupper()
    if long < 2:
        return False, False
    return upper >= _SHOUT * long, capital >= _TITLE_CASE * long and upper < _SHOUT * long and long > 2
