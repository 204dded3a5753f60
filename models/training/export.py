"""Writing a folder of weights that `Classifier.load` accepts.

Guarantees: tensors are stored as fp16 safetensors without pickles; the manifest is written last and names
the sha256 of every other file, so a folder that was cut off half-way is refused at load.
Refuses to leave an old manifest beside new weights: it removes it first.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from models.labels import EVENTS
from models.manifest import MANIFEST_NAME, Manifest, Platt, Thresholds, sha256_of
from models.network import CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME, SentenceNet
from models.training.base import Base
from models.training.options import TrainOptions

__all__ = ["draft_manifest", "finish", "write_files", "write_network"]

_NEUTRAL = Thresholds(0.5, 0.5, 0.5)


def draft_manifest(base: Base, options: TrainOptions) -> Manifest:
    """A manifest without files, calibration or thresholds yet: what tokenisation needs to know."""
    return Manifest(
        name=options.name,
        version=options.version,
        base=base.origin,
        licence="Apache-2.0",
        files={},
        max_tokens=options.max_tokens,
        context=options.context,
        context_tokens=options.context_tokens if options.context == "pair" else 0,
        thresholds=dict.fromkeys(EVENTS, _NEUTRAL),
    )


def write_network(network: SentenceNet, base: Base, draft: Manifest, folder: Path) -> Manifest:
    """Write weights, configuration, tokenizer and a first manifest; return that manifest."""
    config = (json.dumps(base.config, indent=2, sort_keys=True) + "\n").encode()
    return write_files(network, config, base.tokenizer.to_str().encode(), draft, folder)


def write_files(network: SentenceNet, config: bytes, tokenizer: bytes, draft: Manifest, folder: Path) -> Manifest:
    """`write_network` for a configuration and a tokenizer that are files already."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST_NAME).unlink(missing_ok=True)
    tensors = {name: value.to(torch.float16).contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, folder / WEIGHTS_NAME)
    # safetensors writes for its owner only; what ships must be readable by whoever runs the worker.
    (folder / WEIGHTS_NAME).chmod(0o644)
    (folder / CONFIG_NAME).write_bytes(config)
    (folder / TOKENIZER_NAME).write_bytes(tokenizer)
    files = {name: sha256_of(folder / name) for name in (CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME)}
    manifest = replace(draft, files=files)
    manifest.write(folder)
    return manifest


def finish(
    folder: Path,
    calibration: Mapping[str, Platt],
    thresholds: Mapping[str, Thresholds],
    signal_thresholds: Mapping[str, float],
    quality: Mapping[str, object],
) -> Manifest:
    """Put what was fitted and measured into the manifest of a written folder; return the new manifest."""
    manifest = replace(
        Manifest.read(folder),
        calibration=dict(calibration),
        thresholds=dict(thresholds),
        signal_thresholds=dict(signal_thresholds),
        quality=dict(quality),
    )
    manifest.write(folder)
    return manifest
