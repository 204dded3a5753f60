"""Inputs to begin with: real crawler records, poison, and the bytes that our own stages write."""

import base64
import json
from pathlib import Path

from streams.alert import incident, progress
from streams.alert.clock import Clock
from streams.alert.policy import decide
from streams.alert.progress import Progress
from streams.alert.rules import load
from streams.assess.record import Tick, encode
from tests.unit.alert.builders import assessment

__all__ = ["seeds"]

_FIXTURES = Path(__file__).parents[1] / "fixtures"


def seeds(target: str) -> list[bytes]:
    """Of one target, at most 64 KiB each."""
    if target == "policy":
        decision = decide(None, assessment(), "evacuation", load(), partition=0)
        assert decision.incident is not None
        tick = Tick("1", "tick", "articles", 0, 1)
        own = [encode(assessment(escalation=0.9)), encode(tick), incident.encode(decision.incident)]
        return [*own, progress.encode(Progress().after(0, 0, Clock().after(tick)))]
    lines = (_FIXTURES / "poison_messages.jsonl").read_text("utf-8").splitlines()
    poison = [base64.b64decode(json.loads(line)["value_b64"]) for line in lines]
    records = [json.loads(line) for line in (_FIXTURES / "crawler_samples.jsonl").read_text("utf-8").splitlines()]
    found = [json.dumps(record.get("value", record)).encode() for record in records]
    if target != "decoder":
        story = json.loads((_FIXTURES / "founding_story.json").read_text("utf-8"))
        found = [story["text"].encode(), "<p>Côte d’Ivoire</p> &amp;amp; Kyiv, U.S.".encode(), *found[:20]]
    return [value for value in (*found, *poison) if len(value) <= 65_536]
