"""An alert as a few plain lines, for people in a chat or a mailbox. Pure.

Guarantees: one line a fact; nothing in a text of an article calls anybody (@here, @name), and no address in it becomes
a link that a chat would fetch. What a sink must escape beyond that is the sink's work. Refuses nothing.
"""

import re
from collections.abc import Mapping
from typing import Final

from streams.alert.record import Alert
from streams.assess.places import place_name
from streams.observe.logs import escaped

__all__ = ["body", "neutral", "title"]

_TITLE: Final = 180
_QUOTES: Final = 3
_DOMAINS: Final = 4
_JOINER: Final = "\u2060"
"""Word joiner: invisible, and no @name or address survives one in its middle."""
_CALLS: Final = re.compile(r"@(?=\w)")
_ADDRESSES: Final = re.compile(r"\b(https?|ftp|mailto|tel|javascript|data)(?=:)", re.IGNORECASE)
_WWW: Final = re.compile(r"\bwww(?=\.)", re.IGNORECASE)


def neutral(text: str, most: int = 400) -> str:
    """`text` on one line, control characters shown as escapes, names not called and addresses not linked."""
    shown = escaped(text, most)
    shown = _CALLS.sub("@" + _JOINER, shown)
    shown = _ADDRESSES.sub(lambda found: found[1] + _JOINER, shown)
    return _WWW.sub(lambda found: found[0] + _JOINER, shown)


def title(alert: Alert) -> str:
    """What happened, in one line."""
    status = "" if alert.status == "Actual" else f" [{alert.status}]"
    kind = "" if alert.msg_type == "Alert" else f" {alert.msg_type}"
    return neutral(f"{alert.severity.upper()}{kind}{status}: {alert.headline}", _TITLE)


def body(alert: Alert, names: Mapping[str, str], *, link: bool = False) -> str:
    """Why, how sure, from whom. With `link` the article's address, if it is a web address, as a last line."""
    count = alert.corroboration
    domains = ", ".join(count.domains[:_DOMAINS])
    lines = [
        f"{alert.event} in {place_name(alert.country, names)} · {alert.certainty} · {alert.urgency}"
        f" · {', '.join(alert.response_type)}",
        *(f'{piece.score:.2f} "{piece.quote}"' for piece in alert.evidence[:_QUOTES]),
        f"why: {'; '.join(alert.reasons)}",
        f"from: {count.articles} articles, {count.independent_reports} independent reports: {domains}",
        f"id: {alert.alert_id}",
    ]
    shown = [neutral(text, 600) for text in lines]
    url = alert.article.url or ""
    if link and url.lower().startswith(("https://", "http://")):
        shown.append(escaped(url.split()[0], 500))
    return "\n".join(shown)
