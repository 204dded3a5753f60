"""Reading FILE or `-`: whatever holds articles, as the record values that a crawler would have put on Kafka.

Understood are a JSON object, a JSON array (one record an element), JSON Lines, and plain text as one article whose
title is a short first line before an empty one. Guarantees: JSON is passed on byte for byte (elements of an array are
written anew); whatever can't be read is one InputError. Refuses to judge JSON records: that is the decoder's work.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streams.errors import InputError

__all__ = ["Record", "name_of", "read"]

_MOST_BYTES = 256 * 1024 * 1024
_TITLE = 200
_BINARY = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"%PDF")
"""First bytes of gzip, zstd, zip and PDF files, some of which hold no NUL."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record value. `line`: its line in JSON Lines, its place (from 1) in an array, else 1."""

    line: int
    value: bytes


def name_of(file: str) -> str:
    """How a sentence calls the input."""
    return "standard input" if file == "-" else file


def read(file: str) -> tuple[Record, ...]:
    """The records in `file` (`-`: standard input), at least one.

    Raises InputError for what is missing, a directory, unreadable, empty, binary, or over 256 MiB.
    """
    data = _bytes(file)
    name = name_of(file)
    if not data.strip():
        raise InputError(f"{name} is empty: give an article as JSON, JSON Lines or plain text")
    if b"\0" in data[:65_536] or data.startswith(_BINARY):
        raise InputError(f"{name} is not text but binary: give an article as JSON, JSON Lines or plain text (UTF-8)")
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    records = _json(data) if start in (b"{", b"[") else (Record(1, _article(_text(data))),)
    if not records:
        raise InputError(f"{name} is an empty list: it holds no article")
    return records


def _bytes(file: str) -> bytes:
    try:
        if file == "-":
            if sys.stdin.isatty():
                sys.stderr.write("reading an article from the terminal; end with Ctrl-D\n")
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {file}") from error
    except IsADirectoryError as error:
        raise InputError(f"{file} is a directory: name a file in it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name can't be used"
        raise InputError(f"{name_of(file)} can't be read: {reason}") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{name_of(file)} is larger than {_MOST_BYTES // 1024 // 1024} MiB: split it")
    return data


def _json(data: bytes) -> tuple[Record, ...]:
    try:
        whole = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return _lines(data)
    if isinstance(whole, list):
        return tuple(Record(number, orjson.dumps(item)) for number, item in enumerate(whole, 1))
    return (Record(1, data),)


def _lines(data: bytes) -> tuple[Record, ...]:
    """JSON Lines if any line is JSON by itself, so that one bad line costs only itself; else one (bad) record."""
    numbered = [(number, line.strip()) for number, line in enumerate(data.split(b"\n"), 1)]
    filled = [(number, line) for number, line in numbered if line]
    if not any(_holds_record(line) for _, line in filled):
        return (Record(1, data),)
    return tuple(Record(number, line) for number, line in filled)


def _holds_record(line: bytes) -> bool:
    value: Any = None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(line)  # the decoder repairs lone surrogates, which only this parser lets through
        except (ValueError, RecursionError):
            return False
    return isinstance(value, (dict, list)) and bool(value)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _article(text: str) -> bytes:
    """The record that a crawler would have made of a text."""
    stripped = text.strip().replace("\r\n", "\n")
    first, gap, rest = stripped.partition("\n\n")
    if gap and "\n" not in first and len(first) <= _TITLE:
        return orjson.dumps({"title": first.strip(), "text": rest.strip()})
    return orjson.dumps({"text": stripped})
