"""Why the last change was refused, in memory that a parent shares with its workers: a full disk does not silence it."""

from __future__ import annotations

from mmap import mmap

_ROOM = 4096


class Notice:
    """Written by the parent alone; made before it forks."""

    def __init__(self) -> None:
        self._memory = mmap(-1, _ROOM)

    def write(self, problem: str | None) -> None:
        """None: nothing was refused."""
        text = (problem or "").encode()[: _ROOM - 1]
        self._memory[:] = text + bytes(_ROOM - len(text))

    def read(self) -> str | None:
        """As last written."""
        text = self._memory[:].rstrip(b"\0").decode(errors="ignore")
        return text or None
