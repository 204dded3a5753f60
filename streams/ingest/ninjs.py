"""IPTC ninjs, versions 1 to 3: wire stories, where a text comes in several forms and a status may withdraw it.

Guarantees: a flat record under canonical names, plain text before HTML, main texts before others. Refuses nothing:
a withdrawn story is marked, for a text that was withdrawn is news to whoever was alerted by it.

Version 1 has `headline`, `body_text`, `body_xhtml`, lower-case dates; version 2 has arrays `headlines`, `bodies`;
version 3 has the same in camel case (schemas of github.com/iptc/newsinjson).
"""

from collections.abc import Mapping

from streams.ingest.coerce import names

__all__ = ["flatten", "is_retracted"]

_KEYS = {
    "published": (
        "firstCreated",
        "firstcreated",
        "contentCreated",
        "contentcreated",
        "versionCreated",
        "versioncreated",
    ),
    "updated": ("contentModified", "contentmodified", "versionCreated", "versioncreated"),
    "language": ("language",),
    "authors": ("by", "byline", "people", "person"),
    "tags": ("subjects", "subject", "genres", "genre", "keywords"),
}
_TEXTS = {
    "title": ("headlines", "headline", "title"),
    "summary": ("descriptions", "description"),
    "body": ("bodies", "body"),
}
_ROLES = ("main", "", "headline", "body", "summary", "short", "caption")


def flatten(record: Mapping[str, object]) -> dict[str, list[tuple[str, object]]]:
    """Canonical field to (source key, value) candidates."""
    found: dict[str, list[tuple[str, object]]] = {}

    def put(field: str, key: str, value: object) -> None:
        if value not in (None, "", []):
            found.setdefault(field, []).append((key, value))

    for field, keys in _TEXTS.items():
        for key in keys:
            for value in _by_preference(record.get(key)):
                put(field, key, value)
        stem = keys[1]
        for key in sorted(record):
            if key.startswith(f"{stem}_") and isinstance(record[key], str):
                put(field, key, record[key])
    for field, keys in _KEYS.items():
        for key in keys:
            put(field, key, record.get(key))
    put("url", "uri", record.get("uri"))
    for value in _hrefs(record.get("renditions")):
        put("url", "renditions", value)
    for value in _hrefs(record.get("altIds")):
        put("url", "altIds", value)
    put("publisher", "infoSources", _source(record.get("infoSources")))
    put("publisher", "infosource", names(record.get("infosource"))[:1])
    for key in ("copyrightHolder", "copyrightholder", "creditline", "creditLine"):
        put("publisher", key, record.get(key))
    return found


def is_retracted(record: Mapping[str, object]) -> bool:
    """Whether the provider withdrew the story (`pubStatus` canceled)."""
    status = record.get("pubStatus", record.get("pubstatus"))
    return isinstance(status, str) and status.strip().lower().rsplit(":", 1)[-1] in ("canceled", "cancelled")


def _by_preference(value: object) -> list[object]:
    """Texts of an array of {role, contentType, value}, the best first; anything else as it is."""
    if not isinstance(value, list):
        return [value]
    texts = [part for part in value[:50] if isinstance(part, dict)]

    def rank(part: dict[str, object]) -> tuple[bool, int]:
        form = str(part.get("contentType") or part.get("contenttype") or "text/plain")
        role = str(part.get("role") or "").rsplit(":", 1)[-1].lower()
        return ("plain" not in form, _ROLES.index(role) if role in _ROLES else len(_ROLES))

    return [part.get("value") for part in sorted(texts, key=rank)] or [value]


def _hrefs(value: object) -> list[object]:
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [part.get("href") or part.get("value") for part in parts[:20] if isinstance(part, dict)]


def _source(value: object) -> list[str]:
    """The name of the originator if one is marked, else the first."""
    parts = [part for part in value[:20] if isinstance(part, dict)] if isinstance(value, list) else []
    parts.sort(key=lambda part: "originator" not in str(part.get("role", "")).lower())
    return names(parts)[:1]
