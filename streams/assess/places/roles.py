"""The part that each place of a field plays: first each for itself, then with those that stand beside it.

Guarantees: linear in the number of places. Refuses to join places across sentences or across any word but "and", "or"
and compass words.
"""

from collections.abc import Sequence

from streams.assess.places.part import Finding, Part, Role
from streams.assess.places.reader import Reader
from streams.assess.places.resolve import Place
from streams.assess.places.tables import Cues
from streams.assess.places.words import Words

__all__ = ["find_roles"]

_FARTHEST = 5  # words from one place to the next of a list ("northern Syria and the west of Iraq")
_OPEN = frozenset((Role.PLAIN, Role.PEOPLE, Role.SUBJECT))


def find_roles(words: Words, places: Sequence[Place], cues: Cues, *, datelines: bool) -> list[Part]:
    """Roles of all places of one field, in order. datelines: the field may begin with one."""
    reader = Reader(words, cues)
    findings = [reader.finding(place, datelines=datelines) for place in places]
    # A nation's people are no neighbours of places, a nation's land is: "Israel and the Palestinian territories".
    demonym = [place.place.kind == "demonym" for place in places]
    land = [not d or finding[0] is Role.TARGET for d, finding in zip(demonym, findings, strict=True)]
    apart = [i > 0 and demonym[i - 1] != demonym[i] and not (land[i - 1] and land[i]) for i in range(len(places))]
    groups = _groups(words, places, apart, cues)
    members: dict[int, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    for indexes in members.values():
        if len(indexes) > 1:
            _share(findings, indexes, mutual=reader.mutual(places[indexes[-1]]))
    return [
        Part(place, role, strength, group)
        for place, (role, strength), group in zip(places, findings, groups, strict=True)
    ]


def _groups(words: Words, places: Sequence[Place], apart: Sequence[bool], cues: Cues) -> list[int]:
    """Neighbours joined by "and"/"or", and by commas where the chain ends in such a word, get one number."""
    groups = list(range(len(places)))
    head, pending = 0, 0  # the chain's first place, and the first of its places that has no "and" behind it yet
    for i in range(1, len(places)):
        link = "" if apart[i] else _link(words, places[i - 1], places[i], cues)
        if not link:
            head = pending = i
        elif link == "and":
            groups[pending : i + 1] = [groups[head]] * (i + 1 - pending)
            pending = i + 1
    return groups


def _link(words: Words, left: Place, right: Place, cues: Cues) -> str:
    if words.sentence[left.last] != words.sentence[right.first] or right.first - left.last > _FARTHEST:
        return ""
    between = words.folded[left.last + 1 : right.first]
    if any(word not in cues["compass"] for word in between if word not in ("and", "or")):
        return ""
    if "and" in between or "or" in between:
        return "and"
    return "comma" if words.gap[left.last + 1].startswith(",") else ""


def _share(findings: list[Finding], indexes: Sequence[int], *, mutual: bool) -> None:
    """Those that trade blows are all in danger; else what has no part of its own takes the part of its neighbours."""
    targets = [findings[i] for i in indexes if findings[i][0] is Role.TARGET]
    strongest = max(targets, key=lambda finding: finding[1], default=None)
    last = findings[indexes[-1]]
    for i in indexes:
        role = findings[i][0]
        if mutual and role is not Role.BELONGING:
            findings[i] = (Role.TARGET, 4.0)
        elif strongest is not None and (role in _OPEN or role is Role.TARGET):
            findings[i] = strongest
        elif strongest is None and role is Role.PLAIN:
            findings[i] = last
