"""The accounts of a lone process."""

from __future__ import annotations

from collections.abc import Callable

from gateway.identity import Budget, Team
from gateway.limits.account import MINUTE_S, Refused, over_budget, over_rate, period, sliding


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
    """Kept in this process; what a team spent before is asked of the ledger once a period."""

    def __init__(self, spent_since: Callable[[str, float], float]):
        """`spent_since`: US dollars by team id and start of the period (seconds since the epoch)."""
        self._spent_since = spent_since
        self._spent: dict[tuple[str, str], float] = {}
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

    async def reserve(self, team: Team, usd: float, at: float) -> Refused | None:
        """See Accounts."""
        budget = team.budget
        if budget is None:
            return None
        key, spent = self._spending(team, budget, at)
        if spent + usd > float(budget.usd):
            return over_budget(team, budget, at)
        self._spent[key] = spent + usd
        return None

    def settle(self, team: Team, *, reserved_usd: float, spent_usd: float, output_tokens: int, at: float) -> None:
        """See Accounts."""
        if team.budget is not None:
            key, spent = self._spending(team, team.budget, at)
            self._spent[key] = spent + spent_usd - reserved_usd
        if team.rate is not None and output_tokens:
            self._tokens.setdefault(team.id, _Meter()).add(output_tokens, at)

    def used_share(self, team: Team, at: float) -> float:
        """See Accounts."""
        budget = team.budget
        if budget is None:
            return 0.0
        if not budget.usd:
            return 1.0
        return self._spending(team, budget, at)[1] / float(budget.usd)

    def _spending(self, team: Team, budget: Budget, at: float) -> tuple[tuple[str, str], float]:
        name, begins, _ = period(budget, at)
        key = (team.id, name)
        if key not in self._spent:
            self._spent[key] = self._spent_since(team.id, begins)
        return key, self._spent[key]
