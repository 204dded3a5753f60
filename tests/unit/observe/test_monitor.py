"""The monitor: alive is progress, or nothing to do."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from streams.kafka.ledger import TopicPartition
from streams.observe import monitor as module
from streams.observe.metrics import build
from streams.observe.monitor import Monitor

TP = TopicPartition("articles", 3)


class Intake:
    """What the monitor asks of an intake."""

    def __init__(self) -> None:
        self.in_work = 0
        self.finished = 0
        self.commit_stalled = 0.0
        self.lags: dict[TopicPartition, tuple[int, float]] = {}

    def lag(self) -> dict[TopicPartition, tuple[int, float]]:
        return self.lags


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"s": 500.0}
    fake = SimpleNamespace(monotonic=lambda: now["s"], perf_counter=module.time.perf_counter)
    monkeypatch.setattr(module, "time", fake)
    return now


def made(intake: Any, calls: list[str] | None = None) -> tuple[Monitor, Any]:
    metrics = build()
    noted = calls if calls is not None else []
    return Monitor(intake, metrics, 120.0, lambda: 7, lambda: noted.append("sampled")), metrics.registry


async def test_idle_is_alive_for_ever(clock: dict[str, float]) -> None:
    monitor, _ = made(Intake())
    for _ in range(10):
        clock["s"] += 100
        monitor._observe()
        assert monitor.alive
        assert monitor.stuck_for == 0


@pytest.mark.parametrize("where", ["in_work", "lag"])
@pytest.mark.requirement(13)
async def test_work_without_progress_is_stuck(clock: dict[str, float], where: str) -> None:
    intake = Intake()
    monitor, _ = made(intake)
    monitor._observe()
    if where == "in_work":
        intake.in_work = 1
    else:
        intake.lags = {TP: (5, 1.0)}
    clock["s"] += 119
    monitor._observe()
    assert monitor.alive
    clock["s"] += 2
    monitor._observe()
    assert not monitor.alive
    assert monitor.stuck_for == 121


async def test_progress_makes_it_alive_again(clock: dict[str, float]) -> None:
    intake = Intake()
    monitor, _ = made(intake)
    monitor._observe()
    intake.in_work = 4
    clock["s"] += 1_000
    monitor._observe()
    assert not monitor.alive
    intake.finished += 1
    monitor._observe()
    assert monitor.alive


async def test_what_is_finished_and_never_committed_is_stuck(clock: dict[str, float]) -> None:
    intake = Intake()
    monitor, registry = made(intake)
    for number in range(5):
        clock["s"] += 30
        intake.finished += 1
        intake.commit_stalled = 30.0 * (number + 1)
        monitor._observe()
        assert monitor.alive == (intake.commit_stalled < 120)
    assert registry.get_sample_value("tocsin_commit_stalled_seconds") == 150
    intake.commit_stalled = 0.0
    monitor._observe()
    assert monitor.alive


async def test_slow_progress_is_progress(clock: dict[str, float]) -> None:
    intake = Intake()
    intake.lags = {TP: (100, 60.0)}
    monitor, _ = made(intake)
    for _ in range(20):
        clock["s"] += 110
        intake.finished += 1
        monitor._observe()
        assert monitor.alive


async def test_a_monitor_that_no_longer_runs_is_seen_too(clock: dict[str, float]) -> None:
    monitor, _ = made(Intake())
    monitor._observe()
    clock["s"] += 121
    assert not monitor.alive


async def test_gauges_follow_and_partitions_that_left_are_gone(clock: dict[str, float]) -> None:
    intake = Intake()
    calls: list[str] = []
    monitor, registry = made(intake, calls)
    intake.lags = {TP: (12, 3.5)}
    monitor._observe()
    labels = {"topic": "articles", "partition": "3"}
    assert registry.get_sample_value("tocsin_consumer_lag_messages", labels) == 12
    assert registry.get_sample_value("tocsin_consumer_lag_seconds", labels) == 3.5
    assert registry.get_sample_value("tocsin_inference_queue_depth") == 7
    assert calls == ["sampled"]
    intake.lags = {}
    monitor._observe()
    assert registry.get_sample_value("tocsin_consumer_lag_messages", labels) is None


async def test_it_runs_and_times_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SAMPLE", 0.02)
    monkeypatch.setattr(module, "_BEAT", 0.01)
    calls: list[str] = []
    monitor, registry = made(Intake(), calls)
    async with monitor:
        for _ in range(200):
            await asyncio.sleep(0.01)
            if calls and registry.get_sample_value("tocsin_event_loop_lag_seconds_count"):
                break
    assert calls
    assert registry.get_sample_value("tocsin_event_loop_lag_seconds_count") > 0
