"""The network: what is pooled, and what a configuration must say."""

import pytest
import torch
from torch import nn

from models.labels import LABELS
from models.network import POOLING_KEY, SentenceNet, network_from_config
from tests.unit.models.tiny import CONFIG


class Hidden:
    def __init__(self, value: torch.Tensor) -> None:
        self.last_hidden_state = value


class Echo(nn.Module):
    """An encoder whose hidden state of a token is its id, in two features of opposite sign."""

    def forward(self, input_ids: torch.Tensor, attention_mask: object, token_type_ids: torch.Tensor) -> Hidden:
        self.types = token_type_ids
        return Hidden(torch.stack([input_ids.float(), -input_ids.float()], dim=2))


def pooled(pooling: str, ids: list[int], sentence: int, tokens: int) -> list[float]:
    encoder = Echo()
    net = SentenceNet(encoder, width=2, n_labels=4 if pooling == "mean_max" else 2, dropout=0.0, pooling=pooling)
    size = net.head.in_features
    net.head = nn.Linear(size, size)
    nn.init.eye_(net.head.weight)
    nn.init.zeros_(net.head.bias)
    place = torch.arange(len(ids))[None]
    out = net(torch.tensor([ids]), place < tokens, place < sentence)
    assert encoder.types.tolist() == [[int(sentence <= i < tokens) for i in range(len(ids))]]
    return [float(value) for value in out[0].detach()]


def test_only_the_sentence_is_pooled_never_context_nor_padding() -> None:
    assert pooled("mean", [2, 4, 6, 90, 91, 0], sentence=3, tokens=5) == [4, -4]
    assert pooled("mean_max", [2, 4, 6, 90, 91, 0], sentence=3, tokens=5) == [4, -4, 6, -2]


def test_a_configuration_that_is_not_ours_is_refused() -> None:
    config = CONFIG | {"vocab_size": 30}
    with pytest.raises(ValueError, match="model_type"):
        network_from_config(config | {"model_type": "gpt2"}, len(LABELS))
    with pytest.raises(ValueError, match="pooling"):
        network_from_config(config | {POOLING_KEY: "median"}, len(LABELS))
    assert network_from_config(config, 3).head.in_features == 32
    assert network_from_config(config | {POOLING_KEY: "mean_max"}, 3).head.in_features == 64


def test_an_mpnet_teacher_pools_the_sentence_too() -> None:
    config = CONFIG | {"model_type": "mpnet", "vocab_size": 30, "pad_token_id": 1}
    net = network_from_config(config | {POOLING_KEY: "mean_max"}, 3).eval()
    ids = torch.tensor([[2, 4, 6, 9, 1]])
    place = torch.arange(5)[None]
    logits = net(ids, place < 4, place < 3)
    padding = net(torch.tensor([[2, 4, 6, 9, 7]]), place < 4, place < 3)
    context = net(torch.tensor([[2, 4, 6, 8, 1]]), place < 4, place < 3)
    assert logits.shape == (1, 3)
    assert torch.allclose(logits, padding, atol=1e-5)
    assert not torch.allclose(logits, context, atol=1e-5)
