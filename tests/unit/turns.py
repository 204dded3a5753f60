"""Timing on a machine that others share: two costs are measured in turns, until the best of each agree."""

import gc
from collections.abc import Callable

__all__ = ["in_turns"]


def in_turns(
    small: Callable[[], float],
    large: Callable[[], float],
    good: Callable[[float, float], bool],
    *,
    least: int,
    most: int,
) -> tuple[float, float]:
    """The least of both costs after at least `least` turns, and `most` if they never were `good`.

    A neighbour's burst slows even the thread's own clock, but no burst makes what is quadratic look linear. The
    collector is off, as in the standard library's timeit: it walks all that pytest and other tests hold, and how often
    it does so depends on how much is allocated, so that 2.2 times became 3.2.
    """
    best_small = best_large = float("inf")
    gc.collect()
    gc.disable()
    try:
        for turn in range(1, most + 1):
            best_small, best_large = min(best_small, small()), min(best_large, large())
            if turn >= least and good(best_small, best_large):
                break
    finally:
        gc.enable()
    return best_small, best_large
