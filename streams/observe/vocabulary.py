"""The closed lists that labels of metrics and fields of records are taken from."""

from models.labels import EVENTS, LABELS

__all__ = [
    "AGREEMENTS",
    "DATES_REFUSED",
    "EVENTS",
    "HOLES",
    "LABELS",
    "LANGUAGES",
    "MESSAGE_TYPES",
    "NOWHERE",
    "OUTCOMES",
    "SANITIZED",
    "SEVERITIES",
    "STAGES",
    "STATUSES",
    "SUPPRESSED",
    "language_label",
]

NOWHERE = "XX"
"""Country of evidence for which no place was found (a user-assigned code of ISO 3166-1)."""
STATUSES = ("Actual", "Exercise", "Test")
"""CAP 1.2 `status`, less those that make no sense for a monitor of media."""
MESSAGE_TYPES = ("Alert", "Update", "Cancel")
"""CAP 1.2 `msgType`."""
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
"""CAP 1.2 `severity`, most severe first."""
OUTCOMES = ("assessed", "no_evidence", "stale", "unsupported_language", "too_short", "rejected", "error")
STAGES = ("parse", "tokenize", "infer", "places", "policy", "publish")
SUPPRESSED = ("duplicate", "cooldown", "stale", "opinion", "ignored", "below_threshold")
AGREEMENTS = ("both", "neither", "first_only", "second_only")
"""Which of two compared models calls a sentence evidence."""
DATES_REFUSED = ("unreadable", "future", "too_old")
"""Why a date of an article is not used (streams.ingest.dates)."""
HOLES = ("refilled", "legitimate")
SANITIZED = ("html", "bidi", "zero_width", "surrogate", "truncated", "other")
LANGUAGES = ("ar", "de", "en", "es", "fa", "fr", "he", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru", "sw",
             "tr", "uk", "vi", "zh", "other")  # fmt: skip


def language_label(code: str) -> str:
    """`code` if it is a label of its own, else `other`."""
    return code if code in LANGUAGES else "other"
