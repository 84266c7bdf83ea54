"""Files of the state folder that one process writes and others read: replaced whole, never half there."""

from __future__ import annotations

import os
from pathlib import Path


def swap(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replaces the file. Raises OSError; what was there before stays then.

    `durable`: when this returns it outlasts a loss of power; it belongs to whom the folder belongs, whoever wrote.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                give(file.fileno(), path.parent)
                os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    if durable:
        _sync(path.parent)


def give(file: int, folder: Path) -> None:
    """A file that root made, to whom the folder belongs: the gateway there may run as somebody else."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(file, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def read(path: Path) -> bytes | None:
    """None if it is not there, or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
