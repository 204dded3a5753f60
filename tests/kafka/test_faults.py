"""A round of faults on each broker, and what only a plan of its own shows; hundreds are for `make faults`.

Lost, stuck and wrong must be nothing, whatever the faults; repeats are counted and printed.
"""

from pathlib import Path

import pytest

from tests.kafka.faults import FAULTS, kinds
from tests.kafka.rounds import Plan, a_round
from tests.kafka.scene import Feed
from tests.kafka.verdict import Verdict

SEED = 20220210
pytestmark = pytest.mark.timeout(600)


async def clean(plan: Plan, folder: Path, capsys: pytest.CaptureFixture[str]) -> Verdict:
    verdict = await a_round(plan, folder)
    with capsys.disabled():
        print(f"\n{verdict.line()}")
    assert verdict.clean, "\n".join([verdict.line(), *verdict.notes])
    assert verdict.faults == plan.faults
    assert verdict.alerts > 0
    return verdict


@pytest.mark.kafka
async def test_twenty_faults_on_three_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await clean(Plan(SEED, pause=(1.0, 4.0)), tmp_path, capsys)


@pytest.mark.embedded
async def test_faults_on_the_embedded_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await clean(Plan(SEED, faults=6, embedded=True, pause=(1.0, 4.0)), tmp_path, capsys)


@pytest.mark.kafka
async def test_transactions_of_which_some_are_aborted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(SEED, faults=4, nodes=1, only="kill-assess", pause=(2.0, 3.0), feed=Feed(transactions=True))
    await clean(plan, tmp_path, capsys)


@pytest.mark.kafka
async def test_records_that_vanish_before_the_ledger_are_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """three in a thousand are thrown away where Faust has thrown some away."""
    await clean(Plan(SEED, faults=3, nodes=1, only="kill-alert", pause=(4.0, 5.0), drop=0.003), tmp_path, capsys)


def test_a_plan_is_what_its_seed_says() -> None:
    first, again, other = (Plan(seed).drawn() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    names = {fault.name for fault, _ in Plan(1, faults=2 * len(FAULTS)).drawn()}
    assert names == FAULTS.keys()


def test_the_embedded_broker_has_the_faults_that_it_can_have() -> None:
    possible, left_out = kinds(embedded=True)
    assert {fault.name for fault in possible} | set(left_out) == FAULTS.keys()
    assert left_out
    assert all("broker" in name or "-kill" in name or name == "delete-records" for name in left_out)
    assert kinds(embedded=False)[1] == []
