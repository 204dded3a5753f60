"""The closed list of what ingest may mend in a record, each with a name that a metric or a person can use.

Guarantees: `Article.repairs` holds only these names. Refuses nothing: it is a vocabulary.
"""

from typing import Literal, get_args

__all__ = ["REPAIRS", "Repair"]

Repair = Literal[
    # of the record's bytes and JSON
    "wire_prefix",
    "gzip",
    "bom",
    "utf16",
    "latin1",
    "bad_utf8",
    "double_encoded",
    "nonfinite",
    "big_number",
    "raw_control",
    "envelope",
    "base64",
    # of a text
    "html",
    "entities",
    "mojibake",
    "surrogate",
    "control",
    "bidi",
    "zero_width",
    "stacked_marks",
    "null_string",
    "number_as_text",
    "truncated",
    "unwrapped",
    # of a crawler's habits
    "title_repeated",
    "publisher_tail",
    "spaced_punctuation",
    "boilerplate",
]

REPAIRS: frozenset[str] = frozenset(get_args(Repair))
