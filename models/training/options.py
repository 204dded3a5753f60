"""What a training run may be told, beside the sentences."""

from dataclasses import dataclass, field
from pathlib import Path

from models.manifest import ContextMode
from models.training.augment import Augmentation

__all__ = ["TrainOptions"]


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """One run of `train`.

    `out` is the folder to write, `base` a folder to start from (None: the packaged base). `batch_tokens` bounds a
    padded batch, `context_tokens` headline and previous sentence, each, `max_tokens` a whole input. `threads` is
    torch's number (None: torch's own choice); the same seed on another number of threads may give other last bits.
    `max_steps` ends a run early (for tests and trials). `contrast_steps` of contrastive warm-up come
    first. `encoder_dropout` is that behind each
    sub-layer (the head keeps its own). `calm_share` of the sentences without
    event and alarming word are seen in an epoch. `freeze_words` leaves the word embeddings as the base has
    them, `frozen_layers` so many of the lowest layers too, with all that lies below. Weights are those of kinds of
    sentences in the loss; a sentence of real news counts 1.
    """

    out: Path
    name: str = "tocsin-minilm"
    version: str = "1"
    base: Path | None = None
    seed: int = 20220210
    epochs: int = 5
    batch_tokens: int = 1024
    context: ContextMode = "pair"
    context_tokens: int = 24
    max_tokens: int = 176
    pooling: str = "mean_max"
    encoder_rate: float = 1e-4
    head_rate: float = 2e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warm_up: float = 0.1
    signal_weight: float = 0.5
    focal_gamma: float = 0.0
    positive_weight: float = 1.0
    corpus_weight: float = 1.0
    public_weight: float = 0.5
    taught_weight: float = 0.5
    average_last: int = 3
    augmentation: Augmentation = field(default_factory=Augmentation)
    calm_share: float = 1.0
    freeze_words: bool = False
    frozen_layers: int = 0
    encoder_dropout: float = 0.0
    contrast_steps: int = 0
    bfloat16: bool = True
    threads: int | None = None
    max_steps: int | None = None

    def weight_of(self, register: str) -> float:
        """How much a sentence of this register counts in the loss; real news counts 1."""
        known = {"pool": 1.0, "public": self.public_weight, "taught": self.taught_weight}
        return known.get(register, self.corpus_weight)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_tokens", "average_last"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("encoder_rate", "head_rate", "layer_decay", "positive_weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.average_last > self.epochs:
            raise ValueError(f"average_last {self.average_last} is more than the {self.epochs} epochs there are")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"warm_up is a share of all steps in [0, 1), not {self.warm_up}")
