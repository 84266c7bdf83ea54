"""How far a reader has come, in a file of the state folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from gateway.record import files
from gateway.record.journal.reader import Positions
from gateway.record.journal.tail import Position

TRACES, ACCESS = "traces.position", "access.position"  # in the state folder
Plain = dict[str, tuple[int, int, int]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Plain).decode


def plain(positions: Positions) -> Plain:
    return {name: (each.segment, each.frames, each.offset) for name, each in positions.items()}


def positions_of(plain: Plain) -> Positions:
    return {name: Position(*each) for name, each in plain.items()}


def load(path: Path) -> Positions:
    """None were kept, or they cannot be read: from the beginning of what is there."""
    with suppress(msgspec.DecodeError):
        return positions_of(_decode(files.read(path) or b"\x80"))
    return {}


def save(path: Path, positions: Positions) -> None:
    """A full disk leaves what was kept before."""
    with suppress(OSError):
        files.swap(path, _encode(plain(positions)))
