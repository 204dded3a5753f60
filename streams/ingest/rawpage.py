"""Crawlers that send the page itself: the body of the record is HTML, maybe in base64, maybe an error page.

Guarantees: what the page says of itself comes after what the record says. Refuses the text of a failed request.
"""

import base64
import binascii
import re
from collections.abc import Mapping

from streams.ingest.draft import Draft
from streams.ingest.html import looks_like_html
from streams.ingest.page import is_page, page

__all__ = ["open_page"]

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{40,}={0,2}\s*")


def open_page(draft: Draft, record: Mapping[str, object]) -> None:
    """Where the body is a whole page, maybe in base64, put in its place what the page says."""
    status = record.get("status_code", record.get("http_status"))
    if isinstance(status, int) and not isinstance(status, bool) and status >= 400:
        draft.found["body"] = []
        draft.drop("body", f"HTTP status {min(status, 999)}")
        return
    places = draft.places("body")
    if not places or not isinstance(places[0][1], str):
        return
    key, text = places[0][0], places[0][1]
    decoded = _from_base64(text)
    if decoded is not None:
        draft.repairs.add("base64")
        text = decoded
        places[0] = (key, text)
    if not is_page(text):
        return
    draft.repairs.add("html")
    found = page(text)
    places[0] = (key, found.body)
    said = {
        "url": found.url,
        "title": found.title,
        "summary": found.summary,
        "published": found.published,
        "updated": found.updated,
        "language": found.language,
        "publisher": found.site_name,
        "authors": found.author,
        "image": found.image,
    }
    for name, value in said.items():
        if value:
            draft.found.setdefault(name, []).append((f"{key}<{name}>", value))


def _from_base64(text: str) -> str | None:
    """HTML in base64 (scrapy-cluster sends pages so by a setting); None for anything else."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        decoded = base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    return decoded if looks_like_html(decoded) else None
