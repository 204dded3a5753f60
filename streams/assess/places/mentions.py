"""Names found in a text: every place-like n-gram of one field, before anyone asks which place is meant.

Guarantees: linear in the number of words (each start tries at most as many n-grams as the longest name has
words); mentions don't overlap and come in order of the text. Refuses lower-case names ("turkey"), persons ("Mr.
Lebanon"), and English words that are also towns ("Reading the order") unless their state or country follows.
"""

from calendar import day_name, month_name
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from streams.assess.places.gazetteer import Candidate, Gazetteer
from streams.assess.places.words import Words

__all__ = ["Mention", "find_mentions"]

_JOINTS = frozenset((" ", "-", "'", "’", ".", ". ", "\u00a0", "‑", " & ", "–"))
_LINKS = frozenset(("a", "o", "da", "das", "de", "del", "della", "des", "di", "do", "dos", "du", "la", "le", "sur"))
_COMMAS = frozenset((", ", ",", " , "))
# Words that begin a sentence with a capital before a town.
_OPENERS = frozenset(
    [
        "from",
        "when",
        "while",
        "after",
        "before",
        "and",
        "but",
        "for",
        "with",
        "since",
        "that",
        "where",
        "then",
        "as",
        "if",
        "all",
        "police",
        "protesters",
        "gunmen",
        "greater",
        "old",
        "new",
        "fort",
        "port",
        "mount",
        "lake",
        "saint",
        "downtown",
        "university",
    ]
)
_DAYS = frozenset(name.lower() for name in (*day_name, *month_name) if name)
_PERSON_BLIND_STATES = frozenset(("washington", "georgia"))


@dataclass(frozen=True, slots=True)
class Mention:
    """Words first..last (inclusive) of one field name one of these. settled: a comma and its region decided."""

    key: str
    first: int
    last: int
    candidates: tuple[Candidate, ...]
    settled: bool = False

    @property
    def kind(self) -> str:
        return self.candidates[0].kind


def find_mentions(fields: Sequence[Words], gazetteer: Gazetteer) -> list[list[Mention]]:
    """Mentions of every field of one article. Persons are left out, and so are their surnames anywhere in it."""
    persons: set[str] = set()
    found: list[list[Mention]] = []
    for words in fields:
        kept: list[Mention] = []
        for mention in _join_commas(words, list(_raw(words, gazetteer)), gazetteer):
            if not mention.settled and _is_person(words, mention, gazetteer):
                persons.add(mention.key)
            else:
                kept.append(mention)
        found.append(kept)
    return [
        [usable for m in mentions if (usable := _usable(words, m, persons, gazetteer)) is not None]
        for words, mentions in zip(fields, found, strict=True)
    ]


def _raw(words: Words, gazetteer: Gazetteer) -> Iterator[Mention]:
    i, n = 0, len(words.folded)
    while i < n:
        longest = gazetteer.heads.get(words.folded[i], 0)
        mention = _longest(words, i, min(longest, n - i), gazetteer) if longest else None
        if mention is None:
            i += 1
            continue
        yield mention
        i = mention.last + 1


def _longest(words: Words, i: int, limit: int, gazetteer: Gazetteer) -> Mention | None:
    reach = 1
    while reach < limit and words.sentence[i + reach] == words.sentence[i] and _joined(words, i + reach):
        reach += 1
    for size in range(reach, 0, -1):
        key = " ".join(words.folded[i : i + size])
        candidates = gazetteer.names.get(key)
        if candidates is None or not _cased(words, i, i + size - 1, key, gazetteer):
            continue
        return Mention(key, i, i + size - 1, candidates)
    return None


def _joined(words: Words, i: int) -> bool:
    gap = words.gap[i]
    return gap in _JOINTS and (gap != ". " or words.end[i - 1] - words.start[i - 1] <= 2)


def _cased(words: Words, first: int, last: int, key: str, gazetteer: Gazetteer) -> bool:
    if not words.capital(first):
        return False
    if key in gazetteer.upper_only:
        return all(words.upper(i) for i in range(first, last + 1))
    if last > first and not words.capital(last):
        return words.folded[last] in gazetteer.cues["generic"] and not _is_outlet(words, last)
    return True


def _is_outlet(words: Words, last: int) -> bool:
    """ "Niger state television" belongs to the state Niger, not to Niger State."""
    return last + 1 < len(words.folded) and words.folded[last + 1] in {
        "media",
        "television",
        "tv",
        "radio",
        "news",
    }


def _join_commas(words: Words, raw: Sequence[Mention], gazetteer: Gazetteer) -> Iterator[Mention]:
    """One mention of the town in its state: "Paris, Texas", "Augusta, Ga.", "Lebanon, Pennsylvania"."""
    skip_to = -1
    for index, mention in enumerate(raw):
        if mention.first < skip_to:
            continue
        after = raw[index + 1] if index + 1 < len(raw) else None
        joined = _comma_form(words, mention, after, gazetteer)
        if joined is not None:
            skip_to = joined.last + 1
        yield joined or mention


def _comma_form(words: Words, mention: Mention, after: Mention | None, gazetteer: Gazetteer) -> Mention | None:
    j = mention.last + 1
    if mention.kind in ("demonym", "actor", "none") or j >= len(words.folded) or words.gap[j] not in _COMMAS:
        return None
    wholes: tuple[Candidate, ...] = ()
    end = j
    if after is not None and after.first == j:
        wholes, end = after.candidates, after.last
    elif words.capital(j):
        short, end = _short_form(words, j, gazetteer)
        wholes = (short,) if short is not None else ()
    for whole in wholes:
        if whole.kind not in ("country", "state", "province", "region"):
            continue
        towns = [
            c for c in mention.candidates if c.code == whole.code and (c.kind == "town" or whole.kind != "country")
        ]
        towns = [c for c in towns if c.kind != "country"]
        same_state = [c for c in towns if c.state and c.state == whole.state] if whole.state else []
        chosen = (same_state or towns)[:1]
        closed = (
            end + 1 >= len(words.folded)
            or words.gap[end + 1][:1] in ',.;)”"'
            or not (words.capital(end + 1) or words.folded[end + 1] in ("and", "or"))
        )
        if chosen:
            return Mention(mention.key, mention.first, end, (chosen[0],), settled=True)
        if whole.kind in ("state", "province") and closed and words.folded[j] not in _PERSON_BLIND_STATES:
            name = words.text[words.start[mention.first] : words.end[mention.last]]
            town = Candidate(whole.code, "town", name, 0, whole.state)
            return Mention(mention.key, mention.first, end, (town,), settled=True)
    return None


def _short_form(words: Words, j: int, gazetteer: Gazetteer) -> tuple[Candidate | None, int]:
    if j + 1 < len(words.folded) and words.gap[j + 1] == ".":
        both = gazetteer.after_comma.get(f"{words.folded[j]} {words.folded[j + 1]}")
        if both is not None:
            return both, j + 1
    short = gazetteer.after_comma.get(words.folded[j])
    two_letters = words.end[j] - words.start[j] == 2
    dotted = j + 1 < len(words.folded) and words.gap[j + 1].startswith(".")
    return (short if short is not None and (dotted or not two_letters or words.upper(j)) else None), j


def _is_person(words: Words, mention: Mention, gazetteer: Gazetteer) -> bool:
    """A first name or an honorific stands before it, or it is a first name itself and a surname follows."""
    if mention.first != mention.last or mention.kind in ("demonym", "actor", "none"):
        return False
    first, last, classes = mention.first, mention.last, gazetteer.words
    if first > 0 and words.sentence[first - 1] == words.sentence[first] and words.gap[first] in (" ", ". "):
        before = words.folded[first - 1]
        if words.capital(first - 1) and (before in classes["honorific"] or before in classes["given"]):
            return True
        if _is_surname(words, mention, before, gazetteer):
            return True
        if len(before) == 1 and words.capital(first - 1) and words.gap[first] == ". " and before not in "sn":
            return mention.key in classes["support"] or mention.kind == "town"
    if mention.key not in classes["first"] or last + 1 >= len(words.folded) or words.gap[last + 1] != " ":
        return False
    sentence = words.sentence[last]
    if words.titled[sentence] or words.shout[sentence] or words.sentence[last + 1] != sentence:
        return False
    after = words.folded[last + 1]
    known = after in gazetteer.heads and gazetteer.names.get(after, ()) and after not in classes["common"]
    big = bool(known) and any(c.kind != "town" or c.size >= 1_000_000 for c in gazetteer.names[after])
    return (
        words.capital(last + 1)
        and not words.upper(last + 1)
        and not big
        and after not in gazetteer.cues["capital_words"]
    )


def _is_surname(words: Words, mention: Mention, before: str, gazetteer: Gazetteer) -> bool:
    """A town that few know behind a capitalised word that is neither a place nor a compass word ("Marco Rubio")."""
    sentence = words.sentence[mention.first]
    return (
        all(c.needs_support and c.kind == "town" for c in mention.candidates)
        and words.capital(mention.first - 1)
        and words.gap[mention.first] == " "
        and not words.titled[sentence]
        and not words.shout[sentence]
        and len(before) > 2
        and all(c.needs_support or c.needs_comma for c in gazetteer.names.get(before, ()))
        and before not in gazetteer.cues["skip"]
        and before not in gazetteer.cues["inside"]
        and before not in _OPENERS
    )


def _goes_on(words: Words, mention: Mention, gazetteer: Gazetteer) -> bool:
    """A town's name that is only the beginning of another one: "Castro Verde", "Santa Clara-a-Velha"."""
    after = mention.last + 1
    if after >= len(words.folded) or any(c.kind != "town" or c.capital for c in mention.candidates):
        return False
    if all(c.needs_support for c in mention.candidates) and _is_second_name(words, after, gazetteer):
        return True
    if after + 1 >= len(words.folded):
        return False
    joint = words.gap[after] in (" ", "-") and words.folded[after] in _LINKS and not words.capital(after)
    return joint and words.gap[after + 1] in (" ", "-") and words.capital(after + 1)


def _is_second_name(words: Words, after: int, gazetteer: Gazetteer) -> bool:
    """Word `after` alone begins with a capital, and is no day ("in Goma Tuesday"), no place itself, and nothing that a
    town has ("Goma Airport").
    """
    sentence, word = words.sentence[after], words.folded[after]
    if words.titled[sentence] or words.shout[sentence] or words.sentence[after - 1] != sentence:
        return False
    plain = word in _DAYS or word in gazetteer.names or word in gazetteer.cues["capital_words"]
    plain = plain or word in gazetteer.words["honorific"]  # "Goma Mayor Kennedy Kihangi"
    return words.gap[after] == " " and words.capital(after) and not words.upper(after) and not plain


def _is_language(words: Words, mention: Mention) -> bool:
    """ "Translated from the French": no country."""
    before = words.folded[max(0, mention.first - 3) : mention.first]
    return mention.kind == "demonym" and "translated" in before


def _usable(words: Words, mention: Mention, persons: set[str], gazetteer: Gazetteer) -> Mention | None:
    """Drop what is no place, and towns that the casing of this sentence can't tell from a word."""
    if mention.kind == "none":
        return None
    if mention.key in persons and not mention.settled:
        return None
    if mention.settled:
        return mention
    if _goes_on(words, mention, gazetteer) or _is_language(words, mention):
        return None
    shout = words.shout[words.sentence[mention.first]]
    kept = tuple(c for c in mention.candidates if not c.needs_comma and not (shout and c.needs_support))
    if not kept:
        return None
    return mention if len(kept) == len(mention.candidates) else replace(mention, candidates=kept)
