"""Which tool made a record, and where that tool keeps what an article is made of.

Guarantees: a closed list of formats; candidates for each canonical field, best first, the tool's own keys before the
common ones, so that an unknown tool with usual names is read too. Refuses to judge values: the reader does.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from streams.ingest import jsonld, ninjs
from streams.ingest.aliases import COMMON, OWN
from streams.ingest.coerce import lookup

__all__ = ["Candidates", "Format", "candidates", "recognise"]

Format = Literal[
    "news-please", "newspaper4k", "trafilatura", "feedparser", "newsapi", "gdelt", "json-ld", "ninjs", "scrapy",
    "fundus", "plain",
]  # fmt: skip
Candidates = dict[str, list[tuple[str, object]]]
"""Canonical field to (source key, value), best first."""

_MARKS: dict[Format, tuple[int, str]] = {
    "gdelt": (1, "seendate sourcecountry url_mobile"),
    "news-please": (1, "maintext date_publish title_rss date_download localpath"),
    "newspaper4k": (
        2,
        "read_more_link meta_lang meta_site_name canonical_link top_image publish_date meta_description meta_keywords "
        "meta_favicon movies",
    ),
    "trafilatura": (2, "source-hostname raw_text fingerprint filedate excerpt pagetype hostname"),
    "feedparser": (1, "title_detail summary_detail published_parsed updated_parsed guidislink content_detail"),
    "fundus": (1, "publishing_date plaintext free_access"),
    "newsapi": (1, "urlToImage"),
    "scrapy": (1, "appid crawlid spiderid spider response_url response_headers request_headers links_found"),
}
"""Format to how many of the keys must be there. In order: the surest marks first."""
_KEYS = {name: (least, frozenset(keys.split())) for name, (least, keys) in _MARKS.items()}


def recognise(record: Mapping[str, object]) -> Format:
    """The tool that made `record`, by its keys."""
    if "@context" in record or "@type" in record:
        return "json-ld"
    if "uri" in record and any(
        key.lower() in ("pubstatus", "headlines", "bodies", "versioncreated", "contentcreated", "representationtype")
        or key.startswith(("body_", "headline_", "infoSource"))
        for key in record
    ):
        return "ninjs"
    if set(record) == {"text", "comments"}:
        return "trafilatura"  # its JSON without metadata
    for name, (least, keys) in _KEYS.items():
        if len(keys & record.keys()) >= least:
            return name
    if "publishedAt" in record and isinstance(record.get("source"), Mapping):
        return "newsapi"
    if {"url", "timestamp"} <= record.keys():
        return "scrapy"
    return "plain"


_FLATTEN: dict[Format, Callable[[Mapping[str, object]], Candidates]] = {
    "json-ld": jsonld.flatten,
    "ninjs": ninjs.flatten,
}


def candidates(record: Mapping[str, object], kind: Format) -> Candidates:
    """Where to look for each canonical field, values that are absent left out."""
    found: Candidates = _FLATTEN[kind](record) if kind in _FLATTEN else {}
    own = OWN.get(kind, {})
    for field, common in COMMON.items():
        places = found.setdefault(field, [])
        taken = {key for key, _ in places}
        for key in (*own.get(field, ()), *common):
            if key not in taken:
                taken.add(key)
                value = lookup(record, key)
                if value not in (None, "", [], {}):
                    places.append((key, value))
    return found
