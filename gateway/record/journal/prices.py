"""What records were worth, once for all readers: beside each segment a file of prices, written by whoever comes first.

`00000001.prices` stands beside `00000001.segment` and goes with it: frames of length, offset of the record, and one
msgpack value, in the order of the records. Whoever reads a record later, after a crash too, finds the price that the
first reader took in: the ledger and the metrics therefore add up the same numbers.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from threading import Lock

import msgspec

from gateway.outcome.priced import Priced
from gateway.record import files
from gateway.record.journal.entry import Entry
from gateway.record.journal.layout import FOLDER, price_name

_FRAME = struct.Struct("<IQ")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Priced | None).decode
_log = logging.getLogger(__name__)
Price = Callable[[Entry], Priced | None]


class PriceBook:
    """One a reader: how far it has read of each file."""

    def __init__(self, state_dir: Path, price: Price | None, lock: Lock | None = None):
        """`price`; None: only what is there is told. `lock`: shared by those that share `price`."""
        self._folder = state_dir / FOLDER
        self._price = price
        self._lock = lock or Lock()
        self._read_to: dict[str, tuple[int, int]] = {}  # by journal: segment, and place in its file

    def look_up(self, entries: Sequence[Entry]) -> None:
        """Tells each caller's request its price. A disk that is full leaves it told to this process alone."""
        waiting = [entry for entry in entries if not entry.is_priced and not entry.record.beside]
        if not waiting:
            return
        with self._lock:
            for (journal, segment), group in groupby(waiting, lambda entry: (entry.journal, entry.segment)):
                unpriced = [entry for entry in group if not entry.is_priced]  # another reader was here meanwhile
                if unpriced:
                    self._look_up(journal, segment, unpriced)

    def _look_up(self, journal: str, segment: int, entries: Sequence[Entry]) -> None:
        try:
            file = os.open(self._folder / journal / price_name(segment), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as wrong:
            self._complain(wrong)
            self._worked_out(entries)
            return
        try:
            with suppress(OSError):  # a command of root's leaves nothing that the gateway cannot read
                files.give(file, self._folder / journal)
            fcntl.flock(file, fcntl.LOCK_EX)  # another process takes in what is recorded, as `gateway probe` does
            self._from_file(file, journal, segment, entries)
        finally:
            os.close(file)

    def _from_file(self, file: int, journal: str, segment: int, entries: Sequence[Entry]) -> None:
        kept, start = self._read_to.get(journal, (segment, 0))
        place = start if kept == segment else 0
        by_offset = {entry.offset: entry for entry in entries}
        rest = os.pread(file, os.fstat(file).st_size - place, place)
        at, is_end = _tell(rest, by_offset, entries[-1].offset)
        fresh = self._worked_out([entry for entry in entries if not entry.is_priced])
        if is_end and fresh:
            try:
                os.ftruncate(file, place + at)  # what a crash cut short
                at += os.pwrite(file, fresh, place + at)
            except OSError as wrong:
                self._complain(wrong)
        self._read_to[journal] = segment, place + at

    def _worked_out(self, entries: Sequence[Entry]) -> bytes:
        """What is to be written of them."""
        frames: list[bytes] = []
        if self._price is None:
            return b""
        for entry in entries:
            entry.priced, entry.is_priced = self._price(entry), True
            payload = _encode(entry.priced)
            frames.append(_FRAME.pack(len(payload), entry.offset) + payload)
        return b"".join(frames)

    def _complain(self, wrong: OSError) -> None:
        _log.warning("what records were worth cannot be kept: %s", wrong)


def _tell(content: bytes, by_offset: dict[int, Entry], last: int) -> tuple[int, bool]:
    """Up to the last record's frame: where what follows begins, and whether nothing whole follows."""
    at = 0
    while at + _FRAME.size <= len(content):
        length, offset = _FRAME.unpack_from(content, at)
        end = at + _FRAME.size + length
        if end > len(content):
            break
        if offset > last:
            return at, False
        entry = by_offset.get(offset)
        if entry is not None:
            with suppress(msgspec.DecodeError):  # of another release
                entry.priced, entry.is_priced = _decode(content[at + _FRAME.size : end]), True
        at = end
    return at, True
