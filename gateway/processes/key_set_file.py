"""The keys of the identity provider, as the control process fetched them last, `jwks.json` of the state folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.record import files

NAME = "jwks.json"
WANTED = "jwks.wanted"  # touched by a worker that met a key that it does not know
OLDEST_S = 86_400.0  # an older set lets in nobody


class Kept(msgspec.Struct, frozen=True):
    """What was fetched for which rules."""

    issuer: str
    source: str
    fetched_at: float  # seconds since the epoch
    keys: list[Any]


_decode = msgspec.json.Decoder(Kept).decode


def stamp(state_dir: Path) -> tuple[int, int, int] | None:
    """Changes with the file; None if there is none, or it cannot be looked at."""
    try:
        seen = (state_dir / NAME).stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def read(state_dir: Path) -> Kept | None:
    """None if there is none that can be read."""
    text = files.read(state_dir / NAME)
    try:
        return None if text is None else _decode(text)
    except msgspec.DecodeError:
        return None


def write(state_dir: Path, *, issuer: str, source: str, at: float, keys: Sequence[object]) -> None:
    """Raises OSError."""
    files.swap(state_dir / NAME, msgspec.json.encode(Kept(issuer, source, at, list(keys))))


def remove(state_dir: Path) -> None:
    """No tokens are let in any more. Raises OSError."""
    (state_dir / NAME).unlink(missing_ok=True)


def want(state_dir: Path) -> None:
    """Asks for a newer set. Raises OSError."""
    (state_dir / WANTED).touch()


def wanted_at(state_dir: Path) -> float:
    """When that was asked for last; 0.0: never."""
    try:
        return (state_dir / WANTED).stat().st_mtime
    except OSError:
        return 0.0
