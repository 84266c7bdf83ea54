"""The ledger's sink: rows and the journal's position in one transaction, so that each record is there exactly once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from time import time

from gateway.record.insert import Overtaken
from gateway.record.journal.entry import Entry
from gateway.record.journal.prices import Price, PriceBook
from gateway.record.journal.reader import Batch, Positions, Reader
from gateway.record.store import Store, open_store

_DAY_S = 86_400
_TIDY_EVERY_S = 3_600
_log = logging.getLogger(__name__)


class LedgerSink:
    """One a control process."""

    name = "the ledger"

    def __init__(
        self,
        *,
        state_dir: Path,
        database_url: str | None,
        unwritable: Callable[[int], None],
        price: Callable[[Sequence[Entry]], None],
        retain_days: int = 90,
    ):
        """`unwritable` is told how many records no database would take; `price` tells records what they were worth.

        `retain_days`: for how long the signals topic and pii are kept.
        """
        self._state_dir = state_dir
        self._database_url = database_url
        self._unwritable = unwritable
        self._price = price
        self._retain_s = retain_days * _DAY_S
        self._tidied_at = 0.0
        self._store: Store | None = None
        self.kept: Positions | None = None

    def open(self) -> Positions:
        """See Sink. Raises LedgerUnusable."""
        if self._store is None:
            self._store = open_store(database_url=self._database_url, state_dir=self._state_dir)
        self.kept = self._store.positions()
        return self.kept

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink."""
        assert self._store is not None
        self._price(batch.entries)
        try:
            self._store.write(batch, at=time())
        except self._store.unwritable:
            refused = sum([not self._written(self._store, entry) for entry in batch.entries])
            batch.entries = []
            self._store.write(batch, at=time())
            self._unwritable(refused)
        self.kept = positions

    def rest(self, at: float) -> None:
        """See Sink: forgets what is too old."""
        if self._store is not None and at - self._tidied_at > _TIDY_EVERY_S:
            self._store.forget_signals(before=at - self._retain_s)
            self._tidied_at = at

    def close(self) -> None:
        """See Sink."""
        if self._store is not None:
            self._store.close()

    def _written(self, store: Store, entry: Entry) -> bool:
        """One that no database takes, and that would be offered for ever, keeps no other from being written."""
        try:
            store.write_one(entry)
        except store.unwritable as wrong:
            _log.error("the ledger cannot hold request %s (%s)", entry.record.request_id, type(wrong).__name__)
            return False
        return True


def ingest(state_dir: Path, database_url: str | None, price: Price | None = None) -> None:
    """Takes in once what journals hold, beside a control process or without one: whoever is second changes nothing.

    `price` of a record; None: rows do not say what they were worth, unless the control process has told it already.
    """
    book = PriceBook(state_dir, price)
    sink = LedgerSink(state_dir=state_dir, database_url=database_url, unwritable=lambda count: None, price=book.look_up)
    reader = Reader(state_dir, sink.open())
    try:
        while (batch := reader.read()).after:
            sink.take(batch, reader.positions)
    except Overtaken:
        _log.info("the control process takes in what is recorded")
    finally:
        reader.close()
        sink.close()
