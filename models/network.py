"""The network: an encoder (BERT, or MPNet for teachers), a pool over the sentence's own tokens, one linear layer, one
logit per label.

Guarantees: context tokens act through attention only, never through the pool, so a long headline can't drown a short
sentence. Built from a configuration without reading or fetching anything; the global random state is left as it was.
"""

import json
from typing import Any, cast

import torch
from safetensors.torch import load
from torch import nn
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

__all__ = [
    "CONFIG_NAME",
    "POOLINGS",
    "POOLING_KEY",
    "TOKENIZER_NAME",
    "WEIGHTS_NAME",
    "SentenceNet",
    "network_from_config",
    "tensors_of",
]

CONFIG_NAME = "config.json"
TOKENIZER_NAME = "tokenizer.json"
WEIGHTS_NAME = "model.safetensors"
POOLINGS = ("mean", "mean_max")
# Our one entry in an otherwise ordinary config.json.
POOLING_KEY = "tocsin_pooling"


class SentenceNet(nn.Module):
    """Logits [n, n_labels] of padded token ids [n, longest].

    `pooling` is "mean", or "mean_max": the mean beside the greatest value of each feature, so that one decisive clause
    in a long sentence is not averaged away.
    """

    def __init__(self, encoder: nn.Module, width: int, n_labels: int, dropout: float, pooling: str = "mean") -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, not {pooling!r}")
        self.pooling = pooling
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width * (2 if pooling == "mean_max" else 1), n_labels)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
        """`mask` [n, longest] is true on tokens, `head` true on those of the sentence (specials included)."""
        return cast("torch.Tensor", self.head(self.dropout(self.pooled(ids, mask, head))))

    def pooled(self, ids: torch.Tensor, mask: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
        """What the head sees: [n, width] or [n, 2 width], as `pooling` says."""
        # Without padding the mask says nothing, and attention is quicker without one.
        attention = None if bool(mask.all()) else mask.long()
        # MPNet knows no token types: there the separators alone tell sentence and context apart.
        types = {} if isinstance(self.encoder, MPNetModel) else {"token_type_ids": (mask & ~head).long()}
        output = self.encoder(input_ids=ids, attention_mask=attention, **types)
        hidden: torch.Tensor = output.last_hidden_state
        share = head.to(hidden.dtype)
        pooled = torch.bmm(share.unsqueeze(1), hidden).squeeze(1) / share.sum(1, keepdim=True)
        if self.pooling == "mean_max":
            greatest = hidden.masked_fill(~head.unsqueeze(2), -torch.inf).amax(1)
            pooled = torch.cat([pooled, greatest], dim=1)
        return pooled


def network_from_config(config: dict[str, Any] | str | bytes, n_labels: int) -> SentenceNet:
    """A network with random weights, shaped as a Hugging Face `config.json` of BERT or MPNet says."""
    values = config if isinstance(config, dict) else json.loads(config)
    with torch.random.fork_rng(devices=[]):
        return SentenceNet(
            _encoder(values),
            width=int(values["hidden_size"]),
            n_labels=n_labels,
            dropout=float(values.get("hidden_dropout_prob", 0.1)),
            pooling=str(values.get(POOLING_KEY, "mean")),
        )


def tensors_of(content: bytes) -> dict[str, torch.Tensor]:
    """The float32 tensors of a safetensors file's bytes, by name."""
    return {name: tensor.float() for name, tensor in load(content).items()}


def _encoder(values: dict[str, Any]) -> nn.Module:
    match values.get("model_type"):
        case "bert":
            bert = BertConfig.from_dict(values)
            bert._attn_implementation = "sdpa"
            return cast("nn.Module", BertModel(bert, add_pooling_layer=False))
        case "mpnet":
            return cast("nn.Module", MPNetModel(MPNetConfig.from_dict(values), add_pooling_layer=False))
        case other:
            raise ValueError(f"model_type must be 'bert' or 'mpnet', not {other!r}")
