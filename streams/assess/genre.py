"""Whether an article says of itself that it tells no news of now: opinion, history, a drill. Pure.

By the words that papers print over such pieces: the section in the address, tags, the beginning of the headline, the
year that it tells of. What says nothing is news. Guarantees: only whole path segments, tags and phrases count, never a
word inside a headline, so that "Festival evacuated after bomb threat" stays news. Sport is news here: stadiums are
evacuated, too.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from streams.assess.record import Genre
from streams.ingest.article import Article

__all__ = ["genre_of"]

_SECTIONS: Final = frozenset(
    [
        "opinion",
        "opinions",
        "op-ed",
        "op-eds",
        "oped",
        "comment",
        "commentary",
        "commentisfree",
        "column",
        "columns",
        "columnist",
        "columnists",
        "editorial",
        "editorials",
        "leader",
        "leaders",
        "letters",
        "letter-to-the-editor",
        "viewpoint",
        "viewpoints",
        "perspective",
        "perspectives",
        "views",
        "blog",
        "blogs",
        "essay",
        "essays",
        "ideas",
        "analysis",
        "analyses",
        "explainer",
        "explainers",
        "explained",
        "long-read",
        "longread",
        "review",
        "reviews",
        "book-review",
        "book-reviews",
        "film-review",
        "film-reviews",
        "obituary",
        "obituaries",
        "podcast",
        "podcasts",
        "quiz",
        "satire",
    ]
)
_PREFIX: Final = re.compile(
    r"^\W*(?:opinion|op-ed|comment|commentary|column|editorial|leader|letters?|viewpoint|perspective|essay|analysis|explainer"
    r"|explained|review|film review|book review|obituary|podcast|quiz|satire|long read)\s*[:|–—-]",
    re.IGNORECASE,
)
_SUFFIX: Final = re.compile(
    r"[|–—-]\s*(?:opinion|comment|analysis|editorial|review|podcast|obituary)\s*$", re.IGNORECASE
)
_ASKING: Final = re.compile(
    r"^\W*(?:how to\b|what if\b|how (?:a|an|the)?\b.{0,60}\b(?:would|could|might)\b)", re.IGNORECASE
)
_REMEMBERED: Final = re.compile(
    r"\b(?:anniversary|centenary|\d+ years (?:ago|on)"
    r"|(?:ten|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|a hundred) years (?:ago|on))\b",
    re.IGNORECASE,
)
_TODAY: Final = re.compile(r"\b[\w-]+ years ago (?:today|this (?:week|month|day)|on this day)\b", re.IGNORECASE)
_DATED: Final = re.compile(r"^\W*(?:on )?(?:\d{1,2} [A-Z][a-z]+ |[A-Z][a-z]+ \d{1,2},? )(1\d{3}|20\d{2})\b")
"""A text that begins with a day of some year."""
_DRILL: Final = re.compile(
    r"\b(?:(?:evacuation|earthquake|quake|tsunami|fire|emergency|disaster|safety|flood|school|yearly|annual|routine"
    r"|regular) (?:evacuation )?(?:drills?|exercises?|rehearsals?|simulations?)"
    r"|mock evacuation|rehears(?:e|es|ed|ing) an? evacuation"
    r"|practi[sc](?:e|es|ed|ing) (?:an? )?evacuati(?:on|ng))\b",
    re.IGNORECASE,
)
_REAL: Final = re.compile(r"\b(?:not|no|never) (?:a )?(?:drill|exercise|rehearsal)\b", re.IGNORECASE)
_LEAD: Final = 600


def genre_of(article: Article) -> Genre:
    """`opinion` (whatever weighs and does not report), `history` (what it tells is long past), `drill`, else `news`."""
    title = article.title or ""
    if _PREFIX.search(title) or _SUFFIX.search(title) or _ASKING.search(title):
        return "opinion"
    if ({tag.strip().lower().replace(" ", "-") for tag in article.tags} | _segments(article.url)) & _SECTIONS:
        return "opinion"
    lead = (article.summary or article.body or "")[:_LEAD]
    if (
        _REMEMBERED.search(title)
        or _TODAY.search(lead)
        or _is_dated_long_ago(article, title)
        or _is_dated_long_ago(article, lead)
    ):
        return "history"
    if _DRILL.search(f"{title}\n{lead}") and not _REAL.search(f"{title}\n{lead}"):
        return "drill"
    return "news"


def _is_dated_long_ago(article: Article, text: str) -> bool:
    found = _DATED.search(text)
    if found is None or article.published is None:
        return False
    return int(found[1]) < article.published.at.year - 1


def _segments(url: str | None) -> set[str]:
    """Folders of the address; not its last part, which is made of the headline."""
    if not url:
        return set()
    try:
        path = urlsplit(url).path
    except ValueError:
        return set()
    return {part.lower() for part in path.split("/")[:-1] if part}
