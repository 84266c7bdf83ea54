"""One gateway a state folder: two would adopt each other's policy and write into each other's files."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

NAME = "gateway.lock"


class StateFolderTaken(Exception):
    """Another gateway serves from this state folder; the text says which, and the way out."""


def lock(state_dir: Path) -> BinaryIO:
    """Held until the process and its workers have ended, however they end. Raises StateFolderTaken, OSError."""
    state_dir.mkdir(parents=True, exist_ok=True)
    file = open(state_dir / NAME, "a+b")  # noqa: SIM115 - kept open: closing it would unlock it
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read(20).decode("ascii", "replace").strip()
        file.close()
        said = f"another gateway (process {holder or 'unknown'}) serves from the state folder {state_dir}"
        raise StateFolderTaken(f"{said}; name another with GATEWAY_STATE_DIR, or end that one first") from None
    file.truncate(0)
    file.write(b"%d\n" % os.getpid())
    file.flush()
    return file
