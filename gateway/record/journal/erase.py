"""Erases a key from the journals: what ties its records to its owner is blanked where it stands, their money stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from gateway.record.journal.encode import RECORD
from gateway.record.journal.layout import FOLDER, FRAME, HEADER_BYTES, Unreadable, journals, read_header
from gateway.record.journal.record import Decided, Record
from gateway.signals.table import personal_signals

_FIELDS = {name: place + 1 for place, name in enumerate(Record.__struct_fields__)}  # behind the tag
_DECIDED = {name: place for place, name in enumerate(Decided.__struct_fields__)}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def erase_key(state_dir: Path, key_id: str) -> int:
    """How many records held the key. A reader that has just read one may still write it. Raises OSError."""
    return sum(
        _erase(path, key_id) for journal in journals(state_dir / FOLDER) for path in sorted(journal.glob("*.segment"))
    )


def _erase(path: Path, key_id: str) -> int:
    count = 0
    with path.open("r+b") as file:
        for offset, payload in _frames(file.read()):
            if key_id.encode() not in payload:
                continue
            record = _decode(payload)
            if record[0] != RECORD or record[_FIELDS["key_id"]] != key_id:
                continue
            blanked = _encode(_blanked(record))
            assert len(blanked) == len(payload)
            os.pwrite(file.fileno(), FRAME.pack(len(blanked), crc32(blanked)) + blanked, offset)
            count += 1
        os.fsync(file.fileno())
    return count


def _frames(segment: bytes) -> Iterator[tuple[int, bytes]]:
    """Where each begins, and its payload; up to the first that is not whole."""
    try:
        accepted, offset = read_header(segment).accepted, HEADER_BYTES
    except Unreadable:
        return
    for _ in range(accepted):
        if offset + FRAME.size > len(segment):
            return
        length, checksum = FRAME.unpack_from(segment, offset)
        payload = segment[offset + FRAME.size : offset + FRAME.size + length]
        if crc32(payload) != checksum:
            return
        yield offset, payload
        offset += FRAME.size + length


def _blanked(record: list[Any]) -> list[Any]:
    for name in ("key_id", "client_request_id"):
        record[_FIELDS[name]] = _blank(record[_FIELDS[name]])
    decided = record[_FIELDS["decided"]]
    if decided is not None:
        signals = decided[_DECIDED["signals"]]
        signals.update({name: _blank(signals[name]) for name in personal_signals() if name in signals})
        decided[_DECIDED["topic"]] = _blank(decided[_DECIDED["topic"]])
    return record


def _blank(value: Any) -> Any:
    """As long as it was: other records stand behind it."""
    if isinstance(value, list):
        return [_blank(each) for each in value]
    return " " * len(value.encode()) if isinstance(value, str) else value
