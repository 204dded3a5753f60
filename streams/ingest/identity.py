"""Who an article is: its canonical URL, its ids, and the fingerprint by which reprints are known.

Guarantees: pure; the same page under its usual addresses (http or https, www, mobile and AMP hosts, tracking
parameters, fragments) has one canonical URL. Refuses addresses that are not http or https, that name no host, or that
are longer than 2,048 characters.
"""

import hashlib
import re
from urllib.parse import quote, unquote, urlsplit

import numpy as np

from streams.ingest.text import fold

__all__ = ["LONGEST_URL", "article_id", "canonical", "content_hash", "domain_of", "host_name", "plain_url", "simhash"]

LONGEST_URL = 2_048
_HEX = 32
_SHINGLE = 3
_HOST_PREFIXES = ("www.", "m.", "amp.", "mobile.", "www2.", "www1.")
_TRACKING = frozenset({
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh",
    "mc_cid", "mc_eid", "cmpid", "cmp", "ocid", "ref", "ref_src", "ref_url", "referrer", "smid", "s_cid", "icid",
    "ncid", "ito", "xtor", "spm", "_ga", "_gl", "__twitter_impression", "guccounter", "guce_referrer",
    "guce_referrer_sig", "guce_referrer_us", "feedtype", "output", "outputtype", "amp", "amp_js_v", "amp_gsa",
    "usqp", "share", "sharetype", "taid", "wt_mc", "wtmc", "mkt_tok", "vero_id", "oly_enc_id", "oly_anon_id", "trk",
    "trkcampaign", "sref", "ncx", "sh", "cvid",
})  # fmt: skip
"""Parameters that say how a reader came, not what is shown (lists of ClearURLs and the AdGuard tracking filter)."""
_TRACKING_PREFIXES = ("utm_", "at_", "ns_", "pk_", "mtm_", "hsa_", "_hs", "amp_")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\]")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: no encoding has it, and a crawler that cut an address in two leaves one."""
_WORD = re.compile(r"\w+")
_SAFE = "/:@!$&'()*+,;=~-._"


def host_name(host: str) -> str | None:
    """`host` in lower case, in ASCII (IDNA), without a final dot; None if it can't be a host."""
    host = host.strip().rstrip(".").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return host if _HOST.fullmatch(host) and ".." not in host else None


def domain_of(host: str) -> str | None:
    """The host by which a publisher is known: without `www.`, `m.`, `amp.` and the like. None if it is no host."""
    name = host_name(host)
    if name is None:
        return None
    for _ in _HOST_PREFIXES:
        for prefix in _HOST_PREFIXES:
            rest = name.removeprefix(prefix)
            if rest != name and "." in rest:
                name = rest
    return name


def plain_url(text: str) -> str | None:
    """The address in `text`, without credentials and ready to be shown; None if it is no web address."""
    text = _HALF.sub("", text.strip())
    if text.startswith("//"):
        text = f"https:{text}"
    if len(text) > LONGEST_URL or not text[:8].lower().startswith(("http://", "https://")) or _CONTROL.search(text):
        return None
    try:
        parts = urlsplit(text)
        host, port = host_name(parts.hostname or ""), parts.port
    except ValueError:  # a port that is no number, half an IPv6 address
        return None
    if host is None:
        return None
    authority = host if port is None else f"{host}:{port}"
    return parts._replace(scheme=parts.scheme.lower(), netloc=authority).geturl()


def canonical(url: str) -> str | None:
    """The one address of the page at `url` (as `plain_url` gives it), always https; None if it grows too long."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.hostname in ("www.google.com", "google.com") and parts.path.startswith("/amp/s/"):
        inner = plain_url(f"https://{parts.path.removeprefix('/amp/s/')}")
        if inner is not None:
            parts = urlsplit(inner)
            port = parts.port
    domain = domain_of(parts.hostname or "")
    if domain is None:
        return None
    authority = domain if port in (None, 80, 443) else f"{domain}:{port}"
    path = quote(unquote(parts.path, errors="surrogateescape"), safe=_SAFE, errors="surrogateescape").rstrip("/")
    for ending in ("/amp", ".amp"):
        path = path.removesuffix(ending).rstrip("/")
    kept = sorted(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair))
    found = f"https://{authority}{path}" + (f"?{'&'.join(kept)}" if kept else "")
    return found if len(found) <= LONGEST_URL else None


def _is_tracking(pair: str) -> bool:
    name = pair.split("=", 1)[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def article_id(canonical_url: str | None, title: str | None, body: str | None, summary: str | None) -> str:
    """32 hex digits of the sha256 of the canonical URL, else of title and body, else of the summary."""
    if canonical_url:
        return _digest(canonical_url)
    return _digest(title, body) if title or body else _digest(summary)


def content_hash(title: str | None, summary: str | None, body: str | None) -> str:
    """32 hex digits of the sha256 of the three texts. None and an empty text count the same."""
    return _digest(title, summary, body)


def _digest(*parts: str | None) -> str:
    # WHY: a separator that no cleaned text holds, so that words can't move from one field to the next unseen.
    joined = "\x1f".join(part or "" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX]


def simhash(text: str) -> str:
    """16 hex digits: the 64-bit simhash (Charikar 2002) of the 3-word shingles of `text`, folded and lower-cased.

    Each shingle counts as often as it occurs; it is hashed with blake2b to 8 bytes. A text of fewer words is one
    shingle; one without words has the fingerprint 0.
    """
    words = _WORD.findall(fold(text).lower())
    if not words:
        return "0" * 16
    shingles = [" ".join(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1))]
    digests = b"".join(
        hashlib.blake2b(shingle.encode("utf-8", "surrogatepass"), digest_size=8).digest() for shingle in shingles
    )
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(-1, 8), axis=1)
    ones = bits.sum(axis=0, dtype=np.int64)
    return np.packbits(2 * ones > len(shingles)).tobytes().hex()
