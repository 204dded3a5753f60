"""Further pre-training of the base encoder on unlabelled news: masked tokens, in the form that the classifier reads.

After Gururangan et al. 2020 ("Don't stop pretraining"). Guarantees: reads only the texts that it is given (the caller
keeps held-out articles away); the same texts, options and number of threads give the same weights as far as torch on
a CPU allows; what it writes is a folder that `load_base` accepts.
Refuses to keep the prediction head: it is of no use to the classifier.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.encoding import token_id
from models.network import CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME, SentenceNet
from models.training.base import load_base
from models.training.data import CorpusError
from models.training.seeded import seeded
from models.training.stepping import descend

__all__ = ["PretrainOptions", "masked", "packed", "pretrain"]

Progress = Callable[[str], None]
Ids = npt.NDArray[np.int64]

_IGNORED: Final = -100
# Of the chosen tokens: this share becomes [MASK], this one a random token, the rest stays (Devlin et al. 2019, 3.1).
_TO_MASK: Final = 0.8
_TO_RANDOM: Final = 0.1


@dataclass(frozen=True, slots=True)
class PretrainOptions:
    """One run. `length` is tokens of a packed row, `rows` rows of a step, `share` the masked part of all tokens."""

    out: Path
    base: Path | None = None
    seed: int = 20220210
    epochs: int = 3
    rows: int = 32
    length: int = 128
    share: float = 0.2
    rate: float = 3e-4
    warm_up: float = 0.06
    threads: int | None = None
    bfloat16: bool = True
    max_steps: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or self.length < 8 or self.rows < 1 or self.epochs < 1:
            raise ValueError("share lies in (0, 1), length is at least 8, rows and epochs at least 1")


class _Prediction(nn.Module):
    """BERT's masked-token head: transform, norm, and a decoder that is the embedding itself."""

    def __init__(self, width: int, embedding: nn.Embedding) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.embedding = embedding
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        transformed = self.norm(functional.gelu(self.dense(hidden)))
        return functional.linear(transformed, self.embedding.weight, self.bias)


def packed(articles: Sequence[Sequence[str]], tokenizer: Tokenizer, length: int) -> tuple[Ids, Ids]:
    """Rows [n, length] of token ids and of segments (0, 1): consecutive sentences of one article, two segments a row.

    `[CLS] some sentences [SEP] those that follow [SEP]`, padded with 0; a sentence that is too long is cut.
    """
    cls, sep = token_id(tokenizer, "[CLS]"), token_id(tokenizer, "[SEP]")
    rows: list[list[int]] = []
    kinds: list[list[int]] = []

    def emit(sentences: list[list[int]]) -> None:
        half = max(1, len(sentences) // 2) if len(rows) % 2 else max(1, len(sentences) - 1)
        first = [cls, *(i for s in sentences[:half] for i in s), sep]
        second = [i for s in sentences[half:] for i in s]
        second = [*second, sep] if second else []
        ids = (first + second)[:length]
        rows.append(ids)
        kinds.append(([0] * len(first) + [1] * len(second))[:length])

    for article in articles:
        encodings = tokenizer.encode_batch(list(article), add_special_tokens=False)
        pieces = [encoding.ids for encoding in encodings if encoding.ids]
        held: list[list[int]] = []
        size = 3
        for piece in pieces:
            if held and size + len(piece) > length:
                emit(held)
                held, size = [], 3
            held.append(piece)
            size += len(piece)
        if held:
            emit(held)
    out, segments = np.zeros((len(rows), length), dtype=np.int64), np.zeros((len(rows), length), dtype=np.int64)
    for number, (ids, kind) in enumerate(zip(rows, kinds, strict=True)):
        out[number, : len(ids)] = ids
        segments[number, : len(kind)] = kind
    return out, segments


def masked(
    ids: Ids, continues: npt.NDArray[np.bool_], options: PretrainOptions, mask: int, random: np.random.Generator
) -> tuple[Ids, Ids]:
    """Inputs and targets of rows `ids`: whole words are hidden together, special tokens never; -100 where nothing is
    asked. `continues[t]` says that token t of the vocabulary continues a word.
    """
    special = ids < _FIRST_WORD
    starts = ~special & ~continues[ids]
    word = np.cumsum(starts | special, axis=1)
    draw = random.random(ids.shape)
    chosen = np.take_along_axis(draw, np.minimum(word, ids.shape[1] - 1), axis=1) < options.share
    chosen &= ~special
    how = random.random(ids.shape)
    inputs = np.where(chosen & (how < _TO_MASK), mask, ids)
    other = random.integers(_FIRST_WORD, continues.size, ids.shape)
    inputs = np.where(chosen & (how >= _TO_MASK) & (how < _TO_MASK + _TO_RANDOM), other, inputs)
    return inputs, np.where(chosen, ids, _IGNORED)


_FEW_SHAPES: Final = 128
"""oneDNN builds its bfloat16 kernels anew for every shape, which costs more than a few rows for nothing."""

# BERT's uncased vocabulary has its special and unused tokens below this.
_FIRST_WORD: Final = 999


def pretrain(articles: Sequence[Sequence[str]], options: PretrainOptions, progress: Progress | None = None) -> Path:
    """Train the encoder to guess hidden words of `articles` (each a list of sentences); write and return `options.out`.

    Raises CorpusError without text, WeightsMissingError, WeightsCorruptError.
    """
    with seeded(options.seed, options.threads):
        return _pretrain(articles, options, progress)


def _pretrain(articles: Sequence[Sequence[str]], options: PretrainOptions, progress: Progress | None) -> Path:
    base = load_base(options.base)
    ids, segments = packed(articles, base.tokenizer, options.length)
    if not len(ids):
        raise CorpusError("no text to pre-train on.")
    vocabulary = base.tokenizer.get_vocab()
    continues = np.zeros(max(vocabulary.values()) + 1, dtype=bool)
    continues[[index for token, index in vocabulary.items() if token.startswith("##")]] = True
    random = np.random.default_rng(options.seed)
    words = base.network.encoder.get_input_embeddings()  # type: ignore[operator]  # torch: Tensor or Module
    head = _Prediction(int(base.config["hidden_size"]), words)
    trained = nn.ModuleList([base.network.encoder, head])
    optimiser = torch.optim.AdamW(trained.parameters(), lr=options.rate, weight_decay=0.01, fused=True)
    total = options.epochs * -(-len(ids) // options.rows)
    warm = max(1, round(total * options.warm_up))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (total - step) / max(1, total - warm)))
    )
    trained.train()
    began, losses = time.monotonic(), []
    for steps, batch in enumerate(_steps(len(ids), options, random), start=1):
        if options.max_steps is not None and steps > options.max_steps:
            break
        rows = ids[batch]
        inputs, targets = masked(rows, continues, options, vocabulary["[MASK]"], random)
        where, asked = _asked(targets)
        with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
            hidden = base.network.encoder(
                input_ids=torch.from_numpy(inputs),
                attention_mask=torch.from_numpy((rows != 0).astype(np.int64)),
                token_type_ids=torch.from_numpy(segments[batch]),
            ).last_hidden_state
            logits = head(hidden.flatten(0, 1)[where])
        # Not the built-in mean: a last batch of a few words may have none hidden, and 0 / 0 is NaN.
        summed = functional.cross_entropy(logits.float(), asked, ignore_index=_IGNORED, reduction="sum")
        loss = summed / max(1, int((targets != _IGNORED).sum()))
        losses.append(descend(loss, optimiser, trained.parameters()))
        schedule.step()
        if progress is not None and (steps % 100 == 0 or steps == total):
            mean = float(np.mean(losses[-100:]))
            progress(f"step {steps} of {total}: loss {mean:.3f}, {time.monotonic() - began:.0f} s")
    return _write(base.network, base.config, base.tokenizer, options.out)


def _asked(targets: Ids) -> tuple[torch.Tensor, torch.Tensor]:
    """Flat positions of the hidden words, and the words, filled up to a multiple of _FEW_SHAPES that asks nothing."""
    flat = targets.reshape(-1)
    where = np.flatnonzero(flat != _IGNORED)
    padding = -where.size % _FEW_SHAPES or (_FEW_SHAPES if not where.size else 0)
    asked = np.concatenate([flat[where], np.full(padding, _IGNORED, dtype=np.int64)])
    return torch.from_numpy(np.concatenate([where, np.zeros(padding, dtype=np.int64)])), torch.from_numpy(asked)


def _steps(rows: int, options: PretrainOptions, random: np.random.Generator) -> Iterator[Ids]:
    for _ in range(options.epochs):
        order = random.permutation(rows)
        for begin in range(0, rows, options.rows):
            yield order[begin : begin + options.rows]


def _write(network: SentenceNet, config: dict[str, object], tokenizer: Tokenizer, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.encoder.state_dict().items()}, folder / WEIGHTS_NAME)
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    (folder / TOKENIZER_NAME).write_bytes(tokenizer.to_str().encode())
    return folder
