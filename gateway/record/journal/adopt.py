"""Journals that another gateway left behind, moved to where a control process reads them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gateway.record.journal.layout import FOLDER, is_alive, journals


class StillWritten(Exception):
    """A worker of that gateway lives."""


def left_behind(state_dir: Path) -> list[Path]:
    """The journals of a state folder that nobody writes any more. Raises StillWritten."""
    found = journals(state_dir / FOLDER)
    alive = [path for path in found if is_alive(path)]
    if alive:
        raise StillWritten(f"{len(alive)} of {len(found)} journals in {state_dir / FOLDER} are still being written")
    return found


def adopt(state_dir: Path, found: list[Path]) -> None:
    """Moves them into this state folder, each whole or not at all. Raises OSError; what is left can be moved again."""
    into = state_dir / FOLDER
    into.mkdir(parents=True, exist_ok=True)
    for path in found:
        if os.stat(path).st_dev == os.stat(into).st_dev:
            os.rename(path, into / path.name)
            continue
        fresh = into / f"{path.name}.new"  # no journal's name
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(path, fresh)
        os.rename(fresh, into / path.name)
        shutil.rmtree(path)
