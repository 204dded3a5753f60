"""The questions that a sentence is asked, in the order of the classifier's columns.

Guarantees: the order never changes within a major version of the weights (manifests repeat it, and loading
compares).
Refuses nothing: this is data. The meaning of every label is the labelling rule that the model card quotes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["EVENTS", "EVENT_OF_SIGNAL", "LABELS", "PLOVER", "SIGNALS", "SIGNALS_OF_EVENT"]

ESCALATION_SIGNALS: Final = (
    "threat",
    "mobilisation",
    "armed_action",
    "coup",
    "hybrid_cyber",
    "rupture",
    "nuclear",
)
EVACUATION_SIGNALS: Final = (
    "advisory",
    "leave_now",
    "ordered_departure",
    "evacuation_order",
    "evacuation_underway",
)

EVENTS: Final[tuple[str, ...]] = ("escalation", "evacuation")
SIGNALS: Final[tuple[str, ...]] = ESCALATION_SIGNALS + EVACUATION_SIGNALS
LABELS: Final[tuple[str, ...]] = EVENTS + SIGNALS

SIGNALS_OF_EVENT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"escalation": ESCALATION_SIGNALS, "evacuation": EVACUATION_SIGNALS}
)
EVENT_OF_SIGNAL: Final[Mapping[str, str]] = MappingProxyType(
    {signal: event for event, signals in SIGNALS_OF_EVENT.items() for signal in signals}
)

# Crosswalk to the event codes of PLOVER (Political Language Ontology for Verifiable Event Records;
# Halterman et al. 2023, "PLOVER and POLECAT: A New Political Event Ontology and Dataset"). The nearest
# codes, widest use first; it is our reading, not an equivalence: PLOVER codes who did what to whom, a
# signal says what a sentence tells its reader. It has no code for advice to one's own nationals or for
# clearing a place, so those signals map to nothing.
PLOVER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "threat": ("THREATEN",),
        "mobilisation": ("MOBILIZE",),
        "armed_action": ("ASSAULT",),
        "coup": ("ASSAULT", "COERCE"),
        "hybrid_cyber": ("COERCE",),
        "rupture": ("REJECT", "SANCTION"),
        "nuclear": ("THREATEN", "MOBILIZE"),
        "advisory": (),
        "leave_now": (),
        "ordered_departure": ("SANCTION",),
        "evacuation_order": (),
        "evacuation_underway": (),
    }
)
