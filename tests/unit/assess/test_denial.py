"""An evacuation that is denied, and denials that are none."""

import numpy as np
import pytest

from models.labels import LABELS
from streams.assess.denial import advises_only, denies_evacuation
from streams.assess.settle import settled


@pytest.mark.parametrize(
    "sentence",
    [
        "Ministry rules out evacuating students",
        "He then ruled out sending troops for an eventual evacuation of American citizens.",
        "No need to evacuate, the mayor said.",
        "There are no plans for an evacuation of the embassy.",
        "The hospital will not be evacuated.",
        "We aren't evacuating anyone.",
        "Evacuation of the valley is not necessary, experts say.",
    ],
)
def test_nobody_is_to_leave(sentence: str) -> None:
    assert denies_evacuation(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Ministry evacuates students",
        "Manila stops ruling out Beirut airlift, sends first plane",
        "Company rules out delay in evacuating engineers",
        "Agency rules out leaving doctors behind, sends convoy",
        "Volunteers say that families refuse to evacuate.",
        "People who have not evacuated must leave at once.",
        "The minister ruled out a ceasefire and ordered the evacuation of the north.",
        "No plans to evacuate the staff, but citizens must leave now.",
        "Police denied that the evacuation of the estate had been lifted.",
    ],
)
def test_somebody_leaves(sentence: str) -> None:
    assert not denies_evacuation(sentence)


def test_the_words_overrule_the_score_of_evacuation_alone() -> None:
    scores = np.full((2, len(LABELS)), 0.9, dtype=np.float32)
    found = settled(["Ministry rules out evacuating students", "Ministry evacuates students"], scores)
    column = LABELS.index("evacuation")
    assert found[:, column].tolist() == [0.0, 0.9]
    assert (np.delete(found, column, axis=1) == 0.9).all()


@pytest.mark.parametrize(
    "sentence",
    [
        "U.S. embassy tells Americans: do not travel to Ecuador",
        "Two embassies in Quito have told their citizens to keep away from Ecuador.",
        "Washington and Ottawa warn their citizens off Ecuador",
        "Canada put out a call to avoid all travel to the country.",
        "Don't travel to the coast, the ministry said.",
        "The Foreign Office advises against all but essential travel to Belarus.",
    ],
)
def test_a_travel_advisory_is_no_call_to_leave(sentence: str) -> None:
    assert advises_only(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "American citizens must leave the country now.",
        "Do not travel to Niger; those still in the country should take the next flight.",
        "Britons are advised against all travel to Lebanon and told to leave by any means.",
        "Do not wait for instructions.",
        "Police told drivers to go home.",
    ],
)
def test_a_call_to_leave_is_more_than_advice(sentence: str) -> None:
    assert not advises_only(sentence)


def test_advice_keeps_its_other_scores() -> None:
    sentence = "Do not travel to Ecuador, the embassy said."
    found = settled([sentence], np.full((1, len(LABELS)), 0.8, dtype=np.float32))
    assert found[0, LABELS.index("leave_now")] == 0.0
    assert found[0, LABELS.index("advisory")] == found[0, LABELS.index("evacuation")] == 0.8
