"""The sentence classifier: what `streams` may use, and nothing else.

`Classifier` is imported when first asked for, because it brings torch with it: naming an error or a label
stays cheap.
"""

from typing import TYPE_CHECKING, Any

from models.errors import ModelError, WeightsCorruptError, WeightsMissingError
from models.labels import EVENT_OF_SIGNAL, EVENTS, LABELS, SIGNALS

if TYPE_CHECKING:
    from models.classifier import Classifier

__all__ = [
    "EVENTS",
    "EVENT_OF_SIGNAL",
    "LABELS",
    "SIGNALS",
    "Classifier",
    "ModelError",
    "WeightsCorruptError",
    "WeightsMissingError",
]


def __getattr__(name: str) -> Any:
    if name == "Classifier":
        from models.classifier import Classifier

        return Classifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
