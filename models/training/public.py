"""Public labelled sets, used by path: none of their text lives in the project.

Guarantees: a row that may train is never measured. Two sets may train, on their even line numbers
(1-based); their odd line numbers, and every line of all others, are for measuring only.
Refuses files whose rows have another shape.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.labels import EVENTS
from models.training.data import CorpusError, Example, read_json_lines, targets_of

__all__ = ["MAY_TRAIN", "measuring_rows", "public_sets", "training_rows"]

# Stems of the files whose licence and purpose allow training on half of them.
MAY_TRAIN: Final = ("disaster_response_news_neg", "travel_advisory_sents")


def public_sets(folder: Path) -> list[Path]:
    """The `*.jsonl` files of a folder, by name. Raises CorpusError when there are none."""
    found = sorted(folder.glob("*.jsonl"))
    if not found:
        raise CorpusError(f"{folder} holds no *.jsonl file.")
    return found


def training_rows(paths: Sequence[Path]) -> list[Example]:
    """Even lines of the sets in MAY_TRAIN; nothing of any other set. Labels that a set does not know are
    NaN.
    """
    return [
        example
        for path in paths
        if path.stem in MAY_TRAIN
        for number, example in _rows(path, "train")
        if number % 2 == 0
    ]


def measuring_rows(path: Path) -> list[Example]:
    """The rows of one set that never train: all, or the odd lines of a set in MAY_TRAIN."""
    return [example for number, example in _rows(path, "test") if path.stem not in MAY_TRAIN or number % 2 == 1]


def _rows(path: Path, split: str) -> list[tuple[int, Example]]:
    rows: list[tuple[int, Example]] = []
    for number, row in read_json_lines(path):
        text = row.get("text")
        events: dict[str, int | None] = {event: row.get(event) for event in EVENTS}
        if not isinstance(text, str) or any(answer not in (0, 1, None) for answer in events.values()):
            raise CorpusError(f"{path}, line {number}: needs a text, and 0, 1 or null for each event.")
        name = f"{path.stem}-{number}"
        example = Example(
            id=name,
            text=text,
            context=(None, None),
            # These sets say nothing about signals, unless the event is denied.
            targets=targets_of(events, None),
            group=name,
            split=split,
            trap=str(row.get("source", "")).rsplit(":", 1)[-1],
            register="public",
            source=path.stem,
        )
        rows.append((number, example))
    return rows
