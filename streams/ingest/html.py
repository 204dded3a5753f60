"""From HTML to the words that a reader would see.

Guarantees: linear time and bounded nesting on any input (a tree deeper than `_DEPTH` is never built), no exception;
blocks end in line breaks. Refuses to guess for plain text: `looks_like_html` wants a tag that HTML knows, so the words
"shelters <immediately> & roads" stay.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["looks_like_html", "parse", "read", "to_text"]

_DEPTH = 200
"""Open elements allowed. Building a tree takes the parser quadratic time in its depth; real pages stay below 100."""
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "br", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "html", "li", "main", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
_UNREAD = frozenset({
    "aside", "audio", "button", "canvas", "dialog", "footer", "form", "head", "header", "iframe", "input", "math",
    "nav", "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
})  # fmt: skip
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd",
    "label", "link", "mark", "meta", "q", "s", "samp", "small", "source", "span", "strike", "strong", "sub", "sup",
    "td", "th", "time", "tt", "u", "var", "wbr", "picture",
})  # fmt: skip
_KNOWN = _BLOCKS | _UNREAD | _INLINE
_NOT_NESTED = frozenset({
    "br", "hr", "img", "input", "link", "meta", "source", "wbr", "p", "li", "dt", "dd", "td", "th", "tr", "tbody",
    "thead", "tfoot", "option", "body", "html", "head",
})  # fmt: skip
"""Elements that hold nothing or whose end tag may be left out: an unclosed one does not deepen the tree."""
_TAG = re.compile(r"<(?:/?([A-Za-z][A-Za-z0-9-]{0,15})(?:[\s/][^<>]*)?>|!DOCTYPE\b|!--|!\[CDATA\[)", re.I)
_ANY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]{0,40})")
_UNKNOWN_TAG = re.compile(r"<(/?[A-Za-z][\w '.,-]{0,80})>")
_MARKUP = re.compile(r"<[!?/A-Za-z][^<>]*>?")
_NOISE = re.compile(
    r"<(script|style|svg|math|template|noscript|iframe)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_HIDDEN = re.compile(r"\bhidden\b|display\s*:\s*none", re.I)
_SPACE = re.compile(r"\s+")


def looks_like_html(text: str) -> bool:
    """Whether `text` holds at least one tag that HTML knows (or a comment, a doctype, a CDATA mark)."""
    return any(not match[1] or match[1].lower() in _KNOWN for match in _TAG.finditer(text))


def to_text(html: str) -> str:
    """The visible words of an HTML fragment, a line break after each block. Entities are undone once."""
    html = _keep_unknown(_CDATA.sub("", html))
    tree = parse(html)
    if isinstance(tree, str):
        return tree
    return "" if tree.root is None else read(tree.root)


def parse(html: str) -> LexborHTMLParser | str:
    """The tree of `html` without scripts and drawings; of a text nested too deeply only its words."""
    html = _NOISE.sub("", html)
    return _strip_markup(html) if _is_deep(html) else LexborHTMLParser(html)


def read(top: LexborNode) -> str:
    """The visible words below `top`, a line break around each block."""
    return "".join(_pieces(top))


def _pieces(top: LexborNode) -> Iterator[str]:
    """Text of `top`, depth first. A loop with a stack of its own: the tree may be as deep as `_DEPTH`."""
    stack: list[tuple[LexborNode | None, str]] = [(top.child, "")]
    while stack:
        node, end = stack.pop()
        if node is None:
            yield end
            continue
        stack.append((node.next, end))
        if node.is_text_node:
            yield _SPACE.sub(" ", node.text_content or "")
        elif node.is_element_node:
            tag = node.tag or ""
            if tag in _UNREAD or _is_hidden(node):
                continue
            mark = "\n" if tag in _BLOCKS else " " if tag in ("td", "th") else ""
            yield mark
            if node.child is not None:
                stack.append((node.child, mark))


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    style = attributes.get("style") or ""
    return "hidden" in attributes or ("display" in style and _HIDDEN.search(style) is not None)


def _is_deep(html: str) -> bool:
    """Whether more elements may be open at once than `_DEPTH`, judged by tags alone."""
    if html.count("<") <= _DEPTH:
        return False
    depth = 0
    opened: dict[str, int] = {}
    for match in _ANY_TAG.finditer(html):
        name = match[2].lower()
        if name in _NOT_NESTED:
            continue
        count = opened.get(name, 0)
        if not match[1]:
            opened[name] = count + 1
            depth += 1
            if depth > _DEPTH:
                return True
        elif count:
            opened[name] = count - 1
            depth -= 1
    return False


def _keep_unknown(html: str) -> str:
    """Escape lone `<words>` that are no tags: no such element is known, and none is closed."""

    def keep(match: re.Match[str]) -> str:
        name = match[1].split(" ", 1)[0].lstrip("/").lower()
        element = name in _KNOWN or "-" in name or name in closed
        return match[0] if element else f"&lt;{match[1]}&gt;"

    closed = {name.lower() for slash, name in _ANY_TAG.findall(html) if slash}
    return _UNKNOWN_TAG.sub(keep, html)


def _strip_markup(html: str) -> str:
    """Drop tags without building a tree: crude, for crafted or badly broken input only."""

    def mark(match: re.Match[str]) -> str:
        tag = _ANY_TAG.match(match[0])
        return "\n" if tag is not None and tag[2].lower() in _BLOCKS else ""

    return _MARKUP.sub(mark, html)
