"""What a training run may be told. The defaults are the last of the two runs whose mean the packaged weights are."""

from dataclasses import dataclass, field
from pathlib import Path

from models.manifest import ContextMode
from models.training.augment import Augmentation

__all__ = ["TrainOptions"]


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """One run of `train`.

    `out` is the folder to write. `corpus` names shards (None: the packaged ones). `public` names public
    sets, of which only the rows that may train are taken, at most `public_rows` of them by chance (None:
    all). `base` is a folder (None: the packaged base). `threads` is torch's number (None: torch's own
    choice); the same seed on another number of threads may give other last bits. `max_steps` ends a run
    early (for tests and trials).
    """

    out: Path
    name: str = "tocsin-minilm"
    version: str = "1"
    corpus: tuple[Path, ...] | None = None
    public: tuple[Path, ...] = ()
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
    public_weight: float = 0.5
    public_rows: int | None = 350
    average_last: int = 3
    augmentation: Augmentation = field(default_factory=Augmentation)
    bfloat16: bool = True
    threads: int | None = None
    max_steps: int | None = None

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
