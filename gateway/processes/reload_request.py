"""How the control process has the parent read the policy folder again: two small files in the state folder."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

ASKED = "reload.asked"  # holds a name of its own for each request
TOLD = "reload.told"  # what became of the last reload, and of which request


def ask(state_dir: Path) -> str:
    """The request's name. Raises OSError."""
    name = secrets.token_hex(8)
    _replace(state_dir / ASKED, name)
    return name


def last_reload(state_dir: Path) -> tuple[str, str | None]:
    """The request that was answered last, and why the last reload was refused; None: it was not."""
    try:
        kept = json.loads((state_dir / TOLD).read_text(encoding="utf-8"))
        return str(kept["request"]), kept["problem"]
    except (OSError, ValueError, KeyError, TypeError):
        return "", None


class Requests:
    """The parent's end."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._answered = self._asked()
        self.tell(None)

    def due(self) -> bool:
        """True if somebody asked since the last answer."""
        return self._asked() != self._answered

    def tell(self, problem: str | None) -> None:
        """What became of a reload, whoever wanted it; a full disk leaves the last word, and stops nothing."""
        self._answered = self._asked()
        with suppress(OSError):
            _replace(self._state_dir / TOLD, json.dumps({"request": self._answered, "problem": problem}))

    def _asked(self) -> str:
        try:
            return (self._state_dir / ASKED).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
