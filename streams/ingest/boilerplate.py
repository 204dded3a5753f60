"""What pages print around their articles: advertisement marks, copyright lines, cookie notes, offers to read more.

Guarantees: linear; whole paragraphs only, short ones only, and never a paragraph between two of the article's own (but
for marks that stand alone, like "Advertisement"). Refuses to touch what might be news: a long paragraph always stays.
"""

import re

__all__ = ["strip_boilerplate", "strip_title"]

from streams.ingest.text import fold

_SHORT = 240
"""Code points of the longest paragraph that may be taken for boilerplate."""
_ALONE = frozenset(
    {
        "advertisement", "advertisements", "advertising", "ad", "sponsored", "story continues below advertisement",
        "article continues below this ad", "article continues below", "continue reading", "read more", "related",
        "related articles", "related stories", "related topics", "recommended", "most read", "share", "share this",
        "share this article", "comments", "loading...", "loading", "skip advertisement", "supported by",
        "scroll to continue",
        "video", "gallery", "copy link", "print", "save", "follow us", "newsletter", "subscribe", "log in", "sign in",
    }
)  # fmt: skip
"""Dropped wherever they are a whole paragraph; compared folded, in lower case, without a final colon."""
_TAIL = re.compile(
    r"(?:"
    r"(?:©|\(c\)|copyright\s*(?:©|\(c\)|\d{4}|by\b)).*"
    r"|.*\ball rights reserved\.?"
    r"|(?:read more|read also|also read|see also|more on this|related|related articles?)\s*:.*"
    r"|(?:watch|listen|more from \w+)\s*:.*"
    r"|(?:sign up|subscribe)\b.*\b(?:newsletters?|inbox|alerts|updates|subscri\w+)\b.*"
    r"|(?:follow us on|follow \S+ on|join us on|like us on|download (?:our|the) app)\b.*"
    r"|(?:we|this (?:web)?site|our (?:web)?site)\b.*\buses?\b.*\bcookies\b.*"
    r"|(?:by (?:continuing|using|clicking)|accept (?:all )?cookies|manage cookies|cookie (?:settings|policy|notice)).*"
    r"|(?:this material may not be published|the views expressed|get the latest).*"
    r"|our standards: the thomson reuters trust principles\.?.*"
    r")",
    re.IGNORECASE,
)


def strip_boilerplate(body: str) -> str:
    """`body` (paragraphs divided by newlines) without marks that stand alone and without such lines at its end."""
    kept = [line for line in body.split("\n") if not _stands_alone(line)]
    while kept and len(kept[-1]) <= _SHORT and _TAIL.fullmatch(fold(kept[-1]).strip()):
        kept.pop()
    return "\n".join(kept)


def _stands_alone(line: str) -> bool:
    return len(line) <= 60 and fold(line).strip(" :-|*[]()\u2013\u2014").lower() in _ALONE


def strip_title(body: str, title: str) -> str:
    """`body` without a first paragraph that only repeats `title`."""
    first, _, rest = body.partition("\n")
    if abs(len(first) - len(title)) > 20:
        return body
    return rest if _bare(first) == _bare(title) else body


def _bare(text: str) -> str:
    return " ".join(fold(text).casefold().strip(" .:!").split())
