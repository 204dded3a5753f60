"""The written corpus: reading it, and refusing it when it breaks its own rules.

Guarantees about what `read_corpus` returns: every row has the schema below; ids are unique; no text appears
twice; a group is inside one split; signals agree with the events they belong to.
Refuses a corpus with any fault, listing all of them (up to MAX_FAULTS), because a half-read corpus trains a
wrong model silently.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.encoding import Context
from models.errors import ModelError
from models.labels import EVENT_OF_SIGNAL, EVENTS, LABELS, SIGNALS, SIGNALS_OF_EVENT

__all__ = [
    "CORPUS",
    "MAX_FAULTS",
    "SPLITS",
    "CorpusError",
    "Example",
    "answers_of",
    "read_corpus",
    "read_json_lines",
    "targets_of",
]

CORPUS: Final = Path(__file__).parent / "corpus"
SPLITS: Final = ("train", "dev", "test")
MAX_FAULTS: Final = 20
UNKNOWN: Final = math.nan


class CorpusError(ModelError):
    """A file of labelled sentences breaks the rules that training relies on."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled sentence. `targets` has one value a label, in the order of LABELS: 0, 1, or NaN for
    unknown. `mass` is how many sentences of the news it stands for, where it was drawn by a known chance.
    """

    id: str
    text: str
    context: Context
    targets: tuple[float, ...]
    group: str
    split: str
    trap: str = ""
    register: str = ""
    source: str = "corpus"
    decade: str = ""
    mass: float = 1.0

    def target(self, label: str) -> float:
        """The answer to one label: 0.0, 1.0, or NaN."""
        return self.targets[LABELS.index(label)]


def targets_of(events: dict[str, int | None], signals: Sequence[str] | None) -> tuple[float, ...]:
    """Targets in the order of LABELS. `None` is unknown; `signals=None` means that nobody looked for signals.

    A signal of a denied event is 0 whether or not anybody looked; of an unknown event it is unknown.
    """
    values: dict[str, float] = {}
    for event in EVENTS:
        answer = events.get(event)
        values[event] = UNKNOWN if answer is None else float(answer)
        for signal in SIGNALS_OF_EVENT[event]:
            if answer == 0:
                values[signal] = 0.0
            elif answer is None or signals is None:
                values[signal] = UNKNOWN
            else:
                values[signal] = float(signal in signals)
    return tuple(values[label] for label in LABELS)


def answers_of(row: Mapping[str, Any]) -> tuple[float, ...]:
    """Targets of a row's `escalation`, `evacuation` and `signals`. Raises ValueError, KeyError if faulty."""
    events: dict[str, int | None] = {event: row[event] for event in EVENTS}
    signals = row["signals"]
    for event, answer in events.items():
        if answer is not None and (answer not in (0, 1) or isinstance(answer, bool)):
            raise ValueError(f"{event} must be 0, 1 or null")
    if not isinstance(signals, list) or len(set(signals)) != len(signals) or not set(signals) <= set(SIGNALS):
        raise ValueError(f"signals must be a list of distinct names among {', '.join(SIGNALS)}")
    for signal in signals:
        if events[EVENT_OF_SIGNAL[signal]] != 1:
            raise ValueError(f"signal {signal} where {EVENT_OF_SIGNAL[signal]} is not 1")
    for event, answer in events.items():
        if answer == 1 and not set(signals) & set(SIGNALS_OF_EVENT[event]):
            raise ValueError(f"{event} is 1 but no signal says why")
    return targets_of(events, signals)


def read_json_lines(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) of a JSON Lines file; blank lines are counted and skipped. Raises
    CorpusError.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} can't be read: {error}.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{path}, line {number}, is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise CorpusError(f"{path}, line {number}, is not a JSON object.")
        yield number, row


def read_corpus(paths: Iterable[Path] | None = None) -> list[Example]:
    """All rows of the shards (default: every `*.jsonl` of the packaged corpus, by name). Raises
    CorpusError.
    """
    shards = sorted(CORPUS.glob("*.jsonl")) if paths is None else list(paths)
    if not shards:
        raise CorpusError(f"no corpus: {CORPUS} holds no *.jsonl file.")
    faults: list[str] = []
    examples: list[Example] = []
    seen_ids: dict[str, str] = {}
    seen_texts: dict[str, str] = {}
    split_of_group: dict[str, str] = {}
    for shard in shards:
        for number, row in read_json_lines(shard):
            where = f"{shard.name}:{number}"
            try:
                example = _example(row, shard.stem)
            except (KeyError, TypeError, ValueError) as error:
                faults.append(f"{where}: {error}")
                continue
            # A text may come back under another context: short sentences live by it.
            key = " ".join(example.text.lower().split()) + "\n" + repr(example.context)
            if (other := seen_ids.setdefault(example.id, where)) != where:
                faults.append(f"{where}: id {example.id} is also at {other}")
            if (other := seen_texts.setdefault(key, where)) != where:
                faults.append(f"{where}: the same text is at {other}")
            if (split := split_of_group.setdefault(example.group, example.split)) != example.split:
                faults.append(f"{where}: group {example.group} is in {split} and in {example.split}")
            examples.append(example)
    if faults:
        more = f" (and {len(faults) - MAX_FAULTS} more)" if len(faults) > MAX_FAULTS else ""
        raise CorpusError("the corpus breaks its rules: " + "; ".join(faults[:MAX_FAULTS]) + more + ".")
    return examples


def _example(row: dict[str, Any], shard: str) -> Example:
    text, context = row["text"], row["context"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError("text must be a string with letters in it")
    if not isinstance(context, list) or len(context) != 2:
        raise ValueError("context must be [headline or null, previous sentence or null]")
    if any(part is not None and not isinstance(part, str) for part in context):
        raise ValueError("each part of the context must be a string or null")
    targets = answers_of(row)
    if row["split"] not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}")
    if not isinstance(row["id"], str) or not isinstance(row["group"], str):
        raise ValueError("id and group must be strings")
    return Example(
        id=row["id"],
        text=text,
        context=(context[0] or None, context[1] or None),
        targets=targets,
        group=row["group"],
        split=row["split"],
        trap=str(row.get("trap", "")),
        register=str(row.get("register", "")),
        source=shard,
    )
