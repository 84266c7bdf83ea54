"""The accounts of a lone process."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from gateway.identity import Account, Subject, Team
from gateway.limits.account import (
    MINUTE_S,
    Denial,
    Reservation,
    Settlement,
    SpentSince,
    Used,
    nano,
    over_budget,
    over_rate,
    period,
    share_of,
    sliding,
    unreachable,
)
from gateway.limits.before import SpentBefore

_Key = tuple[Subject, bool, str]  # whose or where, whether policy.yaml says so, period


class _Meter:
    """A count of this clock minute and the one before."""

    __slots__ = ("current", "minute", "previous")

    def __init__(self) -> None:
        self.minute, self.previous, self.current = 0, 0.0, 0.0

    def level(self, at: float) -> float:
        self._turn(at)
        return sliding(self.previous, self.current, at)

    def add(self, amount: float, at: float) -> None:
        self._turn(at)
        self.current += amount

    def _turn(self, at: float) -> None:
        minute = int(at // MINUTE_S)
        if minute != self.minute:
            self.previous = self.current if minute == self.minute + 1 else 0.0
            self.minute, self.current = minute, 0.0


class MemoryAccounts:
    """Kept in this process. What was spent before it began is asked of the ledger, once for an account and period."""

    def __init__(self, spent_since: SpentSince):
        self._ledger = SpentBefore(spent_since)
        self._began: float | None = None  # all that is spent since then is counted here
        self._before: dict[_Key, int] = {}  # what the ledger said; nano-dollars
        self._spent: dict[_Key, int] = {}  # counted here, spent or set aside; nano-dollars
        self._reserved: dict[str, dict[int, Reservation]] = {}  # by request and attempt
        self._requests: dict[str, _Meter] = {}
        self._tokens: dict[str, _Meter] = {}

    async def enter(self, team: Team, tokens: int, at: float) -> Denial | Used | None:
        """See Accounts."""
        rate = team.rate
        if rate is None:
            return None
        requests = self._requests.setdefault(team.id, _Meter())
        used = self._tokens.setdefault(team.id, _Meter())
        if rate.requests_per_minute is not None and requests.level(at) + 1 > rate.requests_per_minute:
            return over_rate(team, "requests", rate.requests_per_minute, at)
        if rate.tokens_per_minute is not None and used.level(at) + tokens > rate.tokens_per_minute:
            return over_rate(team, "tokens", rate.tokens_per_minute, at)
        requests.add(1, at)
        used.add(tokens, at)
        return Used(ceil(requests.level(at)), ceil(used.level(at)))

    async def reserve(self, reservation: Reservation, at: float) -> Denial | None:
        """See Accounts."""
        if not await self._learn(reservation.shares, at):
            return unreachable(str(next(iter(reservation.shares))), "budget")
        if reservation.attempt in self._reserved.get(reservation.request_id, ()):
            return None
        for account, share in reservation.shares.items():
            if self._used(account, at) + share.amount > nano(account.budget.usd):
                return over_budget(account, at)
        self._reserved.setdefault(reservation.request_id, {})[reservation.attempt] = reservation
        for account, share in reservation.shares.items():
            self._add(account, share.amount, at)
        return None

    def settle(self, settlement: Settlement) -> None:
        """See Accounts."""
        for reservation in self._reserved.pop(settlement.request_id, {}).values():
            for account, share in reservation.shares.items():
                self._add(account, -share.amount, settlement.at)
        for account, cost in settlement.charges.items():
            self._add(account, cost, settlement.at)
        if settlement.team.rate is not None and settlement.output_tokens:
            self._tokens.setdefault(settlement.team.id, _Meter()).add(settlement.output_tokens, settlement.at)

    async def settle_late(self, settlement: Settlement) -> None:
        """See Accounts: who reserves here settles here."""

    def used_share(self, account: Account, at: float) -> float:
        """See Accounts."""
        return share_of(account, self._used(account, at))

    async def look(self, accounts: Iterable[Account], at: float) -> None:
        """See Accounts: nobody else spends."""
        await self._learn(accounts, at)

    async def close(self) -> None:
        """See Accounts: settled at once."""

    async def _learn(self, accounts: Iterable[Account], at: float) -> bool:
        """What was spent of these before; False if it cannot be known now."""
        if self._began is None:
            self._began = at
        for account in accounts:
            key, begins = _key(account, at)
            if key in self._before:
                continue
            try:  # of a period that begins while it runs, all is counted here
                before = 0 if begins >= self._began else await self._ledger.of(account, begins)
            except OSError:
                return False
            self._before.setdefault(key, before)
        return True

    def _add(self, account: Account, amount: int, at: float) -> None:
        key = _key(account, at)[0]
        self._spent[key] = self._spent.get(key, 0) + amount

    def _used(self, account: Account, at: float) -> int:
        key = _key(account, at)[0]
        return self._before.get(key, 0) + self._spent.get(key, 0)


def _key(account: Account, at: float) -> tuple[_Key, float]:
    name, begins, _ = period(account.budget, at)
    return (account.subject, account.by_policy, name), begins
