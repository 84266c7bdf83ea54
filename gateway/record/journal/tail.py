"""One journal as a reader follows it, from segment to segment."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import msgspec

from gateway.record.journal.entry import Entry, resolved
from gateway.record.journal.layout import (
    FRAME,
    HEADER_BYTES,
    UnknownFormat,
    Unreadable,
    header_of,
    is_alive,
    read_header,
    segment_name,
    segment_numbers,
)
from gateway.record.journal.record import Record, Ref, decode

CHUNK_BYTES = 1 << 18
MOST_FRAME_BYTES = 16 << 20
MOST_SHARED = 4_000  # records
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a journal was read."""

    segment: int = 0  # 0: none was begun
    frames: int = 0  # of that segment
    offset: int = HEADER_BYTES  # where the next one begins


START = Position()


class Shared:
    """What another reader of this process has decoded already, of the newest few thousand records.

    By place, with the frame's length and checksum: a record that was rewritten since is decoded anew.
    """

    def __init__(self, most: int = MOST_SHARED):
        self._most = most
        self._new: dict[tuple[str, int, int], tuple[int, int, Entry]] = {}
        self._old = self._new

    def get(self, place: tuple[str, int, int], length: int, checksum: int) -> Entry | None:
        kept = self._new.get(place) or self._old.get(place)
        return kept[2] if kept is not None and kept[:2] == (length, checksum) else None

    def put(self, place: tuple[str, int, int], length: int, checksum: int, entry: Entry) -> None:
        if len(self._new) >= self._most // 2:
            self._old, self._new = self._new, {}
        self._new[place] = length, checksum, entry


class _Damaged(Exception):
    """The next frame is not whole."""


class Tail:
    """`position` is behind what `read` has handed out."""

    def __init__(self, journal: Path, position: Position, shared: Shared | None = None):
        self.dropped = 0  # records that the journal had no room for, as its newest header said
        self.finished = False  # its worker is gone and everything is read
        self._journal = journal
        self._shared = shared
        self._segment, self._frames, self._offset = position.segment, position.frames, position.offset
        self._file = -1
        self._words: dict[Ref, object] = {}
        self._chunk = b""
        self._chunk_at = 0  # where it begins in the segment
        self._complained = ""

    @property
    def position(self) -> Position:
        return Position(self._segment, self._frames, self._offset)

    def read(self, most: int) -> tuple[list[Entry], int]:
        """At most so many records, and how many were accepted that cannot be read. Raises OSError."""
        entries: list[Entry] = []
        lost = 0
        while len(entries) < most and self._open():
            over = self._is_over()  # before the count is read: nothing comes after that
            try:
                accepted = self._accepted()
                lost += self._take(entries, most, accepted, over=over)
            except UnknownFormat as wrong:
                self._complain(str(wrong))
                break
            if self._frames < accepted or not over or not self._move_on():
                break
        return entries, lost

    def behind(self) -> int:
        """How many frames wait. Raises OSError."""
        waiting = 0
        for number in segment_numbers(self._journal):
            if number >= self._segment:
                with suppress(Unreadable, FileNotFoundError):
                    accepted = header_of(self._journal / segment_name(number)).accepted
                    waiting += accepted - (self._frames if number == self._segment else 0)
        return waiting

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> bool:
        """True if a segment is open; the one of the position, or the first behind it."""
        if self._file >= 0:
            return True
        numbers = [number for number in segment_numbers(self._journal) if number >= self._segment]
        if not numbers:
            self.finished = not is_alive(self._journal)
            return False
        if numbers[0] != self._segment:
            self._begin(numbers[0])
        self._file = os.open(self._journal / segment_name(self._segment), os.O_RDONLY | os.O_CLOEXEC)
        self._words, self._chunk, self._chunk_at = {}, b"", 0
        if self._frames:
            self._learn_words()
        return True

    def _begin(self, number: int) -> None:
        self.close()
        self._segment, self._frames, self._offset = number, 0, HEADER_BYTES

    def _learn_words(self) -> None:
        """Those told before the position."""
        target = self.position
        self._frames, self._offset = 0, HEADER_BYTES
        try:
            while self._frames < target.frames:
                self._next()
        except _Damaged as wrong:
            self._complain(str(wrong))
        self._frames, self._offset = target.frames, target.offset

    def _is_over(self) -> bool:
        """True if nothing more is written to the open segment."""
        return self._later() is not None or not is_alive(self._journal)

    def _later(self) -> int | None:
        return next((n for n in segment_numbers(self._journal) if n > self._segment), None)

    def _move_on(self) -> bool:
        """To the next segment; False if there is none, and never will be."""
        number = self._later()
        if number is None:
            self.finished = True
            return False
        self._begin(number)
        return True

    def _accepted(self) -> int:
        """Raises UnknownFormat."""
        try:
            header = read_header(os.pread(self._file, HEADER_BYTES, 0))
        except UnknownFormat:
            raise
        except Unreadable as wrong:  # a machine that lost power
            self._complain(f"{self._name}: {wrong}")
            return self._frames
        self.dropped = max(self.dropped, header.dropped)
        return header.accepted

    def _take(self, entries: list[Entry], most: int, accepted: int, *, over: bool) -> int:
        """How many are lost: of a segment that is over, what follows a damaged frame; words are counted too."""
        self._chunk = b""  # read before the worker wrote on: what lay behind its last record is not what lies there now
        try:
            while self._frames < accepted and len(entries) < most:
                entry = self._next()
                if entry is not None:
                    entries.append(entry)
        except _Damaged as wrong:
            if not over:
                self._complain(str(wrong))
                return 0
            lost = accepted - self._frames
            _log.error("%s: up to %d records are lost", wrong, lost)
            self._frames = accepted
            return lost
        return 0

    def _next(self) -> Entry | None:
        """The next frame's record; None if it told a word. Raises _Damaged."""
        length, checksum = FRAME.unpack(self._bytes(self._offset, FRAME.size))
        place = self._journal.name, self._segment, self._offset
        entry = self._shared.get(place, length, checksum) if self._shared else None
        if entry is None:
            entry = self._decoded(length, checksum)
            if entry is not None and self._shared is not None:
                self._shared.put(place, length, checksum, entry)
        self._frames += 1
        self._offset += FRAME.size + length
        return entry

    def _decoded(self, length: int, checksum: int) -> Entry | None:
        payload = self._bytes(self._offset + FRAME.size, length)
        if not payload or crc32(payload) != checksum:
            raise _Damaged(f"frame {self._frames} of {self._name} is damaged")
        try:
            read = decode(payload)
            if isinstance(read, Record):
                return Entry(read, self._words, self._journal.name, self._segment, self._offset)
            if read.ref in self._words:
                self._words = dict(self._words)  # records that were handed out keep what they refer to
            self._words[read.ref] = resolved(read, self._words)
        except (msgspec.DecodeError, KeyError):
            raise _Damaged(f"frame {self._frames} of {self._name} cannot be read") from None
        return None

    def _bytes(self, at: int, length: int) -> bytes:
        """Of the segment; a chunk is read where they are not in the last one. Raises _Damaged."""
        start = at - self._chunk_at
        found = self._chunk[start : start + length] if start >= 0 else b""
        if len(found) == length and length:
            return found
        if length > MOST_FRAME_BYTES:
            raise _Damaged(f"frame {self._frames} of {self._name} is damaged")
        self._chunk, self._chunk_at = os.pread(self._file, max(CHUNK_BYTES, length), at), at
        if len(self._chunk) < length:
            raise _Damaged(f"frame {self._frames} of {self._name} is cut short")
        return self._chunk[:length]

    def _complain(self, wrong: str) -> None:
        """Once."""
        if wrong != self._complained:
            _log.warning("the journal waits: %s", wrong)
            self._complained = wrong

    @property
    def _name(self) -> str:
        return f"{self._journal.name}/{segment_name(self._segment)}"
