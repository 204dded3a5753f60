"""Dates with month names in other languages than English, by a library kept on a short lead.

Guarantees: only absolute dates with day, month and year in the text; languages from a fixed list, chosen by the month
name that the text holds, so that a text without one costs a few look-ups. Refuses relative expressions and everything
that would need today's date.
"""

import re
import threading
import unicodedata
from datetime import datetime
from functools import lru_cache
from importlib import import_module

from dateparser.date import DateDataParser

__all__ = ["LANGUAGES", "read_localised"]

LANGUAGES = (
    "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "ro", "sv", "el", "ru", "uk", "tr", "ar", "fa", "he", "id", "vi",
)  # fmt: skip
_LONGEST = 64
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(?:19[89]\d|20\d\d)(?!\d)")
_DAY = re.compile(r"(?<!\d)(?:[12]\d|3[01]|0?[1-9])(?!\d)")
_WORD = re.compile(r"[^\W\d_]+")
_CJK = re.compile(r"((?:19|20)\d\d)\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日号일](?:\s?(\d{1,2}):(\d\d))?.{0,8}")
_LOCK = threading.Lock()


def read_localised(text: str) -> datetime | None:
    """The date in `text` (at most 64 characters), naive unless the text names a zone; None if there is none.

    Raises ValueError for a day or an hour that no calendar has.
    """
    if len(text) > _LONGEST or not _YEAR.search(text):
        return None
    text = unicodedata.normalize("NFC", text)
    if match := _CJK.fullmatch(text):
        year, month, day, hour, minute = match.groups()
        return datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))  # noqa: DTZ001
    if not _DAY.search(text):
        return None
    with _LOCK:  # The library fills caches of its own while it reads.
        names = _names()
        languages = {code for word in _WORD.findall(text.casefold()) for code in names.get(word, ())}
        for code in LANGUAGES:
            if code in languages:
                found: datetime | None = _parser(code).get_date_data(text).date_obj
                if found is not None:
                    return found
    return None


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, ...]]:
    """Words of month names, case-folded, to the languages that use them. Loaded at the first foreign date."""
    names: dict[str, tuple[str, ...]] = {}
    for code in LANGUAGES:
        info = import_module(f"dateparser.data.date_translation_data.{code}").info
        for month in _MONTHS:
            for name in info.get(month, ()):
                for word in _WORD.findall(unicodedata.normalize("NFC", name).casefold()):
                    if len(word) > 1 and code not in names.get(word, ()):
                        names[word] = (*names.get(word, ()), code)
    return names


@lru_cache(maxsize=len(LANGUAGES))
def _parser(code: str) -> DateDataParser:
    return DateDataParser(
        languages=[code],
        try_previous_locales=False,
        settings={
            "PARSERS": ["absolute-time"],
            "REQUIRE_PARTS": ["day", "month", "year"],
            "STRICT_PARSING": True,
            "DATE_ORDER": "DMY",
        },
    )
