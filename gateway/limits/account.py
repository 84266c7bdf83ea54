"""What callers have used: rates over a sliding minute, spending over a UTC period. Pure; time is an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from gateway.identity import Account, Budget, Team

MINUTE_S = 60.0
Amounts = Mapping[Account, float]  # US dollars
SpentSince = Callable[[Account, float], float]  # what the ledger says: US dollars since then; reads a database


@dataclass(frozen=True, slots=True)
class Refused:
    """A bound was reached."""

    by: Literal["budget", "rate", "unreachable"]
    said: str
    retry_after_s: float
    ceiling: tuple[str, str] | None = None  # of what, and how much


class Accounts(Protocol):
    """Where the counts are kept: in this process, or shared through Redis."""

    async def enter(self, team: Team, tokens: int, at: float) -> Refused | None:
        """Counts one request of so many prompt tokens against the team's rates, or says which is reached."""

    async def reserve(self, amounts: Amounts, at: float) -> Refused | None:
        """Sets all these amounts aside, or none and says which budget does not reach."""

    def settle(self, team: Team, set_aside: Amounts, *, cost_usd: float, output_tokens: int, at: float) -> None:
        """What was spent takes the place of what was set aside, in each of these accounts. Never awaits.

        `at`: when the request was received.
        """

    def used_share(self, account: Account, at: float) -> float:
        """Share of the budget that is spent or set aside, as last known."""

    async def look(self, accounts: Iterable[Account], at: float) -> None:
        """Learns what was spent of these, before and by others."""

    async def close(self) -> None:
        """Waits for what is being settled; cut short, it says what could not be."""


def period(budget: Budget, at: float) -> tuple[str, float, float]:
    """(name, start, end) of the UTC period that `at` falls in."""
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if budget.per == "day":
        name, start, end = f"{day:%Y-%m-%d}", day, day + timedelta(days=1)
    elif budget.per == "week":
        start = day - timedelta(days=day.weekday())
        name, end = f"{start:%G-W%V}", start + timedelta(days=7)
    else:
        start = day.replace(day=1)
        name, end = f"{day:%Y-%m}", (start + timedelta(days=32)).replace(day=1)
    return name, start.timestamp(), end.timestamp()


def sliding(previous: float, current: float, at: float) -> float:
    """The last minute's count, from those of this and the previous clock minute."""
    return previous * (1.0 - at % MINUTE_S / MINUTE_S) + current


def over_rate(team: Team, what: str, limit: int, at: float) -> Refused:
    """The team's rate is reached."""
    said = f"team `{team.id}` may send {limit:,} {what} a minute"
    return Refused("rate", said, MINUTE_S - at % MINUTE_S, (what, str(limit)))


def over_budget(account: Account, at: float) -> Refused:
    """The budget is spent."""
    name, _, ends = period(account.budget, at)
    who = f"team `{account.team}`" if account.app is None else f"app `{account.app}` of team `{account.team}`"
    said = f"{who} has spent its budget of {account.budget.usd} USD for {name}"
    return Refused("budget", said, ends - at, ("usd", str(account.budget.usd)))


def share_of(account: Account, spent: float) -> float:
    """Of its budget; a budget of nothing is always spent."""
    return spent / float(account.budget.usd) if account.budget.usd else 1.0
