"""Keeps the readers of one process beside each other, so that what one has decoded is still at hand for the next."""

from __future__ import annotations

from time import monotonic, sleep

AHEAD = 500  # records that one may be ahead of another
WAIT_S = 0.02  # at most, for one batch: what hangs delays nobody by more
_LOOK_S = 0.001


class Pace:
    """Of the readers that are busy. Each is named, and used by a thread of its own."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}  # records since both were busy; of busy readers

    def keep(self, name: str, count: int) -> None:
        """The reader has taken in so many records more, and waits a moment for those that are behind it."""
        here = self._read.get(name)
        if here is None:
            here = min(list(self._read.values()), default=0)
        self._read[name] = here = here + count
        until = monotonic() + WAIT_S
        while here - min(list(self._read.values())) > AHEAD and monotonic() < until:
            sleep(_LOOK_S)

    def leave(self, name: str) -> None:
        """It has nothing to read now."""
        self._read.pop(name, None)
