"""Two readings of a text: `clean` makes it fit for display, `fold` makes it fit for detection.

Guarantees: both are idempotent, linear, and never raise, whatever the text. What `clean` gives is NFC without control,
bidi, tag or zero-width characters (but for joiners between letters or pictures that need them), with no leading,
trailing or repeated white space. Refuses to fold letters for display: only `fold` changes what a reader would see.
"""

import re
import unicodedata
from dataclasses import dataclass
from html.entities import html5

import ftfy

from streams.ingest.lookalikes import unmask
from streams.ingest.repairs import REPAIRS, Repair

__all__ = ["REPAIRS", "Cleaned", "Repair", "clean", "fold"]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text fit for display, maybe empty, and what was mended in it."""

    text: str
    repairs: frozenset[Repair]


_PASSES = 6
"""One mend can make another due (`&#38;amp;`); a text that is not at rest after so many is crafted."""
_CUT_BACK = 60
"""Characters that a cut may give up to end between two words."""

_MARKS: tuple[tuple[Repair, re.Pattern[str]], ...] = (
    ("surrogate", re.compile("[\ud800-\udfff]+")),
    (
        "control",
        re.compile("[\x00-\x08\x0e-\x1b\x7f\ufff9-\ufffb\ufffe\uffff\ufdd0-\ufdef\U0001d173-\U0001d17a]+"),
    ),
    ("bidi", re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]+")),
    (
        "zero_width",
        re.compile(
            "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\ufeff\uffa0"
            "\U0001bca0-\U0001bca3\U000e0000-\U000e0fff]+"
        ),
    ),
)
"""By repair. Arabic number signs and the like are of category Cf too, but a reader sees them: they stay."""
_NEEDS_JOINER = (
    "\u0590-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
    "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
)
_STRAY_JOINER = re.compile(f"(?<![{_NEEDS_JOINER}])[\u200c\u200d]|[\u200c\u200d](?![{_NEEDS_JOINER}])")
_JOINERS = "\u200c\u200d"
_STACKED = 16
"""Combining marks kept on one letter: no language stacks more than a few, and UAX 15 allows 30."""
_COMBINING = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))
_BASIC = "".join(mark for mark in _COMBINING if mark <= "\uffff")
_MANY_MARKS = re.compile(f"([{_COMBINING}]{{{_STACKED}}})[{_COMBINING}]+")
_MANY_BASIC_MARKS = re.compile(f"([{_BASIC}]{{{_STACKED}}})[{_BASIC}]+")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\x1c-\x1f\u2800]+")
_ODD = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f&]")
_C1 = re.compile("[\x80-\x9f]")
_WINDOWS = {
    code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)
}  # as browsers read them (WHATWG Encoding, windows-1252)
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;|#0{0,4}38;|#[xX]0{0,4}26;){2,}")
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u2013-\u203a\u20ac\u2122]"
    "|\u00e2[\u0080\u20ac\u201a]|[\u00d0\u00d1\u00d8\u00d9][\u0080-\u00bf\u0152-\u0192\u2013-\u2122]"
    "|\u00f0[\u009f\u0178]|\u00ef[\u00bb\u00bf\u00bc]"
)
"""The first bytes of UTF-8 sequences read as Latin-1 or windows-1252, followed by what then stands for the next."""


def clean(text: str, *, cap: int, paragraphs: bool = False) -> Cleaned:
    """`text` for display, at most `cap` code points.

    With `paragraphs`, line breaks stay, one between two paragraphs; without, all white space becomes single spaces.
    Entities are undone however often they were escaped; a text that goes on making new ones loses its ampersands.
    """
    repairs: set[Repair] = set()
    for _ in range(_PASSES):
        before = text
        text = _spaces(_mend(text, repairs), paragraphs)
        if text == before:
            break
    else:
        text = _spaces(_mend(text.replace("&", ""), repairs), paragraphs)
    if len(text) > cap:
        text = _cut(text, cap)
        repairs.add("truncated")
    return Cleaned(text, frozenset(repairs))


def _mend(text: str, repairs: set[Repair]) -> str:
    if text.isascii():
        if not _ODD.search(text):
            return text
        return _entities(_strip(text, repairs), repairs)
    # ORDER: bytes read in the wrong character set look like controls, so mend those first.
    if _MOJIBAKE.search(text):
        mended = ftfy.fix_encoding(text)
        if mended != text:
            repairs.add("mojibake")
            text = mended
    if _C1.search(text):
        text = text.translate(_WINDOWS)
        repairs.add("control")
    text = _entities(_joiners(_strip(text, repairs), repairs), repairs)
    few = _fewer_marks(text)
    if len(few) != len(text):
        repairs.add("stacked_marks")
    return unicodedata.normalize("NFC", few)


def _fewer_marks(text: str) -> str:
    """At most `_STACKED` combining marks in a row.

    WHY: normalising sorts them in quadratic time; 400,000 took four minutes. ORDER: always before normalising.
    """
    # WHY two patterns: the one for all planes is ten times slower, and few texts leave the first.
    pattern = _MANY_MARKS if _ASTRAL.search(text) else _MANY_BASIC_MARKS
    return pattern.sub(r"\1", text)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", _fewer_marks(text))


def _strip(text: str, repairs: set[Repair]) -> str:
    for name, pattern in _MARKS:
        stripped = pattern.sub("", text)
        if len(stripped) != len(text):
            repairs.add(name)
            text = stripped
    return text


def _joiners(text: str, repairs: set[Repair]) -> str:
    stripped = _STRAY_JOINER.sub("", text)
    if len(stripped) != len(text):
        repairs.add("zero_width")
    return stripped


def _entities(text: str, repairs: set[Repair]) -> str:
    if "&" not in text:
        return text
    undone = _ENTITY.sub(_entity, _ESCAPED_AMPERSAND.sub("&amp;", text))
    if undone != text:
        repairs.add("entities")
    return undone


def _entity(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return html5.get(f"{name};", match[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""


def _spaces(text: str, paragraphs: bool) -> str:
    text = _SPACES.sub(" ", text)
    if not paragraphs:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in _BREAKS.sub("\n", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _cut(text: str, cap: int) -> str:
    kept = text[:cap]
    back = max(kept.rfind(" ", cap - _CUT_BACK), kept.rfind("\n", cap - _CUT_BACK))
    if back > 0:
        kept = kept[:back]
    return kept.rstrip(_JOINERS + " \n")


_QUOTES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼʹ´ˈ＇", "'"),
        **dict.fromkeys("“”„‟″«»〝〞＂", '"'),
        **dict.fromkeys("\u2010\u2011\ufe63\uff0d", "-"),
        **dict.fromkeys("\t\n\r\x0b\x0c\x85\u2028\u2029", " "),
    }
)
_QUIET = re.compile(r"[\x20-\x7e]*")


def fold(text: str) -> str:
    """`text` for a classifier or a matcher: NFKC, straight quotes, no Cf or Cc, no letters that pass for Latin ones.

    Joiners stay where a script needs them. Line breaks and tabs become spaces. Offsets do not survive.
    """
    if _QUIET.fullmatch(text):
        return text
    # ORDER: quotes before NFKC, which turns some of them into a space and an accent.
    text = _nfkc(text.translate(_QUOTES)).translate(_QUOTES)
    if not text.isascii():
        text = _STRAY_JOINER.sub("", "".join(filter(_is_seen, text)))
        text = _nfkc(unmask(text))
    return "".join(filter(_is_seen, text))


def _is_seen(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter) not in ("Cf", "Cc", "Cs")
