"""Files of the state folder that one process writes and others read: replaced whole, never half there."""

from __future__ import annotations

import os
from pathlib import Path


def swap(path: Path, data: bytes) -> None:
    """Replaces the file. Raises OSError; what was there before stays then."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes | None:
    """None if it is not there, or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
