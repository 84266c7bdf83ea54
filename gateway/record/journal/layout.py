"""The bytes of a segment: a header, then frames of length, checksum and one msgpack record.

A journal is one worker process's: the folder `journal/<uuid>/` below the state folder, with the file `lock`, which is
locked as long as that process lives, and segments `00000001.segment`, `00000002.segment`, …
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zlib import crc32

FOLDER = "journal"  # in the state folder
LOCK = "lock"
SUFFIX = ".segment"
FORMAT = 2  # 1: records without `traceparent` and `started`
READABLE = frozenset({FORMAT - 1, FORMAT})
HEADER_BYTES = 64
# Magic, format, number of the segment, uuid of the journal, when it was made (seconds since the epoch), how many frames
# are accepted, how many records the journal has dropped so far. The two counts are eight bytes each, aligned.
_HEADER = struct.Struct("=8sIIQQd")
_MAGIC = b"entrepot"
ACCEPTED_AT, DROPPED_AT = 40, 48
_COUNTS = struct.Struct("=QQ")
FRAME = struct.Struct("<II")


class Unreadable(Exception):
    """Not a segment of this product."""


class UnknownFormat(Unreadable):
    """Of a release whose records we do not read."""


@dataclass(frozen=True, slots=True)
class Header:
    """Of one segment."""

    format: int
    number: int
    journal: str  # its uuid, 32 hexadecimal digits
    made_at: float
    accepted: int
    dropped: int


def pack_header(journal: str, number: int, made_at: float, *, dropped: int, format: int = FORMAT) -> bytes:
    """Of a segment without frames."""
    high, low = divmod(UUID(journal).int, 1 << 64)
    head = _HEADER.pack(_MAGIC, format, number, high, low, made_at) + _COUNTS.pack(0, dropped)
    return head.ljust(HEADER_BYTES, b"\0")


def read_header(data: bytes) -> Header:
    """Raises Unreadable."""
    if len(data) < HEADER_BYTES:
        raise Unreadable("it has no whole header")
    magic, format, number, high, low, made_at = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise Unreadable("it is no segment of a journal")
    if format not in READABLE:
        raise UnknownFormat(f"it has format {format}, this release reads {min(READABLE)} to {max(READABLE)}")
    accepted, dropped = _COUNTS.unpack_from(data, ACCEPTED_AT)
    return Header(format, number, f"{high << 64 | low:032x}", made_at, accepted, dropped)


def header_of(path: Path) -> Header:
    """Raises Unreadable, FileNotFoundError."""
    with path.open("rb") as file:
        return read_header(file.read(HEADER_BYTES))


def frame(payload: bytes) -> bytes:
    """What stands in the segment."""
    return FRAME.pack(len(payload), crc32(payload)) + payload


def segment_name(number: int) -> str:
    """Sorted by name they stand in order."""
    return f"{number:08}{SUFFIX}"


def price_name(number: int) -> str:
    """Of what that segment's records were worth."""
    return f"{number:08}.prices"


def segment_numbers(journal: Path) -> list[int]:
    """In order; of the segments that are there now."""
    try:
        names = os.listdir(journal)
    except (FileNotFoundError, NotADirectoryError):
        return []
    numbers = (name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))
    return sorted(int(number) for number in numbers if number.isdigit())


def journals(folder: Path) -> list[Path]:
    """The folders of all journals. One that is just being made has another form of name."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if len(entry.name) == 32 and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in names]


def bytes_in(folder: Path) -> int:
    """What all journals take of the disk, room that is reserved included."""
    taken = 0
    for path in folder.glob("*/*"):
        with suppress(FileNotFoundError):  # removed meanwhile
            taken += path.stat().st_size
    return taken


def is_alive(journal: Path) -> bool:
    """True while the process that writes the journal lives."""
    try:
        file = os.open(journal / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
