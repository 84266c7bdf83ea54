"""Word to the workers that kept answers are to be forgotten: a file of the state folder, written anew each time."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

NAME = "cache-emptied"


def empty_caches(state_dir: Path) -> None:
    """Workers of this state folder forget within seconds, and what they share in Redis is emptied. Raises OSError."""
    state_dir.mkdir(parents=True, exist_ok=True)
    fresh = state_dir / f"{NAME}.{token_hex(4)}"
    fresh.write_text(token_hex(16))
    os.replace(fresh, state_dir / NAME)


def last_word(state_dir: Path) -> str:
    """ "": there is none. Raises OSError."""
    try:
        return (state_dir / NAME).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return ""
