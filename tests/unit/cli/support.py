"""What the tests of commands share: running one in this process, a classifier that reads words, and an alert."""

import contextlib
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from models.labels import LABELS
from models.manifest import Thresholds
from streams.alert.record import Alert, AlertArea, AlertArticle, AlertEvidence, AlertInput, Corroboration
from streams.cli.main import run

HOSTILE = "\x1b[31mRED\x1b[0m [bold]loud[/bold] [link=https://evil.example]x[/link]\r\nFAKE: line\x07\u202e"


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def command(*arguments: str, stdin: bytes = b"") -> Done:
    """Run `tocsin` in this process."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
    finally:
        sys.stdin = before
    return Done(code, out.getvalue(), err.getvalue())


class WordClassifier:
    """Scores by words, as an ideal classifier would: `leave` is evacuation, `shelled` escalation."""

    labels = LABELS
    manifest = SimpleNamespace(
        name="words",
        version="1",
        sha256="0" * 64,
        thresholds={event: Thresholds(0.5, 0.3, 0.9) for event in ("escalation", "evacuation")},
        aggregation={},
    )

    def __init__(self) -> None:
        self.calls: list[int] = []

    def token_lengths(self, texts: Sequence[str], contexts: object = None) -> Any:
        return np.asarray([len(text.split()) + 2 for text in texts])

    def scores(self, texts: Sequence[str], contexts: Sequence[Any] | None = None) -> Any:
        assert contexts is None or len(contexts) == len(texts)
        self.calls.append(len(texts))
        found = np.full((len(texts), len(LABELS)), 0.02, dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            words = text.lower().replace(".", " ").split()
            for word, score in (("leave", 0.95), ("possibly", 0.6)):
                if word in words:
                    row[LABELS.index("evacuation")] = score
                    row[LABELS.index("leave_now")] = score - 0.05
            if "shelled" in words:
                row[LABELS.index("escalation")] = 0.97
                row[LABELS.index("armed_action")] = 0.9
        return found


def make_alert(**more: Any) -> Alert:
    """A complete alert."""
    values: dict[str, Any] = {
        "schema_version": "1.0",
        "incident_id": "a" * 16,
        "alert_id": "b" * 32,
        "dedup_key": "TD|evacuation|" + "a" * 16,
        "msg_type": "Alert",
        "status": "Exercise",
        "references": (),
        "sequence": 0,
        "sent": "2026-11-20T18:02:11+00:00",
        "expires": "2026-11-21T18:02:11+00:00",
        "first_seen": "2026-11-20T18:02:11+00:00",
        "scope": "Restricted",
        "sender": "tocsin@test",
        "policy_version": "1",
        "event": "evacuation",
        "country": "TD",
        "category": ("Security", "Safety"),
        "response_type": ("Evacuate",),
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Possible",
        "scores": {"evacuation": 0.97},
        "threshold": 0.75,
        "calibrated": True,
        "headline": "Evacuation in Chad: citizens told to leave now",
        "summary": "The embassy told its citizens to leave now.",
        "reasons": ("citizens told to leave now", "one report"),
        "evidence": (
            AlertEvidence(
                "c" * 32, "body", 0, 43, "The embassy told its citizens to leave now.", "evacuation", 0.97, ()
            ),
        ),
        "article": AlertArticle("c" * 32, None, "Leave Chad", None, "a.example", "en", None, None, None),
        "areas": (AlertArea("Chad", "TD", None, "gazetteer", 0.9),),
        "corroboration": Corroboration(1, 1, 1, ("a.example",)),
        "model": {"name": "words", "version": "1", "sha256": "0" * 64},
        "app_version": "0.1.0",
        "inputs": (AlertInput("c" * 32, "articles", 0, 7, 1_795_000_000_000),),
        "latency_ms": 340,
    }
    return Alert(**{**values, **more})
