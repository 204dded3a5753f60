"""Torch as a run wants it, and as it was before: deterministic kernels, its threads, its global random state."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["seeded"]


@contextmanager
def seeded(seed: int, threads: int | None) -> Iterator[None]:
    """Within: seeded, deterministic kernels preferred, `threads` threads (None: torch's own choice)."""
    was, had = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(was)
            torch.set_num_threads(had)
