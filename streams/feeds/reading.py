"""The article on a page: its main text by trafilatura, without menus, comments and banners.

Guarantees: no network and no exception; at most as much HTML as the caller fetched is looked at. Refuses to guess a
date or a publisher from a page, and what is no HTML. Slow (tens of milliseconds and more): for a thread of its own.
"""

import logging
import re
from typing import Final

__all__ = ["page_text", "quiet"]

_NAMED: Final = re.compile(
    r"(?:utf-?8|utf-16(?:le|be)?|us-ascii|iso-8859-\d{1,2}|latin-?1|(?:windows-|cp)(?:125\d|874|866|932|949)|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift[_-]jis|tis-620)"
)
"""Character sets that pages use. Python knows codecs that are none, and some that take quadratic time."""
_META: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,20})""", re.IGNORECASE)
_HEADER: Final = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,20})""", re.IGNORECASE)
_TALKERS: Final = ("trafilatura", "htmldate", "courlan", "justext", "charset_normalizer", "protego")


def quiet() -> None:
    """Silence libraries that would log addresses and words of pages as they are."""
    for name in _TALKERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def page_text(body: bytes, content_type: str) -> str | None:
    """The main text of an HTML page, paragraphs divided by line breaks; None where there is none to be found."""
    import trafilatura

    quiet()
    try:
        found = trafilatura.extract(
            _decoded(body, content_type),
            output_format="txt",
            include_comments=False,
            include_tables=True,
            include_formatting=False,
            with_metadata=False,
            favor_precision=True,
        )
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        # WHY: the parsers below get hostile pages. A fault in one costs that page; the entry's own words remain.
        return None
    return found or None


def _decoded(body: bytes, content_type: str) -> str:
    """The page as text: byte order mark, header, meta element, UTF-8, else windows-1252, as browsers do."""
    if body.startswith(b"\xef\xbb\xbf"):
        return body[3:].decode("utf-8", "replace")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    header, meta = _HEADER.search(content_type), _META.search(body[:4_096])
    names = [header[1] if header else "", meta[1].decode("ascii") if meta else ""]
    for name in (one.lower() for one in names):
        if _NAMED.fullmatch(name):
            try:
                return body.decode("gb18030" if name in ("gb2312", "gbk") else name, "replace")
            except LookupError:
                continue
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")
