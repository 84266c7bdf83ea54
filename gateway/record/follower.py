"""A reader of the journal in a thread of its own, which outlives whatever goes wrong with what it writes to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Protocol

from gateway.record.journal.reader import Batch, Positions, Reader
from gateway.record.journal.tail import Shared
from gateway.record.pace import Pace

EVERY_S = 0.2  # between two looks at journals that say nothing new
LONGEST_REST_S = 5.0  # between tries while the sink fails
_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where records go. Whatever it raises, the same records come again, from the position that it has kept."""

    name: str
    kept: Positions | None  # how far it has kept what it read; None: not known yet

    def open(self) -> Positions:
        """Where it was; called again after anything went wrong."""
        ...

    def take(self, batch: Batch, positions: Positions) -> None:
        """Takes in the records; they and the positions behind them are kept together, now or later."""
        ...

    def rest(self, at: float) -> None:
        """Called some times a second when everything was taken in that the journals held at that time."""
        ...

    def close(self) -> None: ...


class Follower:
    """Feeds one sink."""

    def __init__(self, state_dir: Path, sink: Sink, shared: Shared | None = None, pace: Pace | None = None):
        """`shared` and `pace`: by the followers of one process."""
        self._shared = shared
        self._pace = pace or Pace()
        self.sink = sink
        self.up = False  # the last step succeeded
        self.caught_up_at = 0.0  # everything that the journals held then was taken in; seconds since the epoch
        self._state_dir = state_dir
        self._reader: Reader | None = None
        self._said = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=sink.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def behind(self) -> int:
        """How many frames wait for it. Raises OSError."""
        reader = Reader(self._state_dir, self.sink.kept or {})
        try:
            return reader.behind()
        finally:
            reader.close()

    def close(self, wait_s: float) -> bool:
        """Reads what is left as far as `wait_s` allows; False if it hangs."""
        self._closing.set()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        rest_s = 0.0
        last = False
        while not last:
            last = self._closing.wait(rest_s)
            rest_s = EVERY_S if self._attempt(self._step) else min(max(2 * rest_s, EVERY_S), LONGEST_REST_S)
        self._attempt(self.sink.close)

    def _attempt(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception as wrong:  # noqa: BLE001 - the thread outlives a full disk and a database that is away
            self._stumble(wrong)
            return False
        if self._said:
            _log.warning("%s goes on", self.sink.name)
        self.up, self._said = True, ""
        return True

    def _step(self) -> None:
        """Until nothing new is there."""
        if self._reader is None:
            self._reader = Reader(self._state_dir, self.sink.open(), self._shared)
        at = time()
        while (batch := self._reader.read()).after:
            self.sink.take(batch, self._reader.positions)
            self._pace.keep(self.sink.name, len(batch.entries))
            at = time()
        self._pace.leave(self.sink.name)
        self.caught_up_at = at
        self.sink.rest(at)

    def _stumble(self, wrong: Exception) -> None:
        self.up = False
        self._pace.leave(self.sink.name)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        said = f"{type(wrong).__name__}: {str(wrong).strip().splitlines()[0] if str(wrong).strip() else ''}"
        if said != self._said:
            _log.warning("%s waits: %s", self.sink.name, said)
            self._said = said
