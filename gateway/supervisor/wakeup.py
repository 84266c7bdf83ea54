"""Wakes a process that waits, from a signal handler: what a handler may do safely is write one byte."""

from __future__ import annotations

import os
import select
from contextlib import suppress


class Bell:
    """A pipe to oneself."""

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()
        for end in (self._heard, self._rung):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Ends `wait` at once, also one that begins later."""
        with suppress(BlockingIOError):  # it is rung already
            os.write(self._rung, b"!")

    def wait(self, seconds: float) -> None:
        """Until it is rung, or for so long."""
        if select.select([self._heard], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._heard, 4096)
