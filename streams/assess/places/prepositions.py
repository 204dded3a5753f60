"""What the words before a place say about it: "invasion of", "travel to", "border with", "at a summit in".

Guarantees: pure functions over at most ten folded words, nearest first. Refuses an opinion (None) where no table
speaks.
"""

from collections.abc import Callable, Mapping, Sequence

from streams.assess.places.part import ACROSS, Finding, Role
from streams.assess.places.resolve import Place
from streams.assess.places.tables import Cues

__all__ = ["hosting", "preposition", "without_articles"]

Words = Sequence[str]


def without_articles(left: Words, cues: Cues) -> Words:
    """The words before, without articles, compass words and "city of" ("the rebel-held north of the city of")."""
    at = 0
    while at < len(left):
        settlement = left[at] == "of" and at + 1 < len(left) and left[at + 1] in cues["settlements"]
        if left[at] not in cues["skip"] and not settlement:
            break
        at += 2 if settlement else 1
    # Nothing but such words ("in the streets of the capital" never ends so): leave them, their own heads may speak.
    return left[at:] if at < len(left) else left


def hosting(left: Words, cues: Cues) -> Finding | None:
    """A meeting, a speech or a game named before, and no deed nearer."""
    if any(word in cues["verb_coup"] for word in left[:9]):
        return None  # "martial law in a televised address in Seoul"
    for word in left[:9]:
        if word in cues["unvenue"]:
            return None
        if word in cues["venue"]:
            return Role.VENUE, 0
    return None


def preposition(place: Place, left: Words, cues: Cues) -> Finding | None:
    """The finding that the preposition before a place and its head words give."""
    near = without_articles(left, cues)
    if not near:
        return None
    word, heads = near[0], near[1:6]
    if word == "outside" and place.place.kind == "country":
        return Role.VENUE, 0  # "outside Canada" is the rest of the world, "outside Kyiv" is Ukraine
    if word in cues["inside"] or word == "a":
        host = hosting(near[1:], cues)
        if host is not None or word == "a":  # "a": translations leave it for "in" ("Games in progress a Beijing")
            return host
        if any(w in cues["arriving"] for w in near[1:3]) and any(w in cues["carried"] for w in near[1:7]):
            return Role.DESTINATION, 0
        if word in ("into", "across") and any(w in cues["fleeing"] for w in near[1:8]):
            return Role.DESTINATION, 0
        if word == "into" and heads[:1] and heads[0] in cues["crossing"]:
            return Role.DESTINATION, 0
        if heads[:1] and heads[0] in cues["launching"]:
            return Role.AGENT, 0  # "launchers in Pingtan fired into the sea": where it comes from
        return Role.TARGET, 3
    rule = _RULES.get(word)
    return rule(heads, near[1:], cues) if rule is not None else None


def _against(heads: Words, before: Words, cues: Cues) -> Finding | None:
    return Role.TARGET, 3.5


def _by(heads: Words, before: Words, cues: Cues) -> Finding | None:
    return Role.AGENT, 0


def _between(heads: Words, before: Words, cues: Cues) -> Finding | None:
    return (Role.TARGET, 3) if any(w in cues["between_target"] for w in heads) else (Role.AGENT, 0)


def _of(heads: Words, before: Words, cues: Cues) -> Finding | None:
    head = heads[0] if heads else ""
    if head in cues["of_agent"]:
        return Role.AGENT, 0
    if head in ("government", "regime"):
        toppled = any(w in cues["verb_danger"] or w in cues["verb_coup"] or w == "against" for w in before[1:8])
        return (Role.TARGET, 4) if toppled else (Role.AGENT, 0)
    if any(w in cues["of_target"] for w in heads[:2]):
        return hosting(before[1:3], cues) or (Role.TARGET, 3.5)
    return None


def _on(heads: Words, before: Words, cues: Cues) -> Finding | None:
    return (Role.TARGET, 4) if any(w in cues["on_target"] for w in heads) else None


def _to(heads: Words, before: Words, cues: Cues) -> Finding | None:
    for word in heads[:3]:
        if word in cues["to_target"]:
            return Role.TARGET, 4
        if word in cues["to_venue"]:
            return Role.VENUE, 0
    if any(w in cues["event"] and w not in cues["to_destination"] for w in heads):
        return Role.TARGET, 3  # "war could return to Bosnia"
    if "from" in heads or any(w in cues["to_destination"] for w in heads[:3]):
        return Role.DESTINATION, 0
    return (Role.DESTINATION, 0) if any(w in cues["to_destination"] for w in before) else None


def _from(heads: Words, before: Words, cues: Cues) -> Finding | None:
    if heads and heads[0] in cues["from_origin"]:
        return Role.AGENT, 0
    leaving = any(w in cues["out"] or w in cues["to_destination"] or w in cues["verb_danger"] for w in before[:7])
    return (Role.TARGET, 4) if leaving else None


def _with(heads: Words, before: Words, cues: Cues) -> Finding | None:
    if any(w in cues["with_target"] for w in heads[:3]):
        return Role.TARGET, ACROSS  # the danger may be on either side of a border
    return Role.AGENT, 0


def _for(heads: Words, before: Words, cues: Cues) -> Finding | None:
    if any(w in cues["for_target"] for w in heads):
        return Role.TARGET, 4
    return (Role.DESTINATION, 0) if any(w in cues["for_destination"] for w in heads) else None


_RULES: Mapping[str, Callable[[Words, Words, Cues], Finding | None]] = {
    "against": _against,
    "between": _between,
    "by": _by,
    "for": _for,
    "from": _from,
    "of": _of,
    "on": _on,
    "to": _to,
    "with": _with,
}
