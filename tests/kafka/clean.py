"""What tests ask of a round of faults: nothing lost, stuck or wrong, and most of the faults made."""

import time
from pathlib import Path

import pytest

from tests.kafka.rounds import Plan, a_round
from tests.kafka.verdict import Verdict

__all__ = ["SEED", "clean", "logs"]

SEED = 20220210


async def clean(plan: Plan, folder: Path, capsys: pytest.CaptureFixture[str]) -> Verdict:
    begin = time.monotonic()
    verdict = await a_round(plan, folder)
    with capsys.disabled():
        print(f"\n{verdict.line()}; {time.monotonic() - begin:.0f} s")
    assert verdict.clean, "\n".join([verdict.line(), *verdict.notes])
    least = 0.7 * plan.faults - 1 if plan.enough is None else plan.enough
    assert verdict.faults >= least, "some find no occasion; most must"
    assert verdict.alerts > 0
    return verdict


def logs(folder: Path, stage: str) -> list[str]:
    return [file.read_text("utf-8", "replace") for file in folder.glob(f"{stage}-*.log")]
