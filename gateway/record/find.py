"""Finds a request in the journals by its id: what the ledger does not have yet, or cannot say."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path

from gateway.record.columns import ATTEMPTS, REQUESTS, attempt_rows, request_row
from gateway.record.journal.entry import Entry
from gateway.record.journal.layout import journals, segment_name, segment_numbers
from gateway.record.journal.tail import START, Position, Tail
from gateway.record.shape import Json, shaped

_REQUEST = tuple([column.name for column in REQUESTS])
_ATTEMPT = tuple([column.name for column in ATTEMPTS])


def find(folder: Path, positions: Mapping[str, Position], request_id: str) -> Json | None:
    """Behind these positions. Raises OSError."""
    wanted = request_id.encode()
    for journal in journals(folder):
        start = positions.get(journal.name, START)
        for number in reversed(segment_numbers(journal)):
            if number >= start.segment and _holds(journal / segment_name(number), wanted):
                entry = _entry(journal, number, request_id)
                if entry is not None:
                    return row_json(entry)
    return None


def row_json(entry: Entry) -> Json:
    """As the ledger will show it."""
    attempts = [dict(zip(_ATTEMPT, row, strict=True)) for row in attempt_rows(entry)]
    return shaped(dict(zip(_REQUEST, request_row(entry), strict=True)), attempts)


def _holds(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as segment:
        return segment.find(wanted) >= 0


def _entry(journal: Path, number: int, request_id: str) -> Entry | None:
    tail = Tail(journal, Position(number))
    try:
        while tail.position.segment == number:
            entries, _ = tail.read(500)
            found = next((entry for entry in entries if entry.record.request_id == request_id), None)
            if found is not None or not entries:
                return found
    finally:
        tail.close()
    return None
