"""Which language an article is in: what its crawler declared, and what its letters say.

Guarantees: pure but for the model, which is loaded once, on first use, in any thread; at most `_SAMPLE` characters are
looked at. Refuses to believe a declared language against a confident reading of enough text (crawlers guess "sw" for
short English ones), and refuses to lose an English article for a few foreign names.
"""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from streams.ingest.article import Article
from streams.ingest.languagenames import CODES

__all__ = ["Language", "Source", "detect", "language_of", "normalise"]

Source = Literal["declared", "detected", "words", "script", "unknown"]

_SAMPLE = 2_000
_ENOUGH = 60
"""Letters below which detection is a guess."""
_SURE = 0.7
_SURE_SHORT = 0.75
_ENGLISH = frozenset({
    "the", "and", "of", "to", "that", "with", "was", "for", "from", "have", "has", "had", "their", "which", "would",
    "been", "after", "said", "by", "they", "were", "is", "are", "this", "on", "at", "as", "it", "its", "his", "her",
    "who", "he", "she", "will", "not", "but", "more", "about", "into", "than", "when",
})  # fmt: skip
_TELLING = frozenset({
    "the", "and", "that", "with", "from", "have", "has", "had", "their", "which", "would", "been", "after", "said",
    "they", "were", "this", "who", "will", "about", "into", "than", "when", "should", "could", "what", "there",
    "people", "also", "against", "between",
})  # fmt: skip
"""English words that are no common words of other languages in Latin script."""
_ENGLISH_SHARE = 0.30
_TELLING_SHARE = 0.08
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_CREOLES = {"pcm": "en", "gcf": "fr", "gcr": "fr"}
"""Close kin in the model's list, taken for the language of news that they are mistaken for."""
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Language:
    """A primary subtag of BCP 47 ("und" where nothing is known), a confidence in [0, 1], and where it is from."""

    code: str
    confidence: float
    source: Source


def normalise(declared: str) -> str | None:
    """The primary subtag that `declared` means ("en-us", "EN", "English", "eng" are "en"); None if none."""
    name = declared.strip().casefold()
    if not 2 <= len(name) <= 40:
        return None
    return CODES.get(name) or CODES.get(re.split(r"[-_\s(;,.]", name, maxsplit=1)[0])


@lru_cache(maxsize=1)
def _load() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _model() -> LanguageIdentifier:
    with _LOCK:  # WHY: two threads at once would both load it, 0.6 s and 60 MB each.
        return _load()


def detect(text: str) -> tuple[str, float]:
    """The likeliest language of the first 2,000 characters and its probability; ("und", 0.0) without letters."""
    sample = text[:_SAMPLE]
    if not any(map(str.isalpha, sample)):
        return "und", 0.0
    # WHY: the model was made for text in sentence case, and names in capitals look foreign to it.
    ranked = _model().rank(sample.lower() if sample.isupper() else sample)
    totals: dict[str, float] = {}
    for code, probability in ranked[:10]:
        name = _CREOLES.get(code, code)
        totals[name] = totals.get(name, 0.0) + float(probability)
    best = max(totals, key=lambda name: totals[name])
    return best, min(1.0, totals[best])


def language_of(article: Article) -> Language:
    """The language to treat `article` as."""
    text = _sample(article)
    letters = sum(map(str.isalpha, text))
    declared = article.language
    if not letters:
        return Language(declared, 0.5, "declared") if declared else Language("und", 0.0, "unknown")
    latin = 2 * len(_LATIN.findall(text)) > letters
    if letters < _ENOUGH:
        return _short(text, declared, latin)
    share = _english(text) if latin else 0.0
    if share >= 1.0:
        return Language("en", min(1.0, 0.8 + share / 10), "words")
    code, confidence = detect(text)
    if confidence >= _SURE:
        return Language(code, confidence, "detected")
    if declared:
        return Language(declared, 0.5, "declared")
    if latin and share >= 0.5:
        return Language("en", share / 2, "words")
    return Language(code, confidence, "detected")


def _short(text: str, declared: str | None, latin: bool) -> Language:
    """Few letters: what was declared, unless the words are English; Latin letters alone pass for English."""
    if declared == "en":
        return Language("en", 0.6, "declared")
    code, confidence = detect(text)
    if code == "en" and confidence >= _SURE_SHORT:
        return Language("en", confidence, "detected")
    if declared and (latin or code == declared):
        return Language(declared, 0.5, "declared")
    if not latin:
        return Language(code, confidence, "detected")
    return Language("en", 0.3, "script")


def _sample(article: Article) -> str:
    """Body first, for it has sentences; then summary and title."""
    parts = (part for part in (article.body, article.summary, article.title) if part)
    return "\n".join(parts)[:_SAMPLE]


def _english(text: str) -> float:
    """How English the small words are: 1.0 and more is certain, by both of two shares."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < 8:
        return 0.0
    small = sum(word in _ENGLISH for word in words) / len(words)
    telling = sum(word in _TELLING for word in words) / len(words)
    return min(small / _ENGLISH_SHARE, telling / _TELLING_SHARE)
