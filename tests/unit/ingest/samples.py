"""Real records of crawlers, by tool and case, and what tests of the decoder share."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.ingest.article import Article
from streams.ingest.decode import read

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)
SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "fixtures" / "crawler_samples.jsonl").read_text("utf-8").splitlines()
]
CANONICAL = "https://example.com/world/2026/11/20/embassy-evacuation"
TITLE = "Embassy orders evacuation as shelling intensifies"


def one(record: object) -> Article:
    decoded = read(json.dumps(record).encode(), received=RECEIVED)
    assert decoded.rejected == ()
    (article,) = decoded.articles
    return article


def sample(tool: str, case: str) -> dict[str, Any]:
    (found,) = [line["record"] for line in SAMPLES if (line["tool"], line["case"]) == (tool, case)]
    return dict(found)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
