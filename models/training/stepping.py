"""One step of optimisation, the same in every kind of training here.

Guarantees: gradients of earlier steps have no part in it; their norm is bounded.
Refuses nothing: schedules are the caller's, after the step.
"""

from collections.abc import Iterable
from typing import Final

import torch
from torch import nn

__all__ = ["descend"]

_MOST: Final = 1.0
"""Greatest norm of a step's gradients together (Pascanu et al. 2013, "On the difficulty of training recurrent neural
networks").
"""


def descend(loss: torch.Tensor, optimiser: torch.optim.Optimizer, parameters: Iterable[nn.Parameter]) -> float:
    """Step down the gradient of `loss` by `parameters`; returns the loss as a number."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships no annotation for it
    nn.utils.clip_grad_norm_(parameters, _MOST)
    optimiser.step()
    return float(loss.detach())
