"""Reads the words around one place and says what the place does there.

Guarantees: looks at most `_REACH` words to either side and never across a sentence, so the cost per place is bounded.
Refuses to see more than the words say: who is in danger in the article as a whole is decided in `locate`.
"""

from itertools import pairwise

from streams.assess.places.part import Finding, Role
from streams.assess.places.prepositions import hosting, preposition, without_articles
from streams.assess.places.resolve import Place
from streams.assess.places.tables import Cues
from streams.assess.places.words import Words

__all__ = ["Reader"]

_REACH = 10
_DATELINE_REACH = 6  # words from the start of a field
_DASHES = ("(", "-", "–", "—", ":")


class Reader:
    """One field's words with the cue tables."""

    def __init__(self, words: Words, cues: Cues) -> None:
        self.words = words
        self.cues = cues

    def finding(self, place: Place, *, datelines: bool) -> Finding:
        """Role and strength. The order of the questions is part of the rule: the closest description comes first."""
        if place.place.kind == "actor":
            return Role.SPEAKER, 0
        if datelines and self._is_dateline(place):
            return Role.DATELINE, 0
        left, right = self._sides(place)
        return (
            self._noun_behind(place, left, right)
            or self._struck(right)
            or preposition(place, left, self.cues)
            or self._object(left)
            or self._subject(place, right)
            or ((Role.PEOPLE if place.place.kind == "demonym" else Role.PLAIN), 0)
        )

    def mutual(self, place: Place) -> bool:
        """Whether blows are traded behind this place, the last of its list."""
        return any(word in self.cues["verb_mutual"] for word in self._sides(place)[1][:5])

    def _sides(self, place: Place) -> tuple[list[str], list[str]]:
        """Words before, nearest first, and words behind."""
        words, s = self.words, self.words.sentence[place.first]
        left = words.folded[max(words.first[s], place.first - _REACH) : place.first]
        right = words.folded[place.last + 1 : min(words.last[s], place.last + 1 + _REACH)]
        return list(left[::-1]), list(right)

    def _is_dateline(self, place: Place) -> bool:
        """Capitals at the start, then a bracket, dash or colon: "GENEVA (Reuters) -", "KYIV, Ukraine (AP) —"."""
        words, after = self.words, place.last + 1
        if after >= len(words.folded) or place.last >= _DATELINE_REACH or not words.upper(0):
            return False
        if words.end[0] - words.start[0] < 3 or any(w in self.cues["small"] for w in words.folded[: place.first]):
            return False
        if words.gap[after].strip()[:1] in _DASHES:
            return True
        listed = place.first == 0 and words.gap[after].startswith(", ")
        return listed and any(gap.strip()[:1] in ("(", "–", "—") for gap in words.gap[after : after + 5])

    def _gap_behind(self, place: Place) -> str:
        """What divides a place from the next word; the last stop of "U.S." belongs to the name."""
        gap = self.words.gap[place.last + 1]
        dotted = place.last > place.first and self.words.gap[place.last] == "."
        return gap.removeprefix(".") if dotted else gap

    def _noun_behind(self, place: Place, left: list[str], right: list[str]) -> Finding | None:
        """What the name describes: "Russian troops", "Iran's border", "Gaza war"."""
        cues = self.cues
        if not right:
            return None
        gap = self._gap_behind(place)
        possessive = right[0] == "s" and gap in ("'", "’")
        adjective = place.place.kind == "demonym"
        if not possessive and gap not in (" ", "-", " '", " ‘", " “"):
            return None
        if gap == "-" and right[0] in cues["hyphened"]:
            return Role.AGENT, 0  # "Saudi-led", "Russian-held", "American-allied"
        nouns = right[1:5] if possessive else right[:3] if adjective else right[:1]
        for at, noun in enumerate(nouns):
            following = right[at + 1 + possessive] if at + 1 + possessive < len(right) else ""
            if noun in cues["belong"]:
                return Role.BELONGING, 0
            if noun in cues["govern"] or noun in cues["force"] or noun in cues["deed"]:
                if following in cues["place"] and noun not in cues["deed"]:
                    return Role.TARGET, 3  # "Iranian nuclear facilities"
                return self._doer(place, noun, following, left, right, described=adjective or possessive)
            if noun == "fires" and following in cues["fired"]:
                return Role.AGENT, 0  # "China fires rockets"
            if noun in cues["event"]:
                return Role.TARGET, 3
            if noun in cues["place"] and (following in cues["force"] or following in cues["hyphened"]):
                return Role.AGENT, 0  # "Russian state hackers", "a Russian state-linked group"
            if noun == "coast" and following in ("guard", "guards"):
                return Role.AGENT, 0
            if noun in cues["place"]:
                return hosting(left, cues) or (Role.TARGET, 3)
            if noun in cues["stoppers"]:
                break
        if adjective and self.words.folded[place.last].endswith("s"):
            return (Role.PLAIN, 0) if right[0] in ("were", "killed", "have") else (Role.BELONGING, 0)
        return None

    def _doer(
        self, place: Place, noun: str, following: str, left: list[str], right: list[str], *, described: bool
    ) -> Finding:
        """A government, an army or a deed: the country acts, unless it is toppled, or the army acts at home."""
        cues = self.cues
        before = without_articles(left, cues)
        if noun in cues["govern"] and before and before[0] in cues["verb_danger"]:
            return Role.TARGET, 4
        own = noun in cues["own_forces"] or following in cues["own_forces"]
        if own and before[:1] != ["by"] and self._coup(place):
            return Role.TARGET, 2.5
        local = place.place.kind != "country" and not place.place.capital
        suffered = local or noun in ("invasion", "siege", "bombing")
        if not described and noun in cues["deed"] and suffered and "of" not in right[:2]:
            return Role.TARGET, 3  # "Goma attack", "Ukraine invasion"
        return Role.AGENT, 0

    def _coup(self, place: Place) -> bool:
        s = self.words.sentence[place.first]
        start = max(self.words.first[s], place.first - 2 * _REACH)
        window = self.words.folded[start : min(self.words.last[s], place.last + 2 * _REACH)]
        seized = any(
            word == "power" and before in ("seized", "seize", "took", "take") for before, word in pairwise(window)
        )
        return seized or any(word in self.cues["verb_coup"] for word in window)

    def _struck(self, right: list[str]) -> Finding | None:
        """Passive: "was shelled", "came under fire", "is sliding into war", "was ordered to evacuate"."""
        cues = self.cues
        after = right[1:] if right[:1] == ["s"] else right
        if after[:1] and after[0] in ("came", "comes", "come") and "under" in after[1:3]:
            return Role.TARGET, 4
        seen = False
        for word in after[:6]:
            if word in cues["be"]:
                seen = True
            elif seen and word in cues["verb_hit"]:
                return Role.TARGET, 3 if word in cues["positions"] else 4
            elif seen and (word in cues["verb_listen"] or word in ("ordered", "advised")):
                told = any(later in cues["leaving"] for later in after[:8])
                return (Role.TARGET, 3) if told else (Role.PLAIN, 0)
            elif word not in cues["auxiliary"]:
                return None
        return None

    def _object(self, left: list[str]) -> Finding | None:
        near = without_articles(left, self.cues)
        if not near:
            return None
        if near[0] in self.cues["verb_danger"]:
            return Role.TARGET, 4
        if near[0] in self.cues["verb_listen"] or near[:2] == ["to", "according"]:
            return Role.SPEAKER, 0
        return None

    def _subject(self, place: Place, right: list[str]) -> Finding | None:
        """The first word behind that is no auxiliary tells what the place does; states and capitals act."""
        if place.place.kind == "demonym" or not right or self._gap_behind(place) not in (" ", "'", "’"):
            return None
        cues = self.cues
        acting = place.place.kind == "country" or place.place.capital or place.place.name == "Washington"
        helped = False
        for word in right[:5]:
            if word in cues["auxiliary"]:
                helped = True
                continue
            if word in cues["verb_home"]:
                return Role.PLAIN, 0
            if acting and word in cues["verb_speak"]:
                return Role.SPEAKER, 0
            if acting and word in cues["verb_act"]:
                return Role.AGENT, 0
            return (Role.SUBJECT, 0) if acting and helped else None
        return None
