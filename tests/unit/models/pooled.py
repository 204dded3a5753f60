"""A pool of a few articles, and labels that fit it."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.training.pool import PoolArticle

FILES = ("articles_en.jsonl.gz", "evacuation_words_en.jsonl.gz")
FIRST, SECOND, THIRD = (
    "Shells fell on the port of Sarwan before dawn.",
    "Residents were told to leave at once 🛟.",
    "The museum stays open.",
)
TITLE, BODY = "Port under fire", f"{FIRST} {SECOND}\n{THIRD}"
WIRE = PoolArticle("wire-1", TITLE, BODY, "Wire feeds", "1987")


def raw(name: str, **changes: object) -> dict[str, Any]:
    """A row of a pool file."""
    return {"id": name, "title": TITLE, "body": BODY, "published": "1987-03-01", "source": "Wire feeds (x/y)"} | changes


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    """JSON Lines, gzipped where the name says so."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_pool(folder: Path, rows: Sequence[object], others: Sequence[object] = ()) -> Path:
    for name, part in zip(FILES, (rows, others), strict=True):
        write_lines(folder / name, part)
    return folder


def label(text: str, before: str | None = None, *, of: PoolArticle = WIRE, **changes: object) -> dict[str, Any]:
    """A row that says of `text`, in the article `of`, that nothing happens, unless `changes` say otherwise."""
    field = "title" if of.title == text else "body"
    start = getattr(of, field).index(text)
    begin = of.body.index(before) if before else 0
    return {
        "article": of.id,
        "field": field,
        "start": start,
        "end": start + len(text),
        "before": [begin, begin + len(before)] if before else None,
        "sha1": hashlib.sha1(text.encode()).hexdigest(),
        "escalation": 0,
        "evacuation": 0,
        "signals": [],
        "part": "random",
        "split": "train",
    } | changes
