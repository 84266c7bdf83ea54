"""What callers have used: rates over a sliding minute, spending over a UTC period. Pure; time is an argument.

Money is counted in whole nano-dollars: sums are exact, in this process and in Redis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Literal, Protocol

from gateway.identity import Account, Budget, Team

MINUTE_S = 60.0
NANO = 1_000_000_000  # nano-dollars of a US dollar
SpentSince = Callable[[Account, float], Decimal]  # what the ledger says: US dollars since then; reads a database


@dataclass(frozen=True, slots=True)
class Denial:
    """A bound was reached."""

    by: Literal["budget", "rate", "unreachable"]
    message: str
    retry_after_s: float
    ceiling: tuple[str, str] | None = None  # of what, and how much
    account: Account | None = None  # whose budget it is


@dataclass(frozen=True, slots=True)
class Used:
    """What a team has sent in the last minute, the request included that has just entered."""

    requests: int
    tokens: int  # of prompts, as estimated, and of answers that have ended


@dataclass(frozen=True, slots=True)
class Share:
    """What one attempt sets aside of one budget, in nano-dollars."""

    amount: int  # its worst case, while it may run
    estimate: int  # what it counts as once its lease is over and nobody has said what it cost


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one attempt sets aside: all of it or nothing. Made twice it counts once."""

    request_id: str  # by which all its attempts are settled
    attempt: int  # which of the request's, from 1
    shares: Mapping[Account, Share]
    lease_s: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a request cost takes the place of all that its attempts set aside."""

    request_id: str
    team: Team
    charges: Mapping[Account, int]  # nano-dollars: what each account is charged
    output_tokens: int
    at: float  # when it was received, seconds since the epoch

    @property
    def cost(self) -> int:
        """The whole of it, in nano-dollars."""
        return max(self.charges.values(), default=0)


class Accounts(Protocol):
    """Where the counts are kept: in this process, or shared through Redis."""

    async def enter(self, team: Team, tokens: int, at: float) -> Denial | Used | None:
        """Counts one request of so many prompt tokens against the team's rates, or says which is reached.

        None: the team has no rate.
        """

    async def reserve(self, reservation: Reservation, at: float) -> Denial | None:
        """Sets all its shares aside, or none and says which budget does not reach.

        A request whose reservation was `unreachable` must be settled too: it may have been counted all the same.
        """

    def settle(self, settlement: Settlement) -> None:
        """Once a request, however it ended. Never awaits."""

    async def settle_late(self, settlement: Settlement) -> None:
        """From a record of a worker that may not have settled: replaces what is still reserved, if anything is."""

    def used_share(self, account: Account, at: float) -> float:
        """Share of the budget that is spent or set aside, as last known."""

    async def look(self, accounts: Iterable[Account], at: float) -> None:
        """Learns what was spent of these, before and by others. What cannot be learned stays as it was known."""

    async def close(self) -> None:
        """Waits for what is being settled; cut short, it says what could not be."""


def nano(usd: Decimal) -> int:
    """US dollars in whole nano-dollars, never less than they are."""
    return int((usd * NANO).to_integral_value(ROUND_CEILING))


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


def over_rate(team: Team, what: str, limit: int, at: float) -> Denial:
    """The team's rate is reached."""
    message = f"team `{team.id}` may send {limit:,} {what} a minute"
    return Denial("rate", message, MINUTE_S - at % MINUTE_S, (what, str(limit)))


def over_budget(account: Account, at: float) -> Denial:
    """The budget is spent."""
    name, _, ends = period(account.budget, at)
    usd = f"budget of {account.budget.usd} USD for {name}"
    message = f"{account} has spent its {usd}" if account.place is None else f"the {usd} at {account} is spent"
    return Denial("budget", message, ends - at, ("usd", str(account.budget.usd)), account)


def unreachable(whose: str, by: str) -> Denial:
    """What cannot be counted is not spent."""
    return Denial("unreachable", f"the {by} of {whose} cannot be counted: the shared state is out of reach", 1.0)


def share_of(account: Account, spent: int) -> float:
    """Of its budget; a budget of nothing is always spent."""
    return spent / nano(account.budget.usd) if account.budget.usd else 1.0
