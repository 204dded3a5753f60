"""What any classifier must beat, measured through the same door as the model: regular expressions and keyword lists.

A pattern is a plain alternation of words and short phrases without nested repetition, so a search is linear in
the text. The words are our own choice, made once from the labelling rule and not tuned on any measured set.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.encoding import Context
from models.labels import LABELS

__all__ = ["PATTERNS", "KeywordBaseline", "RegexBaseline", "is_alarming"]

_WORDS = {
    "escalation": (
        "ultimatum inva(?:de|ded|ding|sion) mobili[sz](?:e|ed|es|ing|ation) troops? shell(?:ed|ing|s)",
        "missiles? rockets? coup junta attack(?:s|ed|ing|ers?)? bomb(?:s|ed|ing|ings)? war",
        "retaliat(?:e|ed|ion) offensive clash(?:es|ed)? threat(?:s|en|ens|ened|ening)?",
        "gun(?:men|fire) rebels? militants? insurgents? militia(?:s|men)? blockade cyber-?attacks?",
        "hackers warships? nuclear ambush(?:ed)? raid(?:s|ed)? cease-?fire escalat(?:e|es|ed|ion)",
        "airstrikes? strikes martial_law",
    ),
    "evacuation": (
        "evacuat(?:e|es|ed|ing|ion|ions) evacuees airlift(?:s|ed)? ordered_departure",
        "travel_(?:advisory|advice) do_not_travel not_to_travel avoid_(?:all|non-essential)_travel",
        "leave_(?:now|immediately|at_once|the_country) (?:must|should|to)_leave",
        "humanitarian_corridors? repatriat(?:e|ed|ion) flee(?:ing|s)? fled moved_out get_out",
    ),
}
PATTERNS = {
    event: re.compile(rf"\b(?:{'|'.join(' '.join(lines).split()).replace('_', ' ')})\b", re.IGNORECASE)
    for event, lines in _WORDS.items()
}

# What an editor would put into a monitoring dashboard's alarm list: phrases, each worth something.
_PHRASES: dict[str, dict[str, float]] = {
    "escalation": {
        "declares war": 1.0,
        "state of war": 0.8,
        "full-scale invasion": 1.0,
        "ground offensive": 0.9,
        "air strike": 0.8,
        "airstrike": 0.8,
        "missile strike": 0.9,
        "drone attack": 0.8,
        "rocket fire": 0.8,
        "opened fire": 0.6,
        "cross-border": 0.5,
        "martial law": 0.9,
        "coup": 0.8,
        "ultimatum": 0.8,
        "general mobilisation": 1.0,
        "general mobilization": 1.0,
        "reservists": 0.7,
        "troop buildup": 0.9,
        "massing troops": 0.9,
        "nuclear test": 0.9,
        "ceasefire collapse": 0.9,
        "broke the ceasefire": 0.9,
        "severed ties": 0.8,
        "expelled diplomats": 0.7,
        "vowed to retaliate": 0.9,
        "retaliation": 0.5,
        "shelling": 0.8,
        "clashes": 0.6,
        "killed in fighting": 0.8,
        "militants": 0.5,
        "blockade": 0.7,
        "cyberattack": 0.6,
        "warship": 0.5,
    },
    "evacuation": {
        "evacuation order": 1.0,
        "mandatory evacuation": 1.0,
        "ordered to evacuate": 1.0,
        "evacuated": 0.8,
        "evacuating": 0.8,
        "evacuations": 0.8,
        "evacuation": 0.6,
        "do not travel": 1.0,
        "travel warning": 0.8,
        "travel advisory": 0.7,
        "leave immediately": 0.9,
        "leave the country": 0.8,
        "ordered departure": 1.0,
        "non-essential staff": 0.8,
        "airlifted": 0.7,
        "airlift": 0.7,
        "humanitarian corridor": 0.9,
        "repatriation flight": 0.9,
        "urged to leave": 0.9,
        "told to leave": 0.9,
    },
}


class KeywordBaseline:
    """Scores a sentence with the best of its phrases' weights, 0 without one: a keyword dashboard, threshold .5."""

    def scores(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.float32]:
        """[n_sentences, n_labels] in [0, 1]."""
        out = np.zeros((len(sentences), len(LABELS)), dtype=np.float32)
        lowered = [text.lower() for text in sentences]
        for event, phrases in _PHRASES.items():
            column = LABELS.index(event)
            for row, text in enumerate(lowered):
                out[row, column] = max((worth for phrase, worth in phrases.items() if phrase in text), default=0.0)
        return out


class RegexBaseline:
    """Scores 1 where an event's pattern is found, else 0; knows nothing of signals or context."""

    def scores(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.float32]:
        """[n_sentences, n_labels], 0 or 1."""
        out = np.zeros((len(sentences), len(LABELS)), dtype=np.float32)
        for event, pattern in PATTERNS.items():
            out[:, LABELS.index(event)] = [pattern.search(text) is not None for text in sentences]
        return out


def is_alarming(text: str) -> bool:
    """Whether a regular expression of either event finds a word of its own."""
    return any(pattern.search(text) for pattern in PATTERNS.values())
