"""What teams and apps have spent of each period, and what was spent where: folded from the journals, told to workers
that count alone.

Everyone is counted, whether or not there is a budget: a budget that begins, or a day, asks no database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from time import monotonic, time

import msgspec

from gateway.background.spent_before import NAME, Spending, decode, encode, places, spenders
from gateway.identity import Budget, Subject
from gateway.limits.account import period
from gateway.record import files
from gateway.record.journal.reader import Batch, Positions
from gateway.record.positions import plain, positions_of
from gateway.record.store import open_store

WRITE_S = 0.5
DAY_S = 86_400.0
_PERIODS = tuple([Budget(Decimal(1), per, "reject") for per in ("day", "week", "month")])
Spent = dict[tuple[Subject, str], int]  # by whom or where, and name of the period: nano-dollars
_log = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def _names(day: int) -> tuple[str, ...]:
    """Of the periods that a day since 1970 falls in."""
    return tuple([period(budget, day * DAY_S)[0] for budget in _PERIODS])


def _nano(usd: str | Decimal) -> int:
    """Nano-dollars, rounded to whole ones."""
    return int((Decimal(usd) * 1_000_000_000).to_integral_value())


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
                self._spent = {(subject, name): nano for subject, name, nano in kept.spent}
                self._positions = positions_of(kept.positions)
            self.kept = dict(self._positions)
        return self._positions

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink: each sum of a batch is added to its periods once."""
        by_whom: dict[tuple[str, str | None, int], int] = {}
        by_place: dict[tuple[str, str, str, int], int] = {}
        for entry in batch.entries:
            record = entry.record
            day = int(record.at // DAY_S)
            if record.cost_usd != "0" and not record.beside:
                whom = record.team, record.app, day
                by_whom[whom] = by_whom.get(whom, 0) + _nano(record.cost_usd)
            for tried in record.attempts:
                if tried.cost_usd != "0":
                    at = entry.place(tried)
                    place = at.endpoint, at.model, at.operator, day
                    by_place[place] = by_place.get(place, 0) + _nano(tried.cost_usd)
        for (team, app, day), nano in by_whom.items():
            self._add(spenders(team, app), day, nano)
        for (endpoint, model, operator, day), nano in by_place.items():
            self._add(places(endpoint, model, operator), day, nano)
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

    def _add(self, subjects: Iterable[Subject], day: int, nano: int) -> None:
        """`day`: since 1970."""
        for name in _names(day):
            for subject in subjects:
                key = (subject, name)
                self._spent[key] = self._spent.get(key, 0) + nano

    def _forget(self, at: float) -> None:
        """Periods that are long over; a record may come late."""
        now = {period(budget, then)[0] for budget in _PERIODS for then in (at, at - DAY_S)}
        self._spent = {key: nano for key, nano in self._spent.items() if key[1] in now}

    def _read_ledger(self) -> Positions:
        at = time()
        store = open_store(database_url=self._database_url, state_dir=self._state_dir)
        try:
            with store.at_once() as then:
                since = min(period(each, at)[1] for each in _PERIODS)
                for team, app, when, usd in then.spending(since=since):
                    self._add(spenders(team, app), int(when // DAY_S), _nano(usd))
                for endpoint, model, operator, when, usd in then.spending_by_place(since=since):
                    self._add(places(endpoint, model, operator), int(when // DAY_S), _nano(usd))
                return then.positions()
        finally:
            store.close()
