"""A round of faults on each broker, and what only a plan of its own shows; hundreds are for `make faults`.

Lost, stuck and wrong must be nothing, whatever the faults; repeats are counted and printed.
"""

from pathlib import Path

import pytest

from tests.kafka.clean import SEED, clean, logs
from tests.kafka.faults import FAULTS, kinds
from tests.kafka.rounds import Plan, a_round
from tests.kafka.scene import Feed

pytestmark = pytest.mark.timeout(600)


@pytest.mark.kafka
@pytest.mark.requirement(1)
@pytest.mark.requirement(11)
async def test_twenty_faults_on_three_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(SEED + 2, faults=40, enough=20, pause=(1.0, 4.0))
    assert "scale" in {fault.name for fault, _ in plan.drawn()[:20]}
    await clean(plan, tmp_path, capsys)


@pytest.mark.embedded
@pytest.mark.requirement(1)
async def test_faults_on_the_embedded_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await clean(Plan(SEED, faults=6, embedded=True, pause=(1.0, 4.0)), tmp_path, capsys)


@pytest.mark.kafka
@pytest.mark.requirement(21)
async def test_transactions_of_which_some_are_aborted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(SEED, faults=4, nodes=1, only="kill-assess", pause=(2.0, 3.0), feed=Feed("transactions"))
    await clean(plan, tmp_path, capsys)


@pytest.mark.kafka
@pytest.mark.requirement(21)
async def test_a_compacted_topic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(SEED, faults=4, nodes=1, only="kill-assess", pause=(4.0, 6.0), feed=Feed("compacted"))
    verdict = await clean(plan, tmp_path, capsys)
    fed = int(next(note for note in verdict.notes if note.startswith("fed ")).split()[1])
    assert verdict.records < fed, "nothing was compacted away"


@pytest.mark.kafka
@pytest.mark.requirement(21)
async def test_records_that_vanish_before_the_ledger_are_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One in twenty is thrown away where Faust has thrown some away: after its own books, before ours."""
    await clean(Plan(SEED, faults=3, nodes=1, only="kill-alert", pause=(4.0, 5.0), drop=0.05), tmp_path, capsys)
    for stage in ("assess", "alert"):
        assert any("records read again" in text for text in logs(tmp_path, stage)), stage


@pytest.mark.kafka
async def test_the_harness_sees_a_loss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with a ledger that lets holes pass, the same round must come out as lost."""
    monkeypatch.setenv("FAULT_BLIND", "1")
    plan = Plan(SEED, faults=1, nodes=1, only="kill-alert", pause=(8.0, 9.0), drop=0.05, patience=20.0)
    verdict = await a_round(plan, tmp_path)
    with capsys.disabled():
        print(f"\nwithout the ledger: {verdict.line()}")
    assert verdict.lost > 0


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
