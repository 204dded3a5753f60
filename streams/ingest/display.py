"""One text field of a record made fit for display: HTML or plain, wrapped or not, with or without a crawler's marks.

Guarantees: linear; the result is clean (see `streams.ingest.text`), at most `cap` code points, or None if it has no
visible character. Refuses nothing: what is no text gives None.
"""

import re
import unicodedata

from streams.ingest import html
from streams.ingest.coerce import NULLS
from streams.ingest.repairs import Repair
from streams.ingest.text import clean, fold

__all__ = ["cut_mark", "display", "join_punctuation", "without_tail"]

_WRAP = (45, 100)
"""Columns at which programs wrap plain text; the lines of a wrapped paragraph differ by no more than `_RAGGED`."""
_RAGGED = 30
_TERMINAL = tuple(".!?:;\"'”’)…")
_CUT = re.compile(r"(?:\s|…|\.\.\.)*\[(?:\+\s?\d{1,9} chars|…|\.\.\.)\]\s*$")
_TAIL = re.compile(r"\s(?:-|–|—|\||·|::)\s")
_LONGEST_TAIL = 80
_BEFORE = re.compile(r"\s+([,.;:?!%)\]»”’])(?=\s|$)")
_AFTER = re.compile(r"(^|\s)([(\[«“‘$£€])\s+")
_APOSTROPHE = re.compile(r"(\w) (['’]) (s|t|re|ve|ll|d|m)\b")


def display(text: str, *, cap: int, paragraphs: bool, repairs: set[Repair]) -> str | None:
    """`text` cleaned, or None where it says nothing. Adds what was mended to `repairs`."""
    read_html = html.looks_like_html(text)
    if read_html:
        text = html.to_text(text)
        repairs.add("html")
    elif paragraphs and "\n" in text:
        unwrapped = _unwrap(text)
        if unwrapped != text:
            repairs.add("unwrapped")
            text = unwrapped
    # WHY the raw cut: entities and controls make a text longer than what it says, but not without bound.
    cleaned = clean(text[: 8 * cap], cap=cap, paragraphs=paragraphs)
    found = cleaned.text
    repairs |= cleaned.repairs
    # ORDER: only now can tags that were escaped be seen; those that an HTML text shows are its content.
    if not read_html and "entities" in cleaned.repairs and html.looks_like_html(found):
        again = clean(html.to_text(found), cap=cap, paragraphs=paragraphs)
        found = again.text
        repairs |= {"html", *again.repairs}
    if found.lower() in NULLS:
        repairs.add("null_string")
        return None
    return found if any(map(_is_visible, found)) else None


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNPS"


def _unwrap(text: str) -> str:
    """Join the lines of paragraphs that a program wrapped at a column."""
    blocks: list[str] = []
    for block in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in block.strip("\n").split("\n")]
        blocks.append(" ".join(lines) if _is_wrapped(lines) else block)
    return "\n\n".join(blocks)


def _is_wrapped(lines: list[str]) -> bool:
    full = lines[:-1]
    if len(lines) < 3:
        return False
    lengths = [len(line) for line in full]
    if min(lengths) < _WRAP[0] or max(max(lengths), len(lines[-1])) > _WRAP[1] or max(lengths) - min(lengths) > _RAGGED:
        return False
    return 2 * sum(line.endswith(_TERMINAL) for line in full) < len(full)


def cut_mark(text: str, repairs: set[Repair]) -> str | None:
    """`text` without the mark of an API that gives only the beginning (`… [+1234 chars]`, `[…]`)."""
    match = _CUT.search(text, max(0, len(text) - 60))
    if match is None:
        return text
    repairs.add("truncated")
    return text[: match.start()].rstrip() or None


def without_tail(title: str, publishers: tuple[str | None, ...], repairs: set[Repair]) -> str:
    """`title` without a last part that is only the publisher's name ("… - Example Times")."""
    last = None
    for match in _TAIL.finditer(title):
        last = match
    if last is None or last.start() == 0 or len(title) - last.end() > _LONGEST_TAIL:
        return title
    tail = fold(title[last.end() :]).casefold()
    if all(name is None or fold(name).casefold() != tail for name in publishers):
        return title
    repairs.add("publisher_tail")
    return title[: last.start()].rstrip()


def join_punctuation(text: str, repairs: set[Repair]) -> str:
    """`text` without the spaces that GDELT puts around punctuation ("Serrano , sobri", "don ' t")."""
    joined = _APOSTROPHE.sub(r"\1\2\3", _AFTER.sub(r"\1\2", _BEFORE.sub(r"\1", text)))
    if joined != text:
        repairs.add("spaced_punctuation")
    return joined
