"""A base model small enough to train in a test: random weights, a vocabulary of few words and all letters."""

import json
import string
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

from models.labels import EVENTS, LABELS
from models.manifest import BaseWeights, Manifest, Thresholds, sha256_of
from models.network import CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME, network_from_config

WORDS = ["the", "troops", "shelled", "evacuate", "leave", "now", "town", "ordered"]
WORDS += ["match", "goal", "left", "border", "embassy"]

CONFIG = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 256,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "pad_token_id": 0,
}


def tokenizer() -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    pieces += [*string.ascii_lowercase, *string.digits, *(f"##{letter}" for letter in string.ascii_lowercase)]
    pieces += [*string.punctuation]
    made = Tokenizer(WordPiece({piece: index for index, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    return made


def _random_state(network: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Weights far enough from zero that sentences get different answers; layer norms stay neutral."""
    random = torch.Generator().manual_seed(seed)
    return {
        name: value if "LayerNorm" in name else torch.randn(value.shape, generator=random) * 0.3
        for name, value in network.state_dict().items()
        if value.is_floating_point()
    }


def write_base(folder: Path, seed: int = 1, made: Tokenizer | None = None) -> Path:
    """A Hugging Face BERT folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tok = made or tokenizer()
    # As published tokenizers come: with padding and truncation switched on.
    tok.enable_truncation(16)
    tok.enable_padding(length=16)
    tok.save(str(folder / TOKENIZER_NAME))
    config = CONFIG | {"vocab_size": tok.get_vocab_size()}
    (folder / CONFIG_NAME).write_text(json.dumps(config | {"_name_or_path": "someone/else"}))
    network = network_from_config(config, len(LABELS))
    tensors = _random_state(network.encoder, seed)
    tensors["pooler.dense.weight"] = torch.zeros(32, 32)
    save_file(tensors, folder / WEIGHTS_NAME)
    return folder


def write_weights(folder: Path, context: str = "pair", seed: int = 1, **changes: object) -> Path:
    """A folder that `Classifier.load` accepts, with a random head."""
    folder.mkdir(parents=True, exist_ok=True)
    tok = tokenizer()
    tok.save(str(folder / TOKENIZER_NAME))
    config = CONFIG | {"vocab_size": tok.get_vocab_size()}
    (folder / CONFIG_NAME).write_text(json.dumps(config))
    network = network_from_config(config, len(LABELS))
    tensors = {name: value.half() for name, value in _random_state(network, seed).items()}
    save_file(tensors, folder / WEIGHTS_NAME)
    values: dict[str, object] = {
        "name": "tiny",
        "version": "0",
        "base": BaseWeights("none", "0" * 64, "Apache-2.0"),
        "licence": "Apache-2.0",
        "files": {name: sha256_of(folder / name) for name in (CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME)},
        "max_tokens": 40,
        "context": context,
        "context_tokens": 8 if context == "pair" else 0,
        "thresholds": {event: Thresholds(0.5, 0.25, 0.75) for event in EVENTS},
    }
    Manifest(**(values | changes)).write(folder)  # type: ignore[arg-type]  # the test says what it changes
    return folder
