"""Sentences that say that nobody is to leave: an evacuation ruled out, not needed, not planned. Pure.

The classifier knows most of them; in short headlines it still takes "rules out evacuating" for an evacuation. These few
phrases are plain enough to overrule it: all 38 labelled sentences of news and corpus that they match are no
evacuation. Refuses where the same sentence tells somebody to leave.
"""

import re
from typing import Final

__all__ = ["denies_evacuation"]

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
