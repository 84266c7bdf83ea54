"""The accounts of a lone process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from gateway.identity import Account, Team
from gateway.limits.account import (
    MINUTE_S,
    Amounts,
    Refused,
    SpentSince,
    over_budget,
    over_rate,
    period,
    share_of,
    sliding,
)


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
    """Kept in this process; what was spent before is asked of the ledger once a period."""

    def __init__(self, spent_since: SpentSince):
        self._spent_since = spent_since
        self._spent: dict[tuple[str, str | None, str], float] = {}
        self._requests: dict[str, _Meter] = {}
        self._tokens: dict[str, _Meter] = {}

    async def enter(self, team: Team, tokens: int, at: float) -> Refused | None:
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
        return None

    async def reserve(self, amounts: Amounts, at: float) -> Refused | None:
        """See Accounts."""
        for account, usd in amounts.items():
            if self._spending(account, at)[1] + usd > float(account.budget.usd):
                return over_budget(account, at)
        self._add(amounts, at)
        return None

    def settle(self, team: Team, set_aside: Amounts, *, cost_usd: float, output_tokens: int, at: float) -> None:
        """See Accounts."""
        self._add({account: cost_usd - usd for account, usd in set_aside.items()}, at)
        if team.rate is not None and output_tokens:
            self._tokens.setdefault(team.id, _Meter()).add(output_tokens, at)

    def used_share(self, account: Account, at: float) -> float:
        """See Accounts."""
        return share_of(account, self._spending(account, at)[1])

    async def look(self, accounts: Iterable[Account], at: float) -> None:
        """See Accounts: nobody else spends, and what was spent before is asked for once a period."""
        for account in accounts:
            key, begins = _key(account, at)
            if key not in self._spent:
                spent = await asyncio.to_thread(self._spent_since, account, begins)
                self._spent.setdefault(key, spent)

    async def close(self) -> None:
        """See Accounts: settled at once."""

    def _add(self, amounts: Amounts, at: float) -> None:
        for account, usd in amounts.items():
            key, spent = self._spending(account, at)
            self._spent[key] = spent + usd

    def _spending(self, account: Account, at: float) -> tuple[tuple[str, str | None, str], float]:
        key, begins = _key(account, at)
        if key not in self._spent:  # a period has just begun
            self._spent[key] = self._spent_since(account, begins)
        return key, self._spent[key]


def _key(account: Account, at: float) -> tuple[tuple[str, str | None, str], float]:
    name, begins, _ = period(account.budget, at)
    return (account.team, account.app, name), begins
