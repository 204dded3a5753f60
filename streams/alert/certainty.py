"""How certain an incident is, in CAP 1.2's words, and why. Pure: entries and rules in, words out.

Possible is the beginning; Likely takes independent reports by several publishers, one of them dated, that say it
plainly, or an official source. We never say Observed: we only read.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from streams.alert.incident import Entry, independent
from streams.alert.record import Certainty
from streams.alert.rules import Rules

__all__ = ["certainty_of", "doubts", "is_hedged", "reliable"]


def reliable(entries: Sequence[Entry], rules: Rules) -> tuple[Entry, ...]:
    """Those whose publishers count for something."""
    return tuple(entry for entry in entries if rules.sources.tier(entry.publisher) in ("official", "ordinary"))


def certainty_of(entries: Sequence[Entry], rules: Rules) -> Certainty:
    """The certainty of an incident with these entries."""
    plain = [entry for entry in reliable(entries, rules) if not is_hedged(entry, rules.certainty.hedges)]
    if not any(entry.dated for entry in plain):
        return "Possible"
    if any(rules.sources.tier(entry.publisher) == "official" for entry in plain):
        return "Likely"
    reports = independent(plain)
    publishers = {report[0].publisher for report in reports}
    enough = len(reports) >= rules.certainty.reports and len(publishers) >= rules.certainty.publishers
    return "Likely" if enough else "Possible"


def doubts(entries: Sequence[Entry], rules: Rules) -> tuple[str, ...]:
    """What an analyst should know of how the evidence was told."""
    found = []
    official = sorted({e.publisher for e in entries if rules.sources.tier(e.publisher) == "official"})
    if official:
        found.append(f"official source: {official[0]}")
    if not reliable(entries, rules):
        found.append("only from publishers that are not relied on")
    if all(is_hedged(entry, rules.certainty.hedges) for entry in entries):
        found.append("told with reserve")
    if not any(entry.dated for entry in entries):
        found.append("undated")
    return tuple(found)


def is_hedged(entry: Entry, hedges: tuple[str, ...]) -> bool:
    """Whether every evidence sentence of the entry is told with reserve."""
    words = _pattern(hedges)
    return bool(entry.evidence) and all(words.search(piece.quote) for piece in entry.evidence)


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    if not words:
        return re.compile(r"(?!)")
    # "in May": the month is no doubt.
    return re.compile(r"\b(?!May\b)(?i:" + "|".join(re.escape(word) for word in words) + r")\b")
