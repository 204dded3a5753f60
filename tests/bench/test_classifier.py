"""The classifier beside the bare encoder that it is made of, and with its context beside without: ratios of one run."""

import statistics
import time
from collections.abc import Callable

import pytest
import torch
from transformers import BertConfig, BertModel

from models.classifier import Classifier
from models.encoding import Encoded, batches
from models.training.data import read_corpus

pytestmark = pytest.mark.bench

ROUNDS = 5


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    loaded = Classifier.load(threads=1)
    loaded.warm()
    return loaded


def _bare(classifier: Classifier) -> Callable[[Encoded], None]:
    """The encoder alone, same weights' shape, on the same padded batches."""
    config = BertConfig.from_dict(classifier._network.encoder.config.to_dict())
    config._attn_implementation = "sdpa"
    encoder = BertModel(config, add_pooling_layer=False).eval()

    def work(encoded: Encoded) -> None:
        with torch.inference_mode():
            for batch in batches(encoded, 2048):
                mask = None if batch.mask.all() else torch.from_numpy(batch.mask).long()
                encoder(input_ids=torch.from_numpy(batch.ids), attention_mask=mask)

    return work


def test_the_head_costs_at_most_a_twentieth_and_context_what_is_printed(classifier: Classifier) -> None:
    rows = [row for row in read_corpus() if row.context != (None, None)][:160]
    texts, contexts = [row.text for row in rows], [row.context for row in rows]
    alone, with_context = classifier.encode(texts), classifier.encode(texts, contexts)
    bare = _bare(classifier)
    bare(with_context)
    # One after the other in every round, so that a noisy neighbour hits both.
    pairs = [
        (_seconds(lambda: bare(with_context)), _seconds(lambda: classifier.logits(with_context))) for _ in range(ROUNDS)
    ]
    ratio = max(encoder / ours for encoder, ours in pairs)
    costs = [
        _seconds(lambda: classifier.logits(with_context)) / _seconds(lambda: classifier.logits(alone))
        for _ in range(ROUNDS)
    ]
    shares = [round(encoder / ours, 3) for encoder, ours in pairs]
    tokens = f"{with_context.lengths.mean():.0f} tokens against {alone.lengths.mean():.0f}"
    print(
        f"\nthroughput against the bare encoder: best of {ROUNDS} {ratio:.3f}, all {shares};"
        f" context: {statistics.median(costs):.2f} times the time, {tokens}"
    )
    assert ratio >= 0.95
