"""The worst errors as one page to read: what was said, what is right, and the sentence in its context.

Guarantees: one self-contained file without scripts, which its Content-Security-Policy forbids anyway, as it forbids
anything from elsewhere; every text is escaped, invisible and direction-changing characters are shown as escapes.
Refuses to be published: the text is that of publishers, and the page says so on top.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from models.training.data import Example
from models.training.tables import inert

__all__ = ["Errors", "errors_page"]

_WARNING: Final = (
    "The text of the pool and of public sets belongs to its publishers: do not publish this page, and do not put it"
    " into the repository."
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 960px; margin: 0 auto; padding: 16px; color: #1a1a1a;
       background: #fff; overflow-wrap: anywhere; }
.warning { border: 2px solid #a33; padding: 8px 12px; font-weight: 600; }
h1 { font-size: 1.5em; } h2 { font-size: 1.25em; border-bottom: 2px solid #1a1a1a; margin-top: 2em; }
h3 { font-size: 1.05em; }
article { border-top: 1px solid #bbb; padding: 8px 0; }
article p { margin: 2px 0; }
.facts { font-size: 0.85em; font-variant-numeric: tabular-nums; }
.context { color: #5f5f5f; font-size: 0.9em; }
.sentence { font-size: 1.05em; }
"""


@dataclass(frozen=True, slots=True)
class Errors:
    """One event's wrong answers on the set `name`, the worst first, as `worst_errors` gives them.

    `total` is how many there are, shown or not.
    """

    name: str
    event: str
    threshold: float
    total: int
    worst: tuple[tuple[float, Example], ...]


def errors_page(title: str, errors: Sequence[Errors]) -> str:
    """The page, to be written as UTF-8. Errors of one set must follow each other."""
    head = (
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{_shown(title)}</title>",
        f"<style>{_STYLE}</style>",
    )
    body = [f'<p class="warning">{escape(_WARNING)}</p>', f"<h1>{_shown(title)}</h1>", *_contents(errors)]
    before = None
    for number, part in enumerate(errors):
        if part.name != before:
            body.append(f"<h2>{_shown(part.name)}</h2>")
            before = part.name
        body += _section(number, part)
    lines = ("<!DOCTYPE html>", '<html lang="en">', "<head>", *head, "</head>", "<body>", *body, "</body>", "</html>")
    return "\n".join(lines) + "\n"


def _shown(text: str) -> str:
    """`text` for HTML, in an element or in a quoted attribute."""
    return escape(inert(text), quote=True)


def _contents(errors: Sequence[Errors]) -> Iterator[str]:
    yield "<ul>"
    for number, part in enumerate(errors):
        yield f'<li><a href="#part-{number}">{_shown(part.name)}, {_shown(part.event)}</a>: {part.total} wrong</li>'
    yield "</ul>"


def _section(number: int, part: Errors) -> Iterator[str]:
    yield f'<section id="part-{number}">'
    yield f"<h3>{_shown(part.event)}: {part.total} wrong at threshold {part.threshold:.3f}</h3>"
    if len(part.worst) < part.total:
        yield f"<p>The {len(part.worst)} furthest from the threshold.</p>"
    for score, example in part.worst:
        yield from _error(score, example, part)
    yield "</section>"


def _error(score: float, example: Example, part: Errors) -> Iterator[str]:
    said, right = ("yes", "no") if score >= part.threshold else ("no", "yes")
    facts = [f"said {said}: {score:.3f} (from {part.threshold:.3f})", f"right: {right}"]
    facts += [_shown(text) for text in (example.source, example.decade, example.trap, example.id) if text]
    yield "<article>"
    yield f'<p class="facts"><strong>{facts[0]}, {facts[1]}</strong> · {" · ".join(facts[2:])}</p>'
    for name, text in zip(("headline", "before"), example.context, strict=True):
        if text:
            yield f'<p class="context">{name}: <bdi>{_shown(text)}</bdi></p>'
    yield f'<p class="sentence"><bdi>{_shown(example.text)}</bdi></p>'
    yield "</article>"
