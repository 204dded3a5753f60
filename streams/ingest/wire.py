"""From the bytes of a record to the text in them: sizes, compression, byte order and character sets.

Guarantees: never more than `limits.record_bytes` bytes are made from a record, whatever it claims to be; every
guess is named in `Wire.repairs`. Refuses (a `Rejected` value, never an exception): nothing to read, too much to
read, compressed data that does not unpack.
"""

import zlib
from dataclasses import dataclass

from streams.ingest.article import Limits, Rejected
from streams.ingest.repairs import Repair

__all__ = ["Wire", "to_text"]

_CONFLUENT_PREFIX = 5
"""A zero byte and a schema id of four bytes (Confluent wire format)."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_MEMBERS = 16
"""Members of one gzip value that are read: each costs a copy of what follows it."""
_BOM8 = b"\xef\xbb\xbf"
_BOM16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Wire:
    """The text of a record, not empty and not only white space, and what was mended to get it."""

    text: str
    repairs: frozenset[Repair]


def to_text(value: bytes | None, limits: Limits) -> Wire | Rejected:
    """Unpack and decode `value`. Pure; linear in `limits.record_bytes`."""
    if value is None or not value:
        return Rejected("empty", "the record has no value")
    if len(value) > limits.record_bytes:
        return Rejected("oversized", f"{len(value)} bytes, more than {limits.record_bytes}")
    repairs: set[Repair] = set()
    data = value
    # ORDER: a registry client puts its prefix before anything else, also before compressed data.
    if data[0] == 0 and (data[5:6] in (b"{", b"[", b'"') or data[5:7] == _GZIP_MAGIC):
        data = data[_CONFLUENT_PREFIX:]
        repairs.add("wire_prefix")
    if data.startswith(_GZIP_MAGIC):
        unpacked = _gunzip(data, limits.record_bytes)
        if isinstance(unpacked, Rejected):
            return unpacked
        data = unpacked
        repairs.add("gzip")
    text = _decode(data, repairs)
    if not text or text.isspace():
        return Rejected("empty", "the record holds only white space")
    return Wire(text, frozenset(repairs))


def _gunzip(data: bytes, most: int) -> bytes | Rejected:
    parts: list[bytes] = []
    left = most
    for _ in range(_GZIP_MEMBERS):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            part = unpacker.decompress(data, left + 1)
        except zlib.error:
            return Rejected("undecodable", "looks like gzip but does not unpack")
        if len(part) > left:
            return Rejected("oversized", f"more than {most} bytes once unpacked")
        if not unpacker.eof:
            return Rejected("undecodable", "gzip data is cut off")
        parts.append(part)
        left -= len(part)
        data = unpacker.unused_data
        if not data.startswith(_GZIP_MAGIC):
            return b"".join(parts)
    return Rejected("undecodable", f"more than {_GZIP_MEMBERS} gzip members in one value")


def _decode(data: bytes, repairs: set[Repair]) -> str:
    if data.startswith(_BOM8):
        repairs.add("bom")
        data = data[len(_BOM8) :]
    elif data.startswith(_BOM16):
        repairs.add("utf16")
        return data.decode("utf-16", "replace")
    elif data[1:2] == b"\0" and data[:1] in (b"{", b"[", b'"'):
        repairs.add("utf16")
        return data.decode("utf-16-le", "replace")
    elif data[:1] == b"\0" and data[1:2] in (b"{", b"[", b'"'):
        repairs.add("utf16")
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    # WHY: one bad byte in a UTF-8 text (a cut, a bad splice) must not turn every other accent to mojibake.
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("�")
    sound = sum(1 for _ in filter(lambda letter: letter > "\x7f", replaced)) - bad
    if sound > bad:
        repairs.add("bad_utf8")
        return replaced
    repairs.add("latin1")
    return data.decode("latin-1")
