"""What any classifier must beat: two regular expressions, measured through the same door as the model.

Each is a plain alternation of words and short phrases without nested repetition, so a search is linear in
the text. The words are our own choice, made once from the labelling rule and not tuned on any measured set.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.encoding import Context
from models.labels import LABELS

__all__ = ["PATTERNS", "RegexBaseline"]

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
