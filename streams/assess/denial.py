"""Sentences that say that nobody is to leave, because an evacuation is ruled out or because all they advise is not to
come. Pure.

The classifier knows most of them; in short headlines it still takes "rules out evacuating" for an evacuation. These few
phrases are plain enough to overrule it: all 38 labelled sentences of news and corpus that they match are no
evacuation. Refuses where the same sentence tells somebody to leave.
"""

import re
from typing import Final

__all__ = ["advises_only", "denies_evacuation"]

_GO: Final = r"(?:evacuat\w+|airlift\w*|withdraw\w*|pull(?:ing)? out|fly(?:ing)? out|bring(?:ing)? home)"
_FEW: Final = r"(?:[\w'’-]+ ){0,6}?"
_DENIED: Final = re.compile(
    rf"\b(?:(?:rules?|ruled|ruling) out {_FEW}{_GO}"
    r"|no (?:need|plans?|reason|cause|grounds|intention|decision) (?:yet )?(?:for|to|of|on) (?:an? |any |the )?"
    r"(?:[\w'’-]+ ){0,2}?(?:evacuat\w+|leave\b)"
    r"|(?:will|would|is|are|was|were|does|do|did) not (?:be |yet |planning to |considering |going to )?(?:an? |any )?"
    r"evacuat\w+"
    r"|(?:won|isn|aren|wasn|weren|doesn|don|didn)['’]t (?:be |planning to |considering |going to )?(?:an? |any )?"
    r"evacuat\w+"
    r"|evacuat\w+ (?:[\w'’-]+ ){0,5}?(?:ruled out|not (?:necessary|needed|planned)|unnecessary|off the table))\b"
)
_TAKEN_BACK: Final = re.compile(r"\b(?:stop\w*|no longer|never|not|delays?|leaving|n['’]t) (?:[\w'’-]+ ){0,2}?$")
_TOLD: Final = re.compile(
    r"\b(?:must (?:leave|evacuate|go)|leave (?:now|at once|immediately)"
    r"|(?:told|ordered|urged|advised) (?:[\w'’-]+ ){0,4}?to (?:leave|evacuate|flee)"
    r"|(?:begins?|began|begun|started|starts) (?:[\w'’-]+ ){0,2}?evacuat\w+"
    r"|ordered (?:[\w'’-]+ ){0,2}?evacuat\w+|evacuations? (?:is|are|was|were) under way)\b"
)


def denies_evacuation(sentence: str) -> bool:
    """Whether `sentence` (folded as for the classifier) says that nobody is to leave."""
    text = sentence.lower()
    found = _DENIED.search(text)
    if found is None or "delay" in found[0] or _TOLD.search(text):
        return False
    return not _TAKEN_BACK.search(text[: found.start()])


_STAY_AWAY: Final = re.compile(
    r"\b(?:(?:do|should|must|to|never) ?n[o'’]t (?:to )?(?:now )?(?:travel|go|fly|visit)"
    r"|not to (?:travel|go|fly|visit)"
    r"|(?:warn\w*|wave\w*) (?:[\w'’-]+ ){1,3}?(?:off|away from)|(?:keep|stay) away from"
    r"|against (?:all |any |non-?essential |all but essential )*travel"
    r"|(?:reconsider|avoid|postpone|defer|suspend)\w* (?:\w+ ){0,3}?(?:travel|trips?|visits?))\b"
)
_COME_AWAY: Final = re.compile(
    r"\b(?:leav\w*|left|depart\w*|(?:get\w*|got|go|be|way) out|out of|evacuat\w*|exit\w*|flee\w*|fled|return\w*"
    r"|flights?|planes?|ferr(?:y|ies)|boats?|buses|seats?|quit(?:s|ting)?|withdraw\w*|home|abandon\w*"
    r"|(?:already|still) (?:there|in)|cross\w*|border)\b"
)


def advises_only(sentence: str) -> bool:
    """Whether `sentence` (folded) tells people not to go somewhere and nobody to come away: a travel advisory, and no
    call to leave. None of the 72 labelled sentences that match is one.
    """
    text = sentence.lower()
    return _STAY_AWAY.search(text) is not None and _COME_AWAY.search(text) is None
