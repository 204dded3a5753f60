"""The written cases: accuracy floors of the tuned and of the held-out part, and every group of ambiguous names."""

import pytest

from tests.unit.assess.places_support import areas_of, cases, countries

AMBIGUOUS = [
    *("georgia", "jordan", "chad", "turkey", "niger", "guinea", "congo", "korea", "sudan", "dominica", "lebanon"),
    *("paris", "birmingham", "london", "cambridge", "victoria", "granada", "firstname", "mexico", "washington"),
    *("ireland", "saint", "common", "allcaps", "us_state", "uk_nation", "comma", "alias", "paper"),
]
FLOOR_TUNED = 0.93
FLOOR_HELD_OUT = 0.85


def wrong(part: str) -> tuple[int, list[str]]:
    chosen = [case for case in cases() if case["part"] == part]
    misses = [
        f"{case['id']}: {countries(areas_of(case))} instead of {case['expect']}: {case['sentence']}"
        for case in chosen
        if countries(areas_of(case)) != case["expect"]
    ]
    return len(chosen), misses


@pytest.mark.parametrize(("part", "least", "floor"), [("tuned", 120, FLOOR_TUNED), ("heldout", 40, FLOOR_HELD_OUT)])
def test_accuracy_floor(part: str, least: int, floor: float) -> None:
    count, misses = wrong(part)
    assert count >= least
    assert 1 - len(misses) / count >= floor, "\n".join(misses)


@pytest.mark.parametrize("group", AMBIGUOUS)
def test_ambiguous_names(group: str) -> None:
    chosen = [case for case in cases() if case["group"] == group and case["part"] == "tuned"]
    assert chosen
    assert {case["id"]: countries(areas_of(case)) for case in chosen} == {case["id"]: case["expect"] for case in chosen}


def test_case_ids_are_unique() -> None:
    ids = [case["id"] for case in cases()]
    assert len(ids) == len(set(ids))
