"""`Classifier`: sentences in, calibrated scores out.

Guarantees: loads from one local folder and nothing else (no network, no remote code, no pickle); every
file's sha256 is compared with the manifest before its bytes are parsed; accepts any strings; the i-th row
of the answer is the i-th sentence's, whatever the batching inside. Scores of the same sentence in other
company agree to about 1e-5, because padding changes the order of additions: round before deciding.
Refuses: to clean text, to decide (thresholds are in the manifest), to split sentences.

One instance is meant for one thread at a time; `threads` applies to that thread.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from models import calibration
from models.encoding import Batch, Context, Encoded, Encoder, batches
from models.errors import ModelError, WeightsCorruptError
from models.labels import LABELS
from models.manifest import PACKAGED_WEIGHTS, Manifest
from models.network import CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME, SentenceNet, network_from_config, tensors_of

__all__ = ["PADDED_TOKENS", "Classifier"]

# Measured on one busy core with contexts: 49, 54 and 39 sentences a second at 1024, 2048 and 4096 cells; above, the
# activations (cells x 1536 x 4 bytes a layer) leave the cache and only memory grows.
PADDED_TOKENS = 2048


class Classifier:
    """A loaded model. Make one with `Classifier.load`."""

    # Batches are as wide as a multiple of it.
    _multiple: ClassVar[int] = 1

    def __init__(
        self,
        network: SentenceNet,
        encoder: Encoder,
        manifest: Manifest,
        *,
        padded_tokens: int = PADDED_TOKENS,
        threads: int | None = None,
    ) -> None:
        self._network = network.eval().float()
        self._encoder = encoder
        self._padded_tokens = padded_tokens
        self._threads = threads
        self.manifest = manifest

    @classmethod
    def load(cls, path: Path | None = None, *, padded_tokens: int = PADDED_TOKENS, threads: int | None = None) -> Self:
        """Load a folder of weights; the packaged ones when `path` is None.

        `padded_tokens` bounds the cells (sentences x longest, in tokens) of one forward pass, and so its
        memory. `threads` is given to torch in the thread that scores, before its first forward pass (torch
        keeps the number for the process' later threads too); None leaves torch's own choice.

        Raises WeightsMissingError when a file is not there, WeightsCorruptError when one is not what the
        manifest says or does not fit the others.
        """
        folder = PACKAGED_WEIGHTS if path is None else path
        manifest = Manifest.read(folder)
        for name in (CONFIG_NAME, TOKENIZER_NAME, WEIGHTS_NAME):
            if name not in manifest.files:
                raise WeightsCorruptError(f"{folder}: the manifest does not list {name}; train or restore the folder.")
        try:
            config = manifest.read_verified(folder, CONFIG_NAME)
            network = network_from_config(json.loads(config), len(LABELS))
            tokenizer = Tokenizer.from_str(manifest.read_verified(folder, TOKENIZER_NAME).decode("utf-8"))
            tensors = tensors_of(manifest.read_verified(folder, WEIGHTS_NAME))
            network.load_state_dict(tensors, strict=True)
            encoder = Encoder(tokenizer, manifest)
        except (ModelError, MemoryError):
            raise
        # Not narrower: the tokenizers library raises plain Exception for a file that it can't parse.
        except Exception as error:
            raise WeightsCorruptError(
                f"{folder} can't be loaded, its files don't belong together ({error!r:.200})."
            ) from error
        return cls(network, encoder, manifest, padded_tokens=padded_tokens, threads=threads)

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns of `scores`: the events, then the signals."""
        return self.manifest.labels

    def encode(self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None) -> Encoded:
        """Tokenise; see `Encoder.encode`. Contexts are ignored by a model whose manifest says so."""
        return self._encoder.encode(sentences, contexts)

    def token_lengths(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.int64]:
        """Tokens [n] that each input takes, exactly, special tokens and context included. About 1 % of
        scoring.
        """
        return self.encode(sentences, contexts).lengths

    def forward(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Logits [n, n_labels] of one padded batch."""
        self._set_threads()
        with torch.inference_mode():
            logits = self._network(
                torch.from_numpy(batch.ids), torch.from_numpy(batch.mask), torch.from_numpy(batch.head)
            )
            return np.asarray(logits.float().numpy(), dtype=np.float32)

    def logits(self, encoded: Encoded) -> npt.NDArray[np.float32]:
        """Uncalibrated logits [n, n_labels] of encoded inputs, in their order."""
        out = np.zeros((len(encoded), len(self.labels)), dtype=np.float32)
        for batch in batches(encoded, self._padded_tokens, multiple=self._multiple):
            out[batch.rows] = self.forward(batch)
        return out

    def score_encoded(self, encoded: Encoded) -> npt.NDArray[np.float32]:
        """`scores` for inputs that were encoded before (by a planner that needed their lengths)."""
        return calibration.apply(self.logits(encoded), self.labels, self.manifest.calibration)

    def scores(
        self, sentences: Sequence[str], contexts: Sequence[Context | None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Calibrated scores [n, n_labels] in [0, 1].

        `contexts[i]` is None or (headline | None, previous sentence | None). Raises ValueError when the two
        lists differ in length.
        """
        return self.score_encoded(self.encode(sentences, contexts))

    def warm(self) -> None:
        """Score a few sentences of different lengths, so that the first real ones pay no first-time costs."""
        words = "The quick brown fox jumps over the lazy dog near the river ."
        self.scores(["", words, " ".join([words] * 8)], [None, (words, None), (words, words)])

    def _set_threads(self) -> None:
        if self._threads is not None and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
