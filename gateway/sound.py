"""How long a sound file plays, by its own head; only of WAV, which says so plainly. Pure."""

from __future__ import annotations

import struct

_CHUNKS = 32  # that are looked at
_FASTEST = 384_000  # bytes a second: 48 kHz, stereo, of the widest samples


def length_ms(file: bytes) -> int | None:
    """Milliseconds; None if the file does not say, or says what cannot be: the caller wrote it."""
    if file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        return None
    at, rate = 12, 0
    for _ in range(_CHUNKS):
        name, size = file[at : at + 4], file[at + 4 : at + 8]
        if len(size) < 4:
            return None
        (length,) = struct.unpack("<I", size)
        if name == b"fmt " and len(file) >= at + 20:
            (rate,) = struct.unpack("<I", file[at + 16 : at + 20])
        if name == b"data":
            held = len(file) - at - 8  # a stream says that it is longer, a forged head that it is shorter
            return -(-held * 1000 // min(rate, _FASTEST)) if rate > 0 else None
        at += 8 + length + length % 2
    return None
