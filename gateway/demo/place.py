"""A folder for each demo that runs: a second one in the same checkout touches nothing of the first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a demo keeps its policies, logs and state."""

    number: int  # 1 for the first that runs
    home: Path


@contextmanager
def claimed(state_dir: Path) -> Iterator[Place]:
    """The first that no running demo has; free again when the process ends, however it ends. Raises OSError."""
    state_dir.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        name = "demo" if number == 1 else f"demo-{number}"
        with open(state_dir / f"{name}.lock", "wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield Place(number, state_dir / name)
            return
