"""From a whole HTML page, as crawlers of raw pages send it, to the article on it.

Guarantees: linear; what the page says of itself (title, dates, language, address) comes with the text. Refuses nothing:
a page without a marked article gives all its visible words but navigation, forms and the like.
"""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from streams.ingest.html import parse, read

__all__ = ["Page", "is_page", "page"]

_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head)\b", re.I)
_SPACE = re.compile(r"\s+")
_LEAST_ARTICLE = 200
"""Characters below which an <article> element is taken for a teaser, not for the text of the page."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a whole page says of its article; texts are not cleaned yet. `body` may be empty."""

    body: str
    title: str | None = None
    summary: str | None = None
    published: str | None = None
    updated: str | None = None
    site_name: str | None = None
    url: str | None = None
    language: str | None = None
    author: str | None = None
    image: str | None = None


def is_page(text: str) -> bool:
    """Whether `text` begins like a whole HTML page."""
    return _PAGE.match(text) is not None


def page(html: str) -> Page:
    """The article of a whole page: its main text and what its meta elements say."""
    tree = parse(html)
    if isinstance(tree, str):
        return Page(tree)
    root = tree.root
    if root is None:
        return Page("")
    said = _meta(tree)
    heading = tree.css_first("h1")
    title = said.get("og:title") or _text_of(tree.css_first("title")) or _text_of(heading)
    canonical = tree.css_first("link[rel=canonical]")
    return Page(
        body=_main_text(tree, root),
        title=title,
        summary=said.get("og:description") or said.get("description"),
        published=said.get("article:published_time") or said.get("datepublished") or said.get("date"),
        updated=said.get("article:modified_time"),
        site_name=said.get("og:site_name"),
        url=(canonical.attributes.get("href") if canonical is not None else None) or said.get("og:url"),
        language=_language(tree),
        author=said.get("author"),
        image=said.get("og:image"),
    )


def _main_text(tree: LexborHTMLParser, root: LexborNode) -> str:
    for selector in ("[itemprop=articleBody]", "article", "main"):
        node = tree.css_first(selector)
        if node is not None:
            found = read(node)
            if len(found.strip()) >= _LEAST_ARTICLE:
                return found
    return read(root)


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    said: dict[str, str] = {}
    for node in tree.css("meta")[:300]:
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        content = attributes.get("content")
        if name and content:
            said.setdefault(name.casefold(), content)
    return said


def _language(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("html")
    return node.attributes.get("lang") if node is not None else None


def _text_of(node: LexborNode | None) -> str | None:
    return (_SPACE.sub(" ", node.text()).strip() or None) if node is not None else None
