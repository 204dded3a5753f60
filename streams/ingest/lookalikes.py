"""Letters of other scripts that pass for Latin ones, folded back where a word or a text is Latin otherwise.

Guarantees: `unmask` is idempotent, linear, and leaves words of other scripts alone. Refuses to judge: it serves
detection and matching, never display.

The pairs are those of Unicode's confusables (UTS 39) that look alike in ordinary fonts, Cyrillic, Greek, Armenian and
phonetic letters only.
"""

import re

__all__ = ["unmask"]

_PAIRS = (
    # Cyrillic
    "аa еe оo рp сc уy хx ѕs іi јj һh ԁd ԛq ԝw ѵv ӏl кk мm нh тt вb гr пn "
    "АA ВB ЕE КK МM НH ОO РP СC ТT ХX УY ЅS ІI ЈJ ԌG ԚQ ԜW ѴV ӀI ҮY "
    # Greek
    "αa εe ιi κk νv οo ρp τt υu χx ϲc ϳj γy ηn ωw "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϹC ͿJ "
    # Armenian, and letters of phonetic alphabets
    "օo սu հh ոn զq յj ցg ՕO ՍU "
    "ɑa ɡg ɩi ɪi ʏy ʀr ɴn ʜh ʟl ʙb ɢg ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz ꜱs ıi ȷj ƅb"
)
_TABLE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_MASKS = "".join(map(chr, _TABLE))
_ANY = re.compile(f"[{_MASKS}]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_ONLY_LATIN_OR_MASK = re.compile(rf"[A-Za-z\u00c0-\u024f\u1e00-\u1eff{_MASKS}]+")
_ONLY_MASK = re.compile(f"[{_MASKS}]+")


def unmask(text: str) -> str:
    """Fold lookalikes in words that have a Latin letter, then, in a text mostly Latin, in words made only of them."""
    if not _ANY.search(text):
        return text
    text = _WORD.sub(_mixed, text)
    # ORDER: count after the mixed words, so that a second call counts the same.
    letters = sum(map(len, _WORD.findall(text)))
    if 2 * len(_LATIN.findall(text)) > letters:
        text = _WORD.sub(_masked, text)
    return text


def _mixed(match: re.Match[str]) -> str:
    word = match[0]
    if not word.isascii() and _LATIN.search(word) and _ONLY_LATIN_OR_MASK.fullmatch(word):
        return word.translate(_TABLE)
    return word


def _masked(match: re.Match[str]) -> str:
    word = match[0]
    return word.translate(_TABLE) if _ONLY_MASK.fullmatch(word) else word
