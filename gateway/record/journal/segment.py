"""One segment as its worker writes it: room reserved beforehand, mapped, so that a record costs no system call."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.record.journal.encode import Words
from gateway.record.journal.layout import (
    ACCEPTED_AT,
    DROPPED_AT,
    FRAME,
    HEADER_BYTES,
    frame,
    pack_header,
    segment_name,
)


class Segment:
    """Open for appending."""

    def __init__(self, journal: Path, number: int, size: int):
        """Raises OSError where there is no room: nothing of it stays then."""
        self.number = number
        self.words = Words()
        self._path = journal / segment_name(number)
        unnamed = self._path.with_suffix(".new")
        self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # Reserved, not sparse: a page that finds no room when it is written would end the process.
            os.posix_fallocate(self._file, 0, size)
            self._map = mmap.mmap(self._file, size)
        except OSError:
            os.close(self._file)
            os.unlink(unnamed)
            raise
        self._unnamed = unnamed
        self._size = size
        self._end = HEADER_BYTES
        self._counts = memoryview(self._map)[ACCEPTED_AT : DROPPED_AT + 8].cast("Q")

    def begin(self, *, dropped: int) -> None:
        """Gives it its name: from here on readers see it."""
        self._map[:HEADER_BYTES] = pack_header(self._path.parent.name, self.number, time.time(), dropped=dropped)
        os.rename(self._unnamed, self._path)

    def append(self, payloads: Sequence[bytes]) -> bool:
        """All of them or none; False if they do not fit. The count is written last, so a crash leaves whole records."""
        end = self._end + sum(map(len, payloads)) + FRAME.size * len(payloads)
        if end > self._size:
            return False
        written = frame(payloads[0]) if len(payloads) == 1 else b"".join(map(frame, payloads))
        self._map[self._end : end] = written
        self._end = end
        self._counts[0] += len(payloads)
        return True

    @property
    def accepted(self) -> int:
        """Frames."""
        return self._counts[0]

    def tell_dropped(self, count: int) -> None:
        """How many records the journal has dropped so far."""
        self._counts[1] = count

    def sync(self) -> None:
        """To the disk. Not by `mmap.flush`, which would hold the interpreter meanwhile. Raises OSError."""
        os.fdatasync(self._file)

    def close(self) -> None:
        """Gives back the room that is not used, and removes a segment that never began."""
        self._counts.release()
        self._map.close()
        try:
            if self._path.exists():
                os.ftruncate(self._file, self._end)
            else:
                self._unnamed.unlink(missing_ok=True)
        finally:
            os.close(self._file)
