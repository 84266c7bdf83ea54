"""Issued keys, `keys.jsonl` in the state folder: one row a key, hashes only, replaced whole under a lock.

A line that cannot be read is kept as it is: it may be the end of a key. While there is one no issued key is let in.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.identity.issued import Rows, by_hash, merged, parsed, written
from gateway.record import files

NAME = "keys.jsonl"
LOCK = "keys.lock"


@dataclass(frozen=True, slots=True)
class Content:
    """What the file says."""

    rows: Rows
    damaged: tuple[tuple[int, bytes], ...] = ()  # lines that cannot be read, with their numbers

    def problem(self, state_dir: Path) -> str | None:
        """Why there may be more than is known."""
        if not self.damaged:
            return None
        place = f"{state_dir / NAME}:{self.damaged[0][0]}"
        return f"{place} cannot be read, and may be the end of a key; mend the line, or take it out"


def read(state_dir: Path) -> Content:
    """Empty if there is no file. Raises OSError."""
    try:
        lines = (state_dir / NAME).read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return Content({})
    rows = [(number, line, parsed(line)) for number, line in enumerate(lines, 1) if line.strip()]
    return Content(
        by_hash(row for _, _, row in rows if row is not None),
        tuple((number, line) for number, line, row in rows if row is None),
    )


def stamp(state_dir: Path) -> tuple[int, int, int] | None:
    """Changes with the file; None if there is none. Raises OSError for what cannot be looked at."""
    try:
        seen = (state_dir / NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def change(state_dir: Path, rows: Callable[[Content], Rows]) -> Content:
    """What is there then, on disk; `rows` says under the lock what to add. Raises OSError, and what it raises."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with _locked(state_dir):
        content = read(state_dir)
        together = merged(content.rows, rows(content))
        if together != content.rows:
            lines = [*map(written, together.values()), *(line for _, line in content.damaged)]
            files.swap(state_dir / NAME, b"".join(line + b"\n" for line in lines), durable=True)
        return Content(together, content.damaged)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    file = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        files.give(file, state_dir)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
