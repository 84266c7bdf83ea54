"""What teams and apps have spent of each period: folded from the journals, told to workers that count alone.

Every team is counted, whether or not it has a budget: a budget that begins, or a day, asks no database.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from time import monotonic, time

import msgspec

from gateway.background.spent_before import NAME, Spending, decode, encode
from gateway.identity import Budget
from gateway.limits.account import period
from gateway.record import files
from gateway.record.journal.reader import Batch, Positions
from gateway.record.positions import plain, positions_of
from gateway.record.store import open_store

WRITE_S = 0.5
DAY_S = 86_400.0
_PERIODS = tuple([Budget(Decimal(1), per, "reject") for per in ("day", "week", "month")])
Spent = dict[tuple[str, str | None, str], int]  # by team, app and name of the period: nano-dollars
_log = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def _names(day: int) -> tuple[str, ...]:
    """Of the periods that a day since 1970 falls in."""
    return tuple([period(budget, day * DAY_S)[0] for budget in _PERIODS])


class SpendingSink:
    """One a control process."""

    name = "spending"

    def __init__(self, *, state_dir: Path, database_url: str | None):
        self.kept: Positions | None = None
        self._path = state_dir / NAME
        self._state_dir = state_dir
        self._database_url = database_url
        self._positions: Positions | None = None
        self._spent: Spent = {}
        self._written_at = 0.0

    def open(self) -> Positions:
        """See Sink: what was kept, else what the ledger says. Raises LedgerUnusable."""
        if self._positions is None:
            data = files.read(self._path)
            try:
                kept = decode(data) if data is not None else None
            except msgspec.DecodeError:
                kept = None
            if kept is None:
                self._positions = self._read_ledger()
            else:
                self._spent = {(team, app, name): nano for team, app, name, nano in kept.spent}
                self._positions = positions_of(kept.positions)
            self.kept = dict(self._positions)
        return self._positions

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink."""
        for entry in batch.entries:
            record = entry.record
            if record.cost_usd != "0":
                self._add(record.team, record.app, record.at, Decimal(record.cost_usd))
        self._positions = positions

    def rest(self, at: float) -> None:
        """See Sink: the file is written whether or not it says anything new, so that its age tells. Raises OSError."""
        if monotonic() - self._written_at < WRITE_S:
            return
        positions = dict(self._positions or {})
        rows = [(*key, nano) for key, nano in self._spent.items()]
        files.swap(self._path, encode(Spending(at, rows, plain(positions))))
        self.kept, self._written_at = positions, monotonic()
        self._forget(at)

    def close(self) -> None:
        """See Sink."""
        self._written_at = 0.0
        self.rest(time())

    def _add(self, team: str, app: str | None, at: float, usd: Decimal) -> None:
        nano = int((usd * 1_000_000_000).to_integral_value())
        for name in _names(int(at // DAY_S)):
            for whose in {None, app}:
                key = (team, whose, name)
                self._spent[key] = self._spent.get(key, 0) + nano

    def _forget(self, at: float) -> None:
        """Periods that are long over; a record may come late."""
        now = {period(budget, then)[0] for budget in _PERIODS for then in (at, at - DAY_S)}
        self._spent = {key: nano for key, nano in self._spent.items() if key[2] in now}

    def _read_ledger(self) -> Positions:
        at = time()
        store = open_store(database_url=self._database_url, state_dir=self._state_dir)
        try:
            with store.at_once() as then:
                for team, app, when, usd in then.spending(since=min(period(each, at)[1] for each in _PERIODS)):
                    self._add(team, app, when, usd)
                return then.positions()
        finally:
            store.close()
