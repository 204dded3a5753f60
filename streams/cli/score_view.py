"""A scored article for a person: every sentence with two bars, the decision, why, and the deciding words.

Guarantees: readable at any width and without colours; text of articles never acts. Refuses to hide what did not count.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from models.labels import EVENTS
from streams.assess.places import country_names, place_name
from streams.cli.marks import deciding_words
from streams.cli.output import inert, plain, stdout
from streams.cli.render import COLOURS, bar, marked

if TYPE_CHECKING:
    from models import Classifier
    from streams.cli.scoring import ScoredArticle, ScoredEvent, ScoredSentence

__all__ = ["show"]

_INDENT = 2
_SHORT = {"escalation": "esc", "evacuation": "eva"}


def show(scored: "ScoredArticle", classifier: "Classifier", thresholds: Mapping[str, float]) -> None:
    """Print one article on standard output."""
    console = stdout()
    _head(console, scored)
    for sentence in scored.sentences:
        _sentence(console, sentence, classifier)
    if scored.sentences:
        points = ", ".join(f"{event} from {thresholds[event]:.3f}" for event in EVENTS)
        _print(console, Text(f"A sentence is evidence: {points}.", "dim"))
    names = country_names()
    for event in scored.events:
        _event(console, event, names)
    closing = _closing(scored)
    if closing:
        _print(console, Text(closing))
    _print(console, Text())


def _print(console: Console, text: Text, indent: int = 0) -> None:
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text.assemble(" " * indent, text), soft_wrap=True)


def _head(console: Console, scored: "ScoredArticle") -> None:
    article, language = scored.prepared.article, scored.prepared.language
    _print(console, inert(article.title or "(no title)", "bold"))
    published = article.published.at.strftime("%Y-%m-%d %H:%M UTC") if article.published else "no date"
    facts = [
        article.domain or article.publisher or "no publisher",
        published,
        f"format {article.source_format}",
        f"language {language.code} ({language.confidence:.2f})",
    ]
    _print(console, inert(" · ".join(facts), "dim"))
    _print(console, Text())


def _sentence(console: Console, sentence: "ScoredSentence", classifier: "Classifier") -> None:
    decided = bool(sentence.decision)
    head = Text()
    for event in EVENTS:
        score = sentence.scores[event]
        style = "bold red" if event in sentence.decision else "dim"
        head.append(f"{_SHORT[event]} {bar(score)} {score:.3f}  ", style)
    if decided:
        head.append(" + ".join(sentence.decision).upper(), "bold red")
    else:
        head.append("-", "dim")
    head.append(f"  {sentence.field} {sentence.start}-{sentence.end}", "dim")
    _print(console, head)
    spans: tuple[tuple[int, int], ...] = ()
    if decided:
        best = max(sentence.decision, key=lambda event: sentence.scores[event])
        spans = deciding_words(classifier, sentence.text, best, sentence.context)
    body = marked(sentence.text, spans, words=plain(console))
    if not decided:
        body.stylize("dim")
    _print(console, body, _INDENT)
    _print(console, Text(f"why: {sentence.why}", "dim"), _INDENT)
    _print(console, Text())


def _event(console: Console, event: "ScoredEvent", names: Mapping[str, str]) -> None:
    severity = event.severity or "Unknown"
    where = place_name(event.country, names)
    verdict = "ALERT" if event.alert else "no alert"
    line = Text.assemble(
        (f"{verdict} ", "bold red" if event.alert else "bold"),
        (severity.upper(), COLOURS[severity]),
        f" {event.event} in {where}: {event.why}; {len(event.evidence)} evidence sentence",
        "" if len(event.evidence) == 1 else "s",
    )
    _print(console, line)


def _closing(scored: "ScoredArticle") -> str:
    language = scored.prepared.language
    if scored.outcome == "unsupported_language":
        return (
            f"Not scored: the language is {language.code} (by {language.source}), and this version scores English"
            " only; the worker counts it as unsupported_language."
        )
    if scored.outcome == "stale":
        return "No alert: the article is older than TOCSIN_STALE_HOURS allows (--at sets the time of arrival)."
    if not scored.events:
        return f"No evidence in {len(scored.sentences)} sentences ({scored.outcome}): the worker sends nothing."
    cut = scored.prepared.cut
    return f"{cut} sentences beyond the limit were not scored." if cut else ""
