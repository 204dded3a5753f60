"""The input record that we would like to get, as JSON Schema 2020-12. Any other JSON object is read as well as we can.

Guarantees: a record that is valid against `article_schema()`, and whose JSON is no longer than TOCSIN_ARTICLE_BYTES, is
never a dead letter for what it holds. The caps see to the length: at most 12 bytes a code point (an escaped surrogate
pair) keep the longest valid record under a mebibyte.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from streams.ingest.coerce import NULLS

__all__ = ["PreferredArticle", "article_schema"]

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
# Letters and digits of the scripts that news is written in, as ranges that every regular expression engine reads.
_VISIBLE = (
    "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0388-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u0527"
    "\u0531-\u0556\u0561-\u0587\u05d0-\u05ea\u0620-\u063f\u0641-\u064a\u0904-\u0939\u0985-\u098c\u0e01-\u0e30"
    "\u10d0-\u10f0\u1200-\u1248\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else f"\\{letter}" for letter in word)


_NOTHING = "^(?:" + "|".join(_any_case(word) for word in sorted(NULLS) if word[:1].isalpha()) + ")\\s*$"
_TEXT: dict[str, Any] = {"pattern": f"^[{_VISIBLE}]", "not": {"pattern": _NOTHING}}
"""Begins with a letter or digit, and is not a word that crawlers write for nothing ("None")."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class PreferredArticle:
    """One news article. The title must be there; the more of the rest is known, the better the alert."""

    title: Annotated[str, Field(max_length=1_000, description="Headline, plain text.", json_schema_extra=_TEXT)]
    text: Annotated[
        str | None, Field(max_length=60_000, description="Body, plain text, paragraphs divided by line breaks.")
    ] = None
    summary: Annotated[str | None, Field(max_length=5_000, description="Standfirst, plain text.")] = None
    url: Annotated[
        str | None,
        Field(
            max_length=2_048,
            description="Address of the article: the identity by which a correction is known.",
            examples=["https://news.example/world/embassy-order"],
        ),
    ] = None
    published_at: Annotated[
        str | None,
        Field(
            max_length=64,
            description="When it was published, RFC 3339 with zone. Without it an alert says it is undated.",
            examples=["2026-11-20T18:02:11+00:00"],
        ),
    ] = None
    updated_at: Annotated[str | None, Field(max_length=64, description="When it was last changed, RFC 3339.")] = None
    crawled_at: Annotated[str | None, Field(max_length=64, description="When it was fetched, RFC 3339.")] = None
    language: Annotated[
        str | None, Field(max_length=35, description="BCP 47 tag; only English is scored so far.", examples=["en"])
    ] = None
    publisher: Annotated[str | None, Field(max_length=300, description="Who published it.")] = None
    authors: Annotated[
        tuple[Annotated[str, Field(max_length=200)], ...],
        Field(max_length=20, description="Who wrote it."),
    ] = field(default=())
    tags: Annotated[
        tuple[Annotated[str, Field(max_length=100)], ...],
        Field(max_length=30, description="Section and keywords."),
    ] = field(default=())
    image_url: Annotated[str | None, Field(max_length=2_048, description="An image; never fetched.")] = None


def article_schema() -> dict[str, Any]:
    """The JSON Schema of the preferred input."""
    properties: dict[str, Any] = {}
    for name, found in TypeAdapter(PreferredArticle).json_schema()["properties"].items():
        properties[name] = {key: value for key, value in found.items() if key not in ("title", "default")}
    return {
        "$schema": _SCHEMA,
        "$id": "urn:tocsin:article:v1",
        "title": "Article",
        "description": "The preferred input of Tocsin. Valid records are never dead letters; any other JSON object is"
        " read as well as can be, see `tocsin validate`.",
        "type": "object",
        "properties": properties,
        "required": ["title"],
        "additionalProperties": False,
    }
