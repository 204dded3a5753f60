"""Where an article is: its address, the canonical one, the host that publishes it, its picture.

Guarantees: web addresses without credentials only (see `streams.ingest.identity`). Refuses a canonical address on
another host, and one that is only a front page.
"""

import re

from streams.ingest import identity
from streams.ingest.coerce import names
from streams.ingest.draft import Draft, is_null

__all__ = ["domain", "image", "urls"]

_WEB = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_ADDRESS_KEYS = frozenset({"url", "link", "href", "source_url", "article_url"})
"""Keys whose value should be an address, so that it is worth a note when it is none."""


def urls(draft: Draft) -> tuple[str | None, str | None]:
    """The address as crawled and the canonical one, by the page's own word where it names the same host."""
    url = canonical = None
    for key, value in draft.places("url"):
        url = next(filter(None, map(identity.plain_url, names(value)[:1])), None)
        canonical = identity.canonical(url) if url else None
        if canonical:
            draft.aliases["url"] = key
            break
        if key in _ADDRESS_KEYS and not is_null(value):
            draft.drop("url", "no web address" if len(str(value)[:3_000]) <= identity.LONGEST_URL else "too long")
        url = None
    if canonical is None:
        return None, None
    for key, value in draft.places("canonical"):
        said = identity.plain_url(value) if isinstance(value, str) else None
        better = identity.canonical(said) if said else None
        # WHY: sites name their front page, and copies name the original, which is another publisher's report.
        if better and _host(better) == _host(canonical) and better.count("/") > 2:
            draft.aliases["canonical"] = key
            return url, better
    return url, canonical


def _host(url: str) -> str:
    return url.split("/", 3)[2]


def domain(draft: Draft, canonical: str | None) -> str | None:
    if canonical:
        return _host(canonical).rsplit(":", 1)[0]
    for key, value in draft.places("domain"):
        if isinstance(value, str):
            host = _WEB.sub("", value.strip()[:300]).split("/", 1)[0]
            found = identity.domain_of(host) if "." in host else None
            if found:
                draft.aliases["domain"] = key
                return found
    return None


def image(draft: Draft) -> str | None:
    for key, value in draft.places("image"):
        for name in names(value)[:1]:
            found = identity.plain_url(name)
            if found:
                draft.aliases["image"] = key
                return found
    return None
