"""Sentences that say that it is over: an order lifted, people back in their homes, a truce, forces gone. Pure.

The classifier answers whether something gets worse; that it ended is not the contrary of it, and has its own words.
They are phrases and not a model's, because an alert that is taken back by mistake is worse than one that stays: every
phrase names both what is over and that it is, and a word of doubt, denial or wish beside it takes it back. Time is
linear in the sentence: gaps are bounded.
"""

import re
from collections.abc import Sequence
from typing import Final

from models.article import Position
from streams.assess.record import EventName

__all__ = ["all_clear", "cleared"]


def _any(*words: str) -> str:
    """One of the words, which are divided by commas; an `s` in brackets may be missing."""
    listed = ",".join(words).split(",")
    return (
        "(?:" + "|".join(re.escape(word.strip()).replace(r"\(s\)", "s?").replace(r"\ ", " ") for word in listed) + ")"
    )


def _gap(words: int) -> str:
    """At most so many words between two parts."""
    return rf"(?:\W+[\w'’-]+){{0,{words}}}?\W+"


_ORDER: Final = _any(
    "evacuation order(s),evacuation notice(s),evacuation warning(s),evacuation alert(s)",
    "order(s) to leave,order(s) to evacuate,order(s) to flee,notice(s) to leave,call(s) to leave,ordered departure",
    "departure order(s),travel ban(s),travel warning(s),travel advice,travel advisory",
    "travel advisories,travel alert(s)",
    "do not travel advice,do-not-travel advice,do not travel warning,advice against,advice not to",
)
_LIFTS: Final = _any(
    "lifts,lifted,lifting,rescinds,rescinded,withdraws,withdrew,withdrawn,cancels,cancelled,canceled,revokes,revoked,ends",
    "ended,eases,eased,lowers,lowered,relaxes,relaxed,downgrades,downgraded,removes,removed,calls off,called off",
)
_CLAUSE_ENDS: Final = r"over(?=\W*(?:$|[.,;:]))"
_OVER: Final = (
    f"(?:{_any('no longer applies,no longer apply,no longer in force,no longer in effect,at an end')}|{_CLAUSE_ENDS})"
)
_AT_AN_END: Final = rf"(?:(?:is|are|was|were) over\b|{_CLAUSE_ENDS})"
_PEOPLE: Final = _any(
    "resident(s),citizens,nationals,villager(s),townspeople,families,people,evacuee(s),inhabitant(s),islander(s),tenant(s),patient(s)",
    "household(s),neighbours,neighbors,they,everyone,everybody,all",
)
_MAY: Final = _any(
    "allowed to,allowed,able to,free to,permitted to,cleared to,told they can,told they could,told they may",
    "can,could,may",
    "can now,may now,began to,began,begun to,begin to,start to,started to,started",
)
_BACK: Final = _any("return,returning,go back,going back,go,move back,moving back,head back,come back")
_HOME: Final = (
    r"(?:in\b|home\b|(?:in)?to (?:their|the) (?:homes?|houses?|flats|villages?|town|beds|area|zone|island)\b)"
)
_POST: Final = _any("embassy,consulate,mission")
_STAFF: Final = _any("staff,families,diplomats,dependants,dependents")
_FORCES: Final = _any(
    "troops,soldiers,forces,army,tanks,warship(s),ships,fleet,vessels,aircraft,mutineer(s),rebel(s),gunmen,fighter(s)",
    "militia,militiamen,putschists,unit(s),paratroopers,gangs",
)
_GONE: Final = _any(
    "withdrew,withdrawn,withdraw,pulled back,pulled out,pull back,pull out,returned to base,returned to bases",
    "returned to barracks,returned to port,return to barracks,return to port,back in barracks,back in port",
    "laid down their arms,laid down their weapons,lay down their arms,surrender,surrendered,stood down,stand down",
    "give up,gave up,gave themselves up",
    "give themselves up,went back to their barracks,went back to barracks,back to barracks",
    "sailed home,sailed away,left the strait,left the area,left the town,left the city,left the waters,left the zone",
)
_TRUCE: Final = _any("ceasefire(s),cease-fire(s),truce(s),armistice(s),peace deal,peace agreement,peace accord")
_AGREED: Final = _any(
    "agreed,reached,signed,announced,came into force,came into effect,comes into force,comes into effect,took effect",
    "takes effect,holds,holding,held,began,begins,sealed",
)
_AGREE: Final = _any("agree,agreed,agrees,signed,reached,reaches,announced,announces,sealed,accepted,accepts")
_FIGHT: Final = _any(
    "drill(s),manoeuvres,maneuvers,exercise(s),blockade,siege,offensive,mutiny,coup,coup attempt,uprising,revolt",
    "standoff,fighting",
)
_STOPPED: Final = _any(
    "ended,at an end,concluded,lifted,called off,fails,failed,foiled,put down,crushed,died down,ceased"
)
_STOPS: Final = _any("ends,ended,concludes,concluded,calls off,called off,lifts,lifted")
_RULE: Final = _any("martial law,state of war,state of siege,state of emergency")
_CLEAR: Final = (
    r"\ball[- ]clear\b" + _gap(4) + _any("given,sounded,issued,came"),
    _any("gives,gave,given,sounds,sounded,issues,issued") + _gap(3) + r"all[- ]clear\b",
)

_PHRASES: Final[dict[EventName, tuple[str, ...]]] = {
    "evacuation": (
        _LIFTS + _gap(6) + _ORDER,
        _any("evacuation(s)") + _gap(4) + _any("lifted,called off,cancelled,canceled"),
        _any("lifts,lifted,calls off,cancels") + _gap(4) + _any("evacuation(s)"),
        _ORDER + _gap(10) + _LIFTS,
        r"(?:the|all|its|his|her) orders? (?:was|were|has been|have been|is|are) " + _any("lifted,rescinded,withdrawn"),
        _ORDER + _gap(4) + _OVER,
        _PEOPLE + _gap(6) + _MAY + _gap(1) + _BACK + " " + _HOME,
        _PEOPLE + _gap(12) + _any("allowed to return,able to return,free to return"),
        _PEOPLE + _gap(2) + _any("go home,went home,going home"),
        _PEOPLE + _gap(3) + _any("return,returned,went back,are back,were back,returning") + " " + _HOME,
        _POST + _gap(4) + _any("reopen(s),reopened,re-opens,re-opened,resume(s),resumed,back to normal"),
        _STAFF + _gap(4) + _any("return,returned,back,returning") + _gap(3) + _any("embassy,post,capital,consulate"),
        *_CLEAR,
    ),
    "escalation": (
        _TRUCE + _gap(5) + _AGREED,
        _AGREE + _gap(5) + _TRUCE,
        _FORCES + _gap(5) + _GONE,
        _FIGHT + _gap(4) + _STOPPED,
        _FIGHT + _gap(3) + _AT_AN_END,
        _STOPS + _gap(4) + _any("drill(s),manoeuvres,maneuvers,blockade,siege,offensive,mutiny"),
        _STOPS + _gap(4) + _RULE,
        _RULE + _gap(4) + _any("lifted,ended"),
        *_CLEAR,
    ),
}
_PATTERNS: Final = {
    event: re.compile(r"\b(?:" + "|".join(rf"{phrase}\b" if phrase[-1] == ")" else phrase for phrase in phrases) + ")")
    for event, phrases in _PHRASES.items()
}
_DOUBT: Final = re.compile(
    r"\b(?:"
    + _any(
        "not,cannot,no,never,nor,neither,nobody,without,until,unless,if,whether,when,once,after,before,would",
        "could be,might,should,must,call(s) for,called for",
        "calling for,urge(s),urged,urging,demand(s),demanded,demanding",
        "hope(s),hoped,hoping,want(s),wanted,plan(s),planned,refuse(s),refused,reject(s),rejected,deny,denies,denied",
        "failed to,seek(s),sought,talks on,talks about,talks over,talks for",
        "break(s),broke,broken,breach,breached,violated,violation",
        "violations,proposal(s),proposed,deadline,ultimatum,may be,potential,possible,imminent,need(s)",
        "needed,ought,to be,likely,humanitarian,temporary,tentative,partial",
        "fragile,shaky,hour,extend,extends,extended,extension,since",
    )
    + r")\b|n['’]t\b"
)
_AFTERWARDS: Final = re.compile(
    r"^\W*flights?\b|^\W*(?:[\w'’-]+\W+){0,4}?"
    r"(?:once|until|unless|if|when|collapse[sd]?|broken?|violated|next week|next month)\b"
)
_LONG_AGO: Final = re.compile(
    r"\b(?:(?:years?|months) ago|last year|(?:in|since|of)(?: \w+)? (?:19|20)\d\d|in the (?:19|20)\d\ds|anniversary)\b"
)
_BEFORE: Final = 40
"""Characters before a phrase in which a word of doubt takes it back: seven words or so."""


def all_clear(sentence: str) -> frozenset[EventName]:
    """The events of which `sentence` (folded as for the classifier) says that they are over."""
    text = sentence.lower()
    if _LONG_AGO.search(text):
        return frozenset()
    return frozenset(event for event, pattern in _PATTERNS.items() if _said(text, pattern))


def _said(text: str, pattern: re.Pattern[str]) -> bool:
    found = pattern.search(text)
    if found is None or _AFTERWARDS.search(text[found.end() :]):
        return False
    return not _DOUBT.search(text[max(0, found.start() - _BEFORE) : found.end()].replace("no longer", ""))


def cleared(
    texts: Sequence[str], positions: Sequence[Position], headline: frozenset[EventName]
) -> dict[int, frozenset[EventName]]:
    """Of an article's sentences (folded) those that say at its beginning that an event is over, by number. Where the
    headline is evidence of an event (`headline`), only a headline can say that it is over.
    """
    found = {}
    for number, (text, position) in enumerate(zip(texts, positions, strict=True)):
        if position == "body":
            continue
        over = all_clear(text)
        if position not in ("headline", "alone"):
            over -= headline
        if over:
            found[number] = over
    return found
