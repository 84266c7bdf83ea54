"""Follows the audit's file for pages: each look reads what is new of it, so that nobody's page reads all of it again.

`gateway audit verify` reads the whole, always. A walk begins again where the file is another one, is shorter or was
written in place, and every hour, so that an old row that was changed meanwhile shows too.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from threading import Lock
from time import monotonic

from gateway.processes import audit
from gateway.processes.audit import Row

LOOK_BYTES = 4 << 20  # of one look; a row is longer only if it says so much
AGAIN_S = 3_600.0


class Walk:
    """One a control process; may be asked by several threads."""

    def __init__(self, state_dir: Path, keep: Collection[str] = ()):
        """`keep`: actions whose rows are remembered."""
        self.bytes_read = 0
        self._path = state_dir / audit.NAME
        self._keep = frozenset(keep)
        self._lock = Lock()
        self._earlier: list[str] = []  # what the walk before this one has found
        self._seen = (0, 0)  # of the file at the last look: inode, time of change
        self._begin()

    def look(self) -> list[str]:
        """What is wrong with the record, as far as it was read; reads LOOK_BYTES on. Raises OSError."""
        with self._lock:
            self._follow(whole=False)
            return [*self._found, *(wrong for wrong in self._earlier if wrong not in self._found)]

    def kept(self) -> list[Row]:
        """The rows of the wanted actions, oldest first; reads on to the end. Raises OSError."""
        with self._lock:
            self._follow(whole=True)
            return list(self._rows)

    def _begin(self) -> None:
        self._read_to, self._line, self._began = 0, 0, monotonic()
        self._previous: Row | None = None
        self._last = b""  # the last line that was read
        self._found: list[str] = []
        self._rows: list[Row] = []

    def _follow(self, *, whole: bool) -> None:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self._begin()
            return
        with file:
            stat = os.fstat(file.fileno())
            if self._is_another(stat, os.pread(file.fileno(), len(self._last), self._read_to - len(self._last))):
                self._earlier = []
                self._begin()
            elif self._read_to >= stat.st_size and monotonic() - self._began > AGAIN_S:
                self._earlier = self._found
                self._begin()
            self._seen = stat.st_ino, stat.st_mtime_ns
            self._read(file.fileno(), stat.st_size, whole=whole)
            if self._read_to >= stat.st_size:
                self._earlier = []

    def _read(self, file: int, size: int, *, whole: bool) -> None:
        """Whole lines; one that is still being written is left for the next look."""
        while self._read_to < size:
            chunk = os.pread(file, min(LOOK_BYTES, size - self._read_to), self._read_to)
            lines = chunk[: chunk.rfind(b"\n") + 1]
            if not lines and self._read_to + len(chunk) >= size:
                break
            lines = lines or chunk + _rest_of_line(file, self._read_to + len(chunk))
            self.bytes_read += len(lines)
            self._take(lines)
            if not whole:
                break

    def _is_another(self, stat: os.stat_result, last: bytes) -> bool:
        inode, changed = self._seen
        if not self._read_to:
            return False
        rewritten = stat.st_size == self._read_to and stat.st_mtime_ns != changed
        return stat.st_ino != inode or stat.st_size < self._read_to or rewritten or last != self._last

    def _take(self, text: bytes) -> None:
        for line in text.splitlines():
            self._line += 1
            if not line.strip():
                continue
            row = audit.read_line(line)
            if row is None:
                self._found.append(f"line {self._line} cannot be read")
                continue
            self._found += [f"line {self._line}: {wrong}" for wrong in audit.wrong(row, self._previous)]
            self._previous = row
            if row["action"] in self._keep:
                self._rows.append(row)
        self._read_to += len(text)
        self._last = text[text.rfind(b"\n", 0, len(text) - 1) + 1 :][-4096:]


def _rest_of_line(file: int, at: int) -> bytes:
    """The rest of a line that is longer than a look."""
    found = b""
    while chunk := os.pread(file, LOOK_BYTES, at + len(found)):
        end = chunk.find(b"\n") + 1
        found += chunk[:end] if end else chunk
        if end:
            break
    return found
