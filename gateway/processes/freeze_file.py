"""The freezes of a gateway, `freezes.jsonl` in its state folder: one row a line, only ever added to.

Whoever adds reads under a lock what is there and replaces the file whole. A line that cannot be read is kept as it is:
it may be a freeze.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.policy.freeze import Rows, by_key, merged, parsed, written
from gateway.record import files

NAME = "freezes.jsonl"
LOCK = "freezes.lock"


@dataclass(frozen=True, slots=True)
class Content:
    """What the file says."""

    rows: Rows
    damaged: tuple[tuple[int, bytes], ...] = ()  # lines that cannot be read, with their numbers


def read(state_dir: Path) -> Content:
    """Empty if there is no file. Raises OSError."""
    try:
        lines = (state_dir / NAME).read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return Content({})
    rows = [(number, line, parsed(line)) for number, line in enumerate(lines, 1) if line.strip()]
    return Content(
        by_key(row for _, _, row in rows if row is not None),
        tuple((number, line) for number, line, row in rows if row is None),
    )


def stamp(state_dir: Path) -> tuple[int, int, int] | None:
    """Changes with the file; None if there is none. Raises OSError for what cannot be looked at."""
    try:
        seen = (state_dir / NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def add(state_dir: Path, rows: Rows) -> Content:
    """What is there then, on disk. Raises OSError."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with _locked(state_dir):
        content = read(state_dir)
        together = merged(content.rows, rows)
        if together.keys() != content.rows.keys():
            lines = [*map(written, together.values()), *(line for _, line in content.damaged)]
            files.swap(state_dir / NAME, b"".join(line + b"\n" for line in lines), durable=True)
        return read(state_dir)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    file = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        files.give(file, state_dir)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
