"""The ledger's sink: takes an Outcome in a microsecond, writes it within a second, and knows what a crash has cost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gateway.outcome.outcome import Outcome
from gateway.record import rows, watermark
from gateway.record.drain import LIMIT, Drain
from gateway.record.schema import ATTEMPTS, REQUESTS
from gateway.record.shape import Json, shaped
from gateway.record.store import Store, open_store
from gateway.record.watermark import Watermark

_DAY_S = 86_400
_TIDY_EVERY_S = 3_600
_log = logging.getLogger(__name__)


class Ledger:
    """One worker's writer. Several workers may share a ledger."""

    def __init__(
        self,
        *,
        state_dir: Path,
        database_url: str | None,
        dropped: Callable[[], None],
        retain_days: int = 90,
        limit: int = LIMIT,
    ):
        """Raises LedgerUnusable. `retain_days`: for how long the signals topic and pii are kept."""
        self.store = open_store(database_url=database_url, state_dir=state_dir)
        folder = state_dir / "writers"
        self.lost_in_crashes = _settle(self.store, folder)  # found at this start
        self._watermark = Watermark(folder)
        self._written = 0
        self._dropped = dropped
        self._retain_s = retain_days * _DAY_S
        self._tidied_at = 0.0
        self._drain = Drain("ledger", self._write, limit=limit)

    def append(self, outcome: Outcome) -> None:
        """The sink."""
        if self._drain.put(outcome):
            self._watermark.add()
        else:
            self._dropped()

    def decision(self, request_id: str) -> Json | None:
        """The row of a request, whichever worker served it; asks the database, so not for the event loop's thread."""
        waiting = self._drain.find(request_id)
        if waiting is not None:
            attempts = [dict(zip(ATTEMPTS, row, strict=True)) for row in rows.attempt_rows(waiting)]
            return shaped(dict(zip(REQUESTS, rows.request_row(waiting), strict=True)), attempts)
        return self.store.row(request_id)

    def rows(self, *, since: float = 0.0) -> Iterator[Json]:
        """What is written of requests received since then, oldest first."""
        return self.store.rows(since=since)

    def close(self) -> None:
        """Writes what waits; what cannot be written within five seconds counts as lost at the next start."""
        left = self._drain.close()
        if left:
            _log.error("the ledger could not be written: %d outcomes are lost", left)
        else:
            self.store.retire(self._watermark.writer, lost=0, at=time.time())
            self._watermark.close()
        self.store.close()

    def _write(self, batch: Sequence[Outcome]) -> None:
        try:
            self.store.write(batch, writer=self._watermark.writer, written=self._written + len(batch))
        except self.store.unwritable:
            self._write_each(batch)
        self._written += len(batch)
        at = time.time()
        if at - self._tidied_at > _TIDY_EVERY_S:
            self.store.forget_signals(before=at - self._retain_s)
            self._tidied_at = at

    def _write_each(self, batch: Sequence[Outcome]) -> None:
        """One that no database takes, and that would be offered for ever, keeps no other from being written."""
        unwritable = []
        for count, outcome in enumerate(batch, 1):
            try:
                self.store.write([outcome], writer=self._watermark.writer, written=self._written + count)
            except self.store.unwritable as error:
                unwritable.append((outcome.request.id, type(error).__name__))
        for request_id, wrong in unwritable:
            _log.error("the ledger cannot hold request %s (%s)", request_id, wrong)
            self._dropped()


def _settle(store: Store, folder: Path) -> int:
    """Counts what crashed workers had accepted and never written."""
    total = 0
    for writer, accepted in watermark.crashed(folder):
        lost = accepted - store.written(writer)
        store.retire(writer, lost=lost, at=time.time())
        total += lost
    if total:
        _log.warning("a crash lost the ledger rows of %d requests", total)
    return total
