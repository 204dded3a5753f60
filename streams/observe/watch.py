"""Puts health server and monitor around one app: what "alive" and "ready" mean is said here, once for both stages."""

import platform
from collections.abc import Callable
from importlib.metadata import version

from streams.kafka.app import StageApp
from streams.observe.health import HealthServer
from streams.observe.metrics import Metrics
from streams.observe.monitor import Monitor
from streams.settings import Settings

__all__ = ["watch"]


def watch(
    app: StageApp,
    settings: Settings,
    metrics: Metrics,
    port: int,
    *,
    ready: Callable[[], bool],
    depth: Callable[[], int] = lambda: 0,
    sample: Callable[[], None] = lambda: None,
) -> None:
    """Attach both to `app`. `ready` is the stage's own part of readiness."""
    metrics.build_info.labels(version=version("tocsin"), python=platform.python_version()).set(1)
    monitor = Monitor(app.intake, metrics, settings.stuck_after, depth, sample)

    def live() -> str | None:
        return None if monitor.alive else f"no progress for {monitor.stuck_for:.0f} s with records waiting"

    def not_ready() -> str | None:
        if app.fault is not None:
            return "stopping"
        if not ready():
            return "the model is not loaded"
        if not app.assigned:
            return "no partitions assigned"
        if app.rebalancing or app.in_recovery:
            return "rebalancing or recovering the table"
        return None

    app.health = HealthServer(settings.web_bind, port, metrics.registry, live, not_ready)
    app.first(app.health, monitor)
