"""`manifest.json`: what a folder of weights is, and the proof that its files are the ones that were measured.

Guarantees: a `Manifest` that was read is complete and consistent, and `read_verified` hands out bytes only
when their sha256 is the manifest's (the same bytes are then parsed, so nothing can change in between).
Refuses: unknown formats, files outside the folder, anything but plain files. It never reaches for the
network.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from models.article import Aggregation
from models.errors import WeightsCorruptError, WeightsMissingError
from models.labels import EVENTS, LABELS, SIGNALS

__all__ = ["FORMAT", "MANIFEST_NAME", "PACKAGED_WEIGHTS", "BaseWeights", "Manifest", "Platt", "Thresholds", "sha256_of"]

MANIFEST_NAME = "manifest.json"
PACKAGED_WEIGHTS = Path(__file__).parent / "weights"
FORMAT = 1
_RESTORE = "restore the folder from the repository or from the installed package, or train anew"

ContextMode = Literal["none", "pair"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Three operating points of one event, as scores in [0, 1]. Recall falls from the second to the third."""

    default: float
    high_recall: float
    high_precision: float

    def __post_init__(self) -> None:
        if not 0.0 < self.high_recall <= self.default <= self.high_precision < 1.0:
            raise ValueError(
                "thresholds must satisfy 0 < high_recall <= default <= high_precision < 1, "
                f"not {self.high_recall}, {self.default}, {self.high_precision}"
            )


@dataclass(frozen=True, slots=True)
class Platt:
    """One label's calibration: score = sigmoid(scale * logit + shift). `scale` > 0, so the order never
    changes.
    """

    scale: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        if not self.scale > 0.0:
            raise ValueError(f"a calibration scale must be above 0, not {self.scale}")


@dataclass(frozen=True, slots=True)
class BaseWeights:
    """The encoder that training started from."""

    name: str
    sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a folder of weights that is not a weight.

    `files` maps each file's name to its sha256 (hex). `max_tokens` bounds a whole input, special tokens
    included; `context_tokens` bounds the headline and the previous sentence, each, when `context` is
    "pair".
    """

    name: str
    version: str
    base: BaseWeights
    licence: str
    files: Mapping[str, str]
    max_tokens: int
    context: ContextMode
    thresholds: Mapping[str, Thresholds]
    labels: tuple[str, ...] = LABELS
    context_tokens: int = 0
    calibration: Mapping[str, Platt] = field(default_factory=dict)
    signal_thresholds: Mapping[str, float] = field(default_factory=dict)
    aggregation: Mapping[str, Aggregation] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format {self.format} is not the format {FORMAT} that this version reads")
        if self.labels != LABELS:
            raise ValueError(f"the labels must be {', '.join(LABELS)}, in that order")
        if set(self.thresholds) != set(EVENTS):
            raise ValueError(f"thresholds are needed for exactly {', '.join(EVENTS)}")
        if unknown := set(self.calibration) - set(LABELS):
            raise ValueError(f"calibration of unknown labels: {', '.join(sorted(unknown))}")
        if unknown := set(self.signal_thresholds) - set(SIGNALS):
            raise ValueError(f"thresholds of unknown signals: {', '.join(sorted(unknown))}")
        if unknown := set(self.aggregation) - set(EVENTS):
            raise ValueError(f"aggregation of unknown events: {', '.join(sorted(unknown))}")
        if wrong := [signal for signal, at in self.signal_thresholds.items() if not 0.0 < at < 1.0]:
            raise ValueError(f"thresholds outside (0, 1): {', '.join(sorted(wrong))}")
        if self.context not in ("none", "pair"):
            raise ValueError(f"context must be 'none' or 'pair', not {self.context!r}")
        if self.context_tokens < 0 or self.max_tokens < self.sentence_tokens + 2 or self.sentence_tokens < 1:
            raise ValueError(f"max_tokens {self.max_tokens} leaves no room for a sentence")
        for name in self.files:
            if PurePosixPath(name).name != name or name in ("", ".", "..", MANIFEST_NAME):
                raise ValueError(f"{name!r} is not the name of a file beside the manifest")

    @property
    def sentence_tokens(self) -> int:
        """Most tokens kept of a sentence: what `max_tokens` leaves beside the reserved context and the
        separators.

        It does not depend on the context that is given, so a sentence is always cut at the same place.
        """
        if self.context == "none":
            return self.max_tokens - 2
        return self.max_tokens - 4 - 2 * self.context_tokens

    def threshold(self, label: str) -> float:
        """The score from which a label holds: an event's default point, a signal's own, 0.5 where none was chosen.

        A signal explains an event, so it is worth reading only where its event holds.
        """
        point = self.thresholds.get(label)
        return point.default if point is not None else self.signal_thresholds.get(label, 0.5)

    @property
    def sha256(self) -> str:
        """The sha256 of the weights proper (the `.safetensors` file): the identity that alerts carry."""
        return next((digest for name, digest in self.files.items() if name.endswith(".safetensors")), "")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read `folder/manifest.json`.

        Raises WeightsMissingError when it is not there, WeightsCorruptError when it can't be understood.
        """
        path = folder / MANIFEST_NAME
        try:
            raw = json.loads(_bytes_of(path))
            return cls(
                name=str(raw["name"]),
                version=str(raw["version"]),
                base=BaseWeights(**raw["base"]),
                licence=str(raw["licence"]),
                files={str(name): str(digest) for name, digest in raw["files"].items()},
                max_tokens=int(raw["max_tokens"]),
                context=raw["context"],
                thresholds={event: Thresholds(**points) for event, points in raw["thresholds"].items()},
                labels=tuple(raw["labels"]),
                context_tokens=int(raw["context_tokens"]),
                calibration={label: Platt(**fit) for label, fit in raw["calibration"].items()},
                signal_thresholds={str(name): float(at) for name, at in raw["signal_thresholds"].items()},
                aggregation={event: Aggregation(**fit) for event, fit in raw.get("aggregation", {}).items()},
                quality=dict(raw["quality"]),
                format=int(raw["format"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsCorruptError(f"{path} can't be understood ({error!r:.200}): {_RESTORE}.") from error

    def write(self, folder: Path) -> Path:
        """Write `folder/manifest.json` (sorted keys, so that equal manifests are equal bytes); return its
        path.
        """
        path = folder / MANIFEST_NAME
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
        return path

    def read_verified(self, folder: Path, name: str) -> bytes:
        """The bytes of one named file, after comparing their sha256.

        Raises WeightsMissingError when the file is not there, WeightsCorruptError when its bytes are
        others, or when the manifest has no sha256 for it (an unlisted file is never read).
        """
        expected = self.files.get(name)
        if expected is None:
            raise WeightsCorruptError(f"{folder / MANIFEST_NAME} has no sha256 for {name}: {_RESTORE}.")
        data = _bytes_of(folder / name)
        if (found := hashlib.sha256(data).hexdigest()) != expected:
            raise WeightsCorruptError(
                f"{folder / name} has sha256 {found[:12]}, the manifest says {expected[:12]}: {_RESTORE}."
            )
        return data

    def verify(self, folder: Path) -> None:
        """Compare every file of the manifest with its sha256; errors as in `read_verified`."""
        for name in self.files:
            self.read_verified(folder, name)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise WeightsMissingError(f"{path} is not there: {_RESTORE}.") from error
    except OSError as error:
        raise WeightsMissingError(f"{path} can't be read ({error.strerror}): {_RESTORE}.") from error
