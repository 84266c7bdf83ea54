"""How many outcomes a worker has accepted, in a file that outlives it: what was not written of them is the loss."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_COUNT = struct.Struct("<Q")


class Watermark:
    """This worker's count; a memory-mapped file, so that adding one costs no system call and a crash keeps it."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.writer = uuid.uuid4().hex
        self.accepted = 0
        self._path = folder / f"{self.writer}.accepted"
        # Locked before it has its name: whoever finds the file unlocked knows that its worker is dead.
        unnamed = folder / f"{self.writer}.new"
        self._file = unnamed.open("w+b")
        self._file.write(_COUNT.pack(0))
        self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._map = mmap.mmap(self._file.fileno(), _COUNT.size)
        os.rename(unnamed, self._path)

    def add(self) -> None:
        """One more accepted."""
        self.accepted += 1
        _COUNT.pack_into(self._map, 0, self.accepted)

    def close(self) -> None:
        """Removes the file: nothing is missing."""
        self._path.unlink(missing_ok=True)
        self._map.close()
        self._file.close()


def crashed(folder: Path) -> Iterator[tuple[str, int]]:
    """Each dead worker and how many outcomes it had accepted; its file goes when the caller asks for the next."""
    for path in sorted(folder.glob("*.accepted")):
        try:
            file = path.open("rb")
        except FileNotFoundError:  # another worker was first
            continue
        with file:
            if _locked(file):
                continue
            content = file.read(_COUNT.size)
            if not path.exists():
                continue
            yield path.stem, _COUNT.unpack(content)[0]
            path.unlink(missing_ok=True)


def _locked(file: BinaryIO) -> bool:
    """True if its worker lives, or another one is just reading it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
