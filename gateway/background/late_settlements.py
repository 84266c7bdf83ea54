"""What a worker that was killed had not settled in Redis: its journal says what each request really cost.

Without this, what was set aside for it lapses into what it was expected to cost (see `limits.shared`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import time

from gateway.identity import Keyring
from gateway.limits.account import Settlement
from gateway.limits.reservations import Spent, settlement_of
from gateway.record.journal.entry import Entry
from gateway.record.journal.layout import FOLDER, is_alive
from gateway.record.journal.reader import Batch, Positions
from gateway.record.journal.record import Tried

KEPT_S = 60.0  # a worker that lives settles within seconds
MOST = 50_000  # records
Settle = Callable[[Iterable[Settlement]], None]


@dataclass(frozen=True, slots=True)
class _Ended:
    journal: str
    at: float
    settlement: Settlement


class LateSettlements:
    """One a control process; see follower.Sink."""

    name = "late settlements"

    def __init__(self, state_dir: Path, keyring: Callable[[], Keyring | None], settle: Settle):
        """`settle`: raises where Redis is out of reach; it is asked again."""
        self.kept: Positions | None = {}
        self._journals = state_dir / FOLDER
        self._keyring = keyring
        self._settle = settle
        self._ended: deque[_Ended] = deque(maxlen=MOST)

    def open(self) -> Positions:
        """From the start: saying it twice changes nothing."""
        return dict(self.kept or {})

    def take(self, batch: Batch, positions: Positions) -> None:
        """Of what a budget bounds, what ended within the last minute."""
        keyring, since = self._keyring(), time() - KEPT_S
        for entry in batch.entries:
            if keyring is not None and entry.record.ended_at >= since:
                self._remember(entry, keyring)
        self.kept = dict(positions)

    def rest(self, at: float) -> None:
        """Settles what a worker has left behind that is gone."""
        while self._ended and self._ended[0].at < at - KEPT_S:
            self._ended.popleft()
        gone = {name for name in {each.journal for each in self._ended} if not is_alive(self._journals / name)}
        left = [each for each in self._ended if each.journal in gone]
        if left:
            self._settle([each.settlement for each in left])
            self._ended = deque((each for each in self._ended if each.journal not in gone), maxlen=MOST)

    def close(self) -> None:
        """Nothing is kept."""

    def _remember(self, entry: Entry, keyring: Keyring) -> None:
        record = entry.record
        made = settlement_of(
            keyring,
            record.request_id,
            None if record.beside else (record.team, record.app),
            Decimal(record.cost_usd or 0),
            [_spent(entry, tried) for tried in record.attempts],
            record.at,
        )
        if made is not None:
            self._ended.append(_Ended(entry.journal, record.ended_at, made))


def _spent(entry: Entry, tried: Tried) -> Spent:
    place = entry.place(tried)
    return Spent(place.endpoint, place.model, place.operator, Decimal(tried.cost_usd or 0))


def settle_in_redis(url: str, settlements: Iterable[Settlement]) -> None:
    """Blocks. Raises RedisError, OSError, TimeoutError."""
    from gateway.limits.shared import SharedAccounts  # not imported where there is no Redis

    async def all_of_them() -> None:
        accounts = SharedAccounts(url, lambda account, since: Decimal(0), reached=lambda up: None)
        try:
            for each in settlements:
                await accounts.settle_late(each)
        finally:
            await accounts.close()

    asyncio.run(all_of_them())
