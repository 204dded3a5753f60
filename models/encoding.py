"""From strings to token ids and padded batches: everything that happens before the network, without torch.

Guarantees: any list of Python strings can be encoded (empty, huge, unpaired surrogates); ids depend on the
tokenizer file alone; work and memory are linear in the characters kept, and those are bounded per text. The
tokenizer is never reconfigured after loading, so that concurrent calls only read it.
Refuses to clean text: folding Unicode is the caller's.

An input is `[CLS] sentence [SEP]`, or with context `[CLS] sentence [SEP] headline [SEP] previous [SEP]`,
where all that follows the first [SEP] has token type 1.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from models.manifest import Manifest

__all__ = ["Batch", "Context", "Encoded", "Encoder", "batches", "token_id"]

Context = tuple[str | None, str | None]  # (headline, previous sentence)
Ints1d = npt.NDArray[np.int64]  # [n]
Ints2d = npt.NDArray[np.int64]  # [n, longest]
Bools2d = npt.NDArray[np.bool_]  # [n, longest]

# A word piece of English text has 4 to 5 characters with its space. Texts are cut here before tokenisation,
# so that a text of megabytes costs no more than a long sentence; only runs of white space or of words above
# 24 letters notice.
_CHARACTERS_PER_TOKEN = 24


@dataclass(frozen=True, slots=True)
class Encoded:
    """Ragged token ids of n inputs: input i is `ids[starts[i] : starts[i] + lengths[i]]`.

    The first `heads[i]` of them are the sentence with its special tokens; the rest is context.
    """

    ids: Ints1d
    starts: Ints1d
    lengths: Ints1d
    heads: Ints1d

    def __len__(self) -> int:
        return int(self.lengths.size)


@dataclass(frozen=True, slots=True)
class Batch:
    """A padded rectangle. `rows` [n] are the positions of its inputs in the `Encoded` it was cut from."""

    rows: Ints1d
    ids: Ints2d
    mask: Bools2d  # true where there is a token
    head: Bools2d  # true where the token belongs to the sentence


class Encoder:
    """Tokenises sentences with their contexts as a manifest says."""

    def __init__(self, tokenizer: Tokenizer, manifest: Manifest) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._cls = token_id(tokenizer, "[CLS]", "<s>")
        self._sep = token_id(tokenizer, "[SEP]", "</s>")
        self._sentence_tokens = manifest.sentence_tokens
        self._context_tokens = manifest.context_tokens if manifest.context == "pair" else 0

    def encode(self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None) -> Encoded:
        """Token ids of every sentence, in order. Raises ValueError when the two lengths differ."""
        if contexts is not None and len(contexts) != len(sentences):
            raise ValueError(f"{len(sentences)} sentences but {len(contexts)} contexts")
        heads = self._pieces(sentences, self._sentence_tokens)
        tails = self._tails(contexts) if contexts is not None and self._context_tokens else None
        ids: list[int] = []
        head_lengths: list[int] = []
        lengths: list[int] = []
        for index, pieces in enumerate(heads):
            tail = tails[index] if tails is not None else []
            ids.append(self._cls)
            ids += pieces
            ids.append(self._sep)
            ids += tail
            head_lengths.append(len(pieces) + 2)
            lengths.append(len(pieces) + 2 + len(tail))
        sizes = np.asarray(lengths, dtype=np.int64)
        return Encoded(
            ids=np.asarray(ids, dtype=np.int64),
            starts=np.cumsum(sizes) - sizes,
            lengths=sizes,
            heads=np.asarray(head_lengths, dtype=np.int64),
        )

    def _tails(self, contexts: Sequence[Context | None]) -> list[list[int]]:
        # An article's headline comes with each of its sentences: tokenise every distinct text once.
        texts = {part: None for context in contexts if context is not None for part in context if part}
        pieces = dict(zip(texts, self._pieces(list(texts), self._context_tokens), strict=True))
        tails: list[list[int]] = []
        for context in contexts:
            tail: list[int] = []
            for part in context or ():
                # An empty headline still takes its [SEP] when a sentence follows: position tells the two
                # apart.
                tail += [*(pieces[part] if part else ()), self._sep]
            tails.append(tail if len(tail) > 2 else [])
        return tails

    def _pieces(self, texts: Sequence[str], most: int) -> list[list[int]]:
        cut = [text[: most * _CHARACTERS_PER_TOKEN] for text in texts]
        try:
            encodings = self._tokenizer.encode_batch_fast(cut, add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):
            # Unpaired surrogates have no UTF-8 form, which the tokenizer needs.
            cut = [text.encode("utf-8", "replace").decode("utf-8") for text in cut]
            encodings = self._tokenizer.encode_batch_fast(cut, add_special_tokens=False)
        return [encoding.ids[:most] for encoding in encodings]


def batches(
    encoded: Encoded,
    padded_tokens: int,
    pad_id: int = 0,
    blur: npt.NDArray[np.float64] | None = None,
    multiple: int = 1,
) -> Iterator[Batch]:
    """Cut `encoded` into rectangles of at most `padded_tokens` cells, of inputs of similar length, longest
    first.

    An input longer than the budget gets a rectangle of its own. Longest first, so that a process reaches
    its peak memory at once. Every input is in exactly one batch. Widths are multiples of `multiple`: few shapes, for
    kernels that are built anew for every shape.
    """
    lengths = encoded.lengths
    order = np.argsort(-(lengths if blur is None else lengths + blur), kind="stable")
    begin = 0
    while begin < order.size:
        # `blur` may hide a longer input behind the first, never by more than itself: bound the rectangle by
        # both.
        longest = int(lengths[order[begin]]) + (0 if blur is None else math.ceil(blur.max()))
        longest = -(-longest // multiple) * multiple
        rows = order[begin : begin + max(1, padded_tokens // longest)]
        if multiple == 1:
            longest = int(lengths[rows].max())
        begin += rows.size
        column = np.arange(longest)
        mask = column < lengths[rows, None]
        source = encoded.starts[rows, None] + column
        ids = np.where(mask, encoded.ids[np.where(mask, source, 0)], pad_id)
        yield Batch(rows=rows, ids=ids, mask=mask, head=column < encoded.heads[rows, None])


def token_id(tokenizer: Tokenizer, *names: str) -> int:
    """The id of the first of `names` (BERT's, then others' for the same thing) that the tokenizer has."""
    for name in names:
        if (found := tokenizer.token_to_id(name)) is not None:
            return int(found)
    raise ValueError(f"the tokenizer has no {' or '.join(names)}")
