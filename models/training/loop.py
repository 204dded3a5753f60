"""The optimisation itself: batches, loss, schedule, averaged weights.

Guarantees: everything random comes from the options' seed; unknown answers (NaN) have no part in the loss;
the network is left holding the mean of its weights after each of the last `average_last` epochs.
Refuses nothing on its own: data and options were checked before.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.encoding import Batch, Encoder, batches
from models.labels import EVENTS, LABELS
from models.network import SentenceNet
from models.training.augment import augment
from models.training.baselines import is_alarming
from models.training.contrast import contrast
from models.training.data import Example
from models.training.options import TrainOptions
from models.training.stepping import descend

__all__ = ["WIDTH", "fit", "is_calm", "loss_of", "parameter_groups"]

_WORDS = "embeddings.word_embeddings.weight"

WIDTH = 16
"""Batches are as wide as a multiple of it: oneDNN builds bfloat16 kernels by shape, and keeps a thousand of them."""

OnEpoch = Callable[[int, float], None]  # (epoch from 1, mean loss)


def fit(
    network: SentenceNet,
    encoder: Encoder,
    examples: Sequence[Example],
    options: TrainOptions,
    on_epoch: OnEpoch,
) -> int:
    """Train in place; returns the number of steps taken. `on_epoch` is called after every epoch."""
    random = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    plan = _epoch(encoder, examples, options, np.random.default_rng(options.seed))
    total = options.epochs * sum(1 for _ in plan)
    _set_dropout(network, options.encoder_dropout)
    _freeze(network, options)
    if options.contrast_steps:
        contrast(network, encoder, examples, options, options.contrast_steps)
    optimiser = torch.optim.AdamW(parameter_groups(network, options), weight_decay=options.weight_decay, fused=True)
    warm = max(1, round(total * options.warm_up))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.05, (total - step) / max(1, total - warm)))
    )
    mean: dict[str, torch.Tensor] = {}
    averaged = steps = 0
    for epoch in range(1, options.epochs + 1):
        network.train()
        losses: list[float] = []
        for batch, targets, weights in _epoch(encoder, examples, options, random):
            if options.max_steps is not None and steps >= options.max_steps:
                break
            # The fused kernel's way back is twice as slow on a CPU as the plain one.
            with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
                logits = network(
                    torch.from_numpy(batch.ids), torch.from_numpy(batch.mask), torch.from_numpy(batch.head)
                )
            loss = loss_of(logits.float(), targets, weights, options)
            losses.append(descend(loss, optimiser, network.parameters()))
            schedule.step()
            steps += 1
        if epoch > options.epochs - options.average_last:
            averaged += 1
            for name, value in network.state_dict().items():
                mean[name] = value.clone() if averaged == 1 else mean[name] + (value - mean[name]) / averaged
        on_epoch(epoch, float(np.mean(losses)) if losses else float("nan"))
    network.load_state_dict(mean)
    network.eval()
    return steps


def is_calm(example: Example) -> bool:
    """No event, and no word of the regular expressions: what news is nearly all made of, and soon learned."""
    answers = example.targets[: len(EVENTS)]
    return not any(answers) and not is_alarming(example.text)


def _freeze(network: SentenceNet, options: TrainOptions) -> None:
    for name, parameter in network.encoder.named_parameters():
        if (name == _WORDS and options.freeze_words) or _level(name) <= options.frozen_layers > 0:
            parameter.requires_grad_(False)


def _level(name: str) -> int:
    """1 is the encoder's lowest layer; 0 is all below it."""
    return int(name.split("layer.")[1].split(".")[0]) + 1 if "layer." in name else 0


def _set_dropout(network: SentenceNet, chance: float) -> None:
    """Dropout of the encoder's sub-layers; none inside attention, where on a CPU it costs a third of a step."""
    for module in network.encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = chance
    for name, module in network.encoder.named_modules():
        if name.endswith(("attention.self.dropout", "attention.attn.dropout")):  # BERT's name, MPNet's
            assert isinstance(module, nn.Dropout)
            module.p = 0.0


def loss_of(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, options: TrainOptions) -> torch.Tensor:
    """Mean weighted binary cross-entropy over the known answers of logits [n, k] and targets [n, k] (NaN:
    unknown).

    `weights` [n] are the rows'. With `focal_gamma` g each term is multiplied by (1 - p_t)^g (Lin et al.
    2017, "Focal loss for dense object detection"). Signals count `signal_weight` as much as events.
    """
    known = ~torch.isnan(targets)
    truth = torch.where(known, targets, 0.0)
    loss = functional.binary_cross_entropy_with_logits(
        logits, truth, reduction="none", pos_weight=torch.tensor(options.positive_weight)
    )
    if options.focal_gamma:
        right = torch.sigmoid(torch.where(truth > 0.5, logits, -logits))
        loss = loss * (1 - right) ** options.focal_gamma
    column = torch.tensor([1.0 if label in EVENTS else options.signal_weight for label in LABELS])
    share = known * weights.unsqueeze(1) * column
    return (loss * share).sum() / share.sum().clamp_min(1e-6)


def parameter_groups(network: SentenceNet, options: TrainOptions) -> list[dict[str, object]]:
    """Parameters with their learning rates: the head's own, and the encoder's, falling by `layer_decay` a
    layer down.

    Layer-wise decay as in Howard and Ruder 2018 ("Universal language model fine-tuning", discriminative
    rates).
    """
    depth = max((_level(name) for name, _ in network.encoder.named_parameters()), default=0)
    rates: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.encoder.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = options.encoder_rate * options.layer_decay ** (depth - _level(name))
        rates.setdefault(rate, []).append(parameter)
    groups: list[dict[str, object]] = [{"params": found, "lr": rate} for rate, found in rates.items()]
    return [*groups, {"params": list(network.head.parameters()), "lr": options.head_rate}]


def _epoch(
    encoder: Encoder, examples: Sequence[Example], options: TrainOptions, random: np.random.Generator
) -> Iterator[tuple[Batch, torch.Tensor, torch.Tensor]]:
    """All examples once (of the calm ones a share, another in each epoch), damaged, in rectangles of similar length,
    in random order.
    """
    drawn = random.random(len(examples))
    changed = [
        augment(example, options.augmentation, examples, random)
        for example, chance in zip(examples, drawn, strict=True)
        if chance < options.calm_share or not is_calm(example)
    ]
    encoded = encoder.encode([e.text for e in changed], [e.context for e in changed])
    targets = torch.tensor([e.targets for e in changed], dtype=torch.float32)
    weights = torch.tensor([options.weight_of(e.register) for e in changed])
    # Lengths blurred by chance: strict sorting would show the same neighbours in every epoch.
    rectangles = list(
        batches(encoded, options.batch_tokens, blur=random.uniform(0.0, 8.0, len(encoded)), multiple=WIDTH)
    )
    for index in random.permutation(len(rectangles)):
        batch = rectangles[index]
        rows = torch.from_numpy(batch.rows)
        yield batch, targets[rows], weights[rows]
