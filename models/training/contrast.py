"""Contrastive warm-up: before any head is trained, sentences with the same answers are drawn together, others apart.

After Khosla et al. 2020 ("Supervised contrastive learning") and Tunstall et al. 2022 (SetFit). Guarantees:
deterministic by seed; every step sees as many sentences of each pair of answers as there are; the head stays as it is.
Refuses sentences with an unknown event: they belong to no class.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch.nn import functional

from models.encoding import Encoder, batches
from models.labels import EVENTS
from models.network import SentenceNet
from models.training.data import Example
from models.training.options import TrainOptions
from models.training.stepping import descend

__all__ = ["contrast", "contrastive_loss"]

_TEMPERATURE: Final = 0.1
"""As Khosla et al. found best."""
_EACH: Final = 8
"""Sentences of a class in a step: enough to have partners, few enough that the rare classes are not worn out."""


def contrastive_loss(vectors: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Mean over rows with a partner of -log of the share of similarity that partners have (L_out of Khosla et al.).

    `vectors` [n, width] need no norm; `classes` [n] are integers. 0 where no row has a partner.
    """
    unit = functional.normalize(vectors, dim=1)
    likeness = unit @ unit.T / _TEMPERATURE
    itself = torch.eye(len(classes), dtype=torch.bool)
    likeness = likeness.masked_fill(itself, -torch.inf)
    partner = (classes[:, None] == classes[None, :]) & ~itself
    log_share = likeness - torch.logsumexp(likeness, dim=1, keepdim=True)
    count = partner.sum(1)
    mean = torch.where(partner, log_share, 0.0).sum(1) / count.clamp_min(1)
    known = count > 0
    return -(mean * known).sum() / known.sum().clamp_min(1)


def contrast(
    network: SentenceNet, encoder: Encoder, examples: Sequence[Example], options: TrainOptions, steps: int
) -> list[float]:
    """Train the encoder of `network` in place for `steps` steps; the losses."""
    members: dict[tuple[float, ...], list[int]] = {}
    for row, example in enumerate(examples):
        answers = example.targets[: len(EVENTS)]
        if not np.isnan(answers).any():
            members.setdefault(answers, []).append(row)
    random = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    trained = [parameter for parameter in network.encoder.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=options.encoder_rate / 2, weight_decay=options.weight_decay, fused=True)
    network.train()
    losses: list[float] = []
    for _ in range(steps):
        drawn = [
            (kind, int(row))
            for kind, rows in enumerate(members.values())
            for row in random.choice(rows, min(_EACH, len(rows)), replace=False)
        ]
        chosen = [examples[row] for _, row in drawn]
        encoded = encoder.encode([e.text for e in chosen], [e.context for e in chosen])
        (batch,) = batches(encoded, int(encoded.lengths.max()) * len(chosen))
        classes = torch.tensor([drawn[row][0] for row in batch.rows])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bfloat16):
            vectors = network.pooled(
                torch.from_numpy(batch.ids), torch.from_numpy(batch.mask), torch.from_numpy(batch.head)
            )
        loss = contrastive_loss(vectors.float(), classes)
        losses.append(descend(loss, optimiser, trained))
    return losses
