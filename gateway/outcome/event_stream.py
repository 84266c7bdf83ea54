"""Server-sent events as bytes: where one ends, what its lines say. Lines may end in LF, CRLF or CR alone. Pure."""

from __future__ import annotations

import re

_END = re.compile(rb"\n\r?\n|\r\r")
_ERROR_NAMES = frozenset({b"error", b"exception"})  # of events whose data tells an error, whatever it looks like
LONGEST_END = len(b"\r\n\r\n")


def last_end(chunk: bytes | bytearray, start: int) -> int:
    """Where the last whole event of `chunk` ends that does not end before `start`; 0 if none does."""
    if chunk.find(b"\r", start) == -1:
        newline = chunk.rfind(b"\n\n", start)
        return newline + 2 if newline != -1 else 0
    end = 0
    for found in _END.finditer(chunk, start):
        end = found.end()
    return end


def next_end(events: bytes, start: int) -> int:
    """Where the event that begins at `start` ends; `events` holds whole events only."""
    found = _END.search(events, start)
    return found.end() if found else len(events)


def data_of(events: bytes, start: int, end: int) -> tuple[bytes | None, bool]:
    """The data of one event, None for one without, and whether the event says that it is an error."""
    if events.startswith(b"data: ", start) and events.find(b"\n", start, end) >= end - 3:
        line = events[start + 6 : end].rstrip()
        if b"\r" not in line:
            return line, False
    data: list[bytes] = []
    error = False
    for line in events[start:end].splitlines():
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.strip())
        elif name == b"event":
            error = error or value.strip().lower() in _ERROR_NAMES
        elif name == b"error" and value:  # llama.cpp's old servers
            data.append(value.strip())
            error = True
    return (b"\n".join(data) if data else None), error


def is_stray(events: bytes, start: int, end: int) -> bool:
    """A block of lines that are neither fields of an event nor comments: a page of HTML, say."""
    lines = [line for line in events[start:end].splitlines() if line.strip()]
    return bool(lines) and not any(line.partition(b":")[0] in _FIELDS for line in lines)


_FIELDS = frozenset({b"", b"data", b"event", b"id", b"retry", b"error"})
