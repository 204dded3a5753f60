"""`tocsin validate`: what the decoder understands of a record, without scoring it.

Guarantees: says for every article which producer was recognised, which of its fields became which of ours, what was
mended and what dropped; exit code 1 if any record, or article in one, would be a dead letter. Refuses nothing: a bad
record is the answer, not an error.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from streams.ingest.article import Article, Moment, Rejected

__all__ = ["validate"]

_TEXT = 70


def validate(
    file: Annotated[str, typer.Argument(help="Articles as JSON, JSON Lines or plain text; - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a record, one a line.")] = False,
) -> None:
    """Show what is understood of an article: fields, repairs, what is dropped, or why it can't be used."""
    from streams.cli import inputs

    records = inputs.read(file)
    from streams.cli.output import json_line, stdout
    from streams.ingest.article import Limits
    from streams.ingest.decode import decode
    from streams.settings import from_environment

    limits = Limits(record_bytes=from_environment().article_bytes)
    console = stdout()
    bad = 0
    for record in records:
        decoded = decode(record.value, received=datetime.now(UTC), limits=limits)
        bad += bool(decoded.rejected)
        if as_json:
            json_line(
                {
                    "line": record.line,
                    "dead_letter": decoded.rejected[0].reason if decoded.rejected else None,
                    "articles": [_as_object(article) for article in decoded.articles],
                    "rejected": [{"reason": item.reason, "detail": item.detail} for item in decoded.rejected],
                }
            )
        else:
            _show(console, record.line, decoded.articles, decoded.rejected)
    if not as_json and len(records) > 1:
        console.print(f"{len(records)} records, {bad} of them with a dead letter")
    if bad:
        raise typer.Exit(1)


def _moment(moment: "Moment | None") -> dict[str, Any] | None:
    if moment is None:
        return None
    return {
        "at": moment.at.isoformat(timespec="seconds"),
        "precision": moment.precision,
        "zone_known": moment.zone_known,
    }


def _as_object(article: "Article") -> dict[str, Any]:
    from streams.ingest.language import language_of

    language = language_of(article)
    return {
        "source_format": article.source_format,
        "id": article.id,
        "content_hash": article.content_hash,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": article.title,
        "summary": article.summary,
        "body_characters": len(article.body or ""),
        "published": _moment(article.published),
        "updated": _moment(article.updated),
        "crawled": _moment(article.crawled),
        "publisher": article.publisher,
        "domain": article.domain,
        "authors": article.authors,
        "tags": article.tags,
        "retracted": article.retracted,
        "language": {
            "code": language.code,
            "confidence": round(language.confidence, 3),
            "source": language.source,
            "stated": article.language,
            "scored": language.code == "en",
        },
        "aliases": dict(article.aliases),
        "repairs": article.repairs,
        "dropped": article.dropped,
    }


def _show(console: "Console", line: int, articles: "tuple[Article, ...]", rejected: "tuple[Rejected, ...]") -> None:
    from rich.text import Text

    from streams.cli.output import inert

    def put(text: Text) -> None:
        console.print(text, soft_wrap=not console.is_terminal)

    for article in articles:
        found = _as_object(article)
        put(Text.assemble((f"record {line}: ", "bold"), ("ok", "bold green"), f", read as {article.source_format}"))
        for name, text in _facts(article, found):
            put(Text.assemble((f"  {name:10} ", "dim"), inert(text)))
    for item in rejected:
        put(
            Text.assemble(
                (f"record {line}: ", "bold"), (f"dead letter {item.reason}", "bold red"), ": ", inert(item.detail)
            )
        )


def _facts(article: "Article", found: dict[str, Any]) -> list[tuple[str, str]]:
    aliases = found["aliases"]

    def said(name: str, value: str | None) -> str:
        source = aliases.get(name)
        return (value or "-") + (f"  (from {source})" if source else "")

    def clipped(text: str | None) -> str | None:
        return text if text is None or len(text) <= _TEXT else text[: _TEXT - 1] + "…"

    published = found["published"]
    date = None
    if published:
        zone = "" if published["zone_known"] else ", zone unknown"
        date = f"{published['at']} (to the {published['precision']}{zone})"
    language = found["language"]
    shown = {
        "title": clipped(article.title),
        "summary": clipped(article.summary),
        "body": f"{found['body_characters']:,} characters" if article.body else None,
        "url": article.url,
        "published": date,
        "publisher": article.publisher,
    }
    rows = [(name, said(name, value)) for name, value in shown.items()]
    others = ", ".join(f"{ours} from {theirs}" for ours, theirs in aliases.items() if ours not in shown)
    rows += [
        ("domain", article.domain or "-"),
        ("language", f"{language['code']} ({language['confidence']:.2f}, by {language['source']})"
                     + ("" if language["scored"] else "; this version scores English only")),
        ("id", f"{article.id}, content {article.content_hash[:12]}"),
        ("also", others or "-"),
        ("mended", ", ".join(article.repairs) or "nothing"),
        ("dropped", "; ".join(article.dropped) or "nothing"),
    ]  # fmt: skip
    if article.retracted:
        rows.append(("retracted", "yes: evidence of this article is withdrawn"))
    return rows
