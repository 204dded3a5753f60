"""Averaging the weights of several runs that started from the same base: better than each, at the price of one.

After Wortsman et al. 2022, "Model soups". Guarantees: the result is calibrated, given thresholds and measured anew,
with the corpus' dev and test rows; the parts are verified before they are mixed.
Refuses parts of different shape, tokenisation or context, and parts that started from different base weights.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from models.labels import LABELS
from models.manifest import Manifest
from models.network import CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME, network_from_config, tensors_of
from models.training.data import CorpusError
from models.training.export import write_files
from models.training.gather import Gathered
from models.training.options import TrainOptions
from models.training.train import TrainReport, calibrate_and_measure

__all__ = ["mix"]


def mix(parts: Sequence[tuple[Path, float]], options: TrainOptions, data: Gathered) -> TrainReport:
    """Write `options.out`: the mean of the parts' weights, each with its share (shares are divided by their sum).

    Of the options only `out`, `name`, `version` and `threads` are used; the rest comes from the first part.
    Every part must have been trained on the train rows of this corpus (or fewer), or the figures mean nothing.
    Raises WeightsMissingError, WeightsCorruptError, CorpusError, and ValueError when the parts do not fit together.
    """
    if not parts or any(share <= 0 for _, share in parts):
        raise ValueError("a mix needs parts, each with a share above 0")
    first = Manifest.read(parts[0][0])
    mean: dict[str, torch.Tensor] = {}
    total = sum(share for _, share in parts)
    for folder, share in parts:
        manifest = Manifest.read(folder)
        same = all(manifest.files.get(name) == first.files.get(name) for name in (CONFIG_NAME, TOKENIZER_NAME))
        shape = (manifest.base, manifest.context, manifest.context_tokens)
        if not same or shape != (first.base, first.context, first.context_tokens):
            raise ValueError(f"{folder} does not fit {parts[0][0]}: another base, shape, tokenizer or context")
        for name, value in tensors_of(manifest.read_verified(folder, WEIGHTS_NAME)).items():
            mean[name] = mean.get(name, torch.zeros(())) + value * (share / total)
    config = first.read_verified(parts[0][0], CONFIG_NAME)
    tokenizer = first.read_verified(parts[0][0], TOKENIZER_NAME)
    network = network_from_config(config, len(LABELS))
    network.load_state_dict(mean)
    draft = replace(
        first, name=options.name, version=options.version, files={}, calibration={}, aggregation={}, quality={}
    )
    write_files(network, config, tokenizer, draft, options.out)
    report = calibrate_and_measure(options, data)
    if not report.measured.sets:
        raise CorpusError("the corpus has no rows to measure a mix on.")
    return report
