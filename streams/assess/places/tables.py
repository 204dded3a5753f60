"""The package's own tables, read from data/*.tsv and data/cues.toml.

Guarantees: every file is read once per call, comment lines and blank lines are skipped, and a row with the wrong
number of columns raises ValueError with file and line, so that a slip in a table stops the start and not an article.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from streams.assess.places.words import fold

__all__ = ["Cues", "read_cues", "read_rows", "split_names"]

_DATA = files("streams.assess.places") / "data"


@dataclass(frozen=True, slots=True)
class Cues:
    """Folded cue words by name; `ambiguous` maps a name to {country code: words that speak for it}."""

    sets: Mapping[str, frozenset[str]]
    ambiguous: Mapping[str, Mapping[str, frozenset[str]]]

    def __getitem__(self, name: str) -> frozenset[str]:
        return self.sets[name]


def read_rows(name: str, columns: int) -> Iterator[tuple[str, ...]]:
    """Rows of a TSV file of exactly so many columns."""
    text = (_DATA / name).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        row = tuple(line.split("\t"))
        if len(row) != columns:
            raise ValueError(f"{name}:{number}: {len(row)} columns instead of {columns}")
        yield row


def split_names(cell: str) -> tuple[str, ...]:
    """Names divided by | ; an empty cell has none."""
    return tuple(name for name in cell.split("|") if name)


def read_cues() -> Cues:
    """All cue words; verbs come with their regular forms."""
    raw = tomllib.loads((_DATA / "cues.toml").read_text(encoding="utf-8"))
    sets: dict[str, frozenset[str]] = {}
    for section in ("nouns", "before", "function"):
        for name, words in raw[section].items():
            sets[name] = frozenset(words.split())
    verbs: dict[str, str] = raw["verbs"]
    for name in ("danger", "act", "speak", "listen", "home"):
        forms = {form for verb in verbs[name].split() for form in _forms(verb)}
        sets[f"verb_{name}"] = frozenset(forms.union(verbs.get(f"{name}_irregular", "").split()))
    for name in ("hit", "mutual", "coup"):  # forms that must not be derived: only participles say "struck"
        sets[f"verb_{name}"] = frozenset(verbs[name].split())
    ambiguous = {
        fold(name): {code: frozenset(words.split()) for code, words in codes.items()}
        for name, codes in raw["ambiguous"].items()
    }
    return Cues(sets=sets, ambiguous=ambiguous)


def _forms(verb: str) -> Iterator[str]:
    """Regular English forms of a verb: warns, warned, warning; also wrong doublings, which harm nobody."""
    stem = verb.removesuffix("e")
    yield verb
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        yield verb + "es"
    elif verb.endswith("y") and verb[-2] not in "aeiou":
        stem = verb
        yield verb[:-1] + "ies"
        yield verb[:-1] + "ied"
    else:
        yield verb + "s"
    yield stem + "ed"
    yield stem + "ing"
    if verb[-1] not in "aeiouywx":
        yield verb + verb[-1] + "ed"
        yield verb + verb[-1] + "ing"
