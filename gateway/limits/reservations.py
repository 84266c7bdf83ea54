"""Reservations: what each attempt sets aside of its budgets and what is given back; a rate token for the request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.identity import Account, Budget, Caller, Keyring, Team
from gateway.limits.account import Accounts, Denial, Reservation, Settlement, Share, nano
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.policy.permit import Permit, Purpose, permit

_NOBODY = Team("", "any", "public", frozenset(), None, None)  # asks for shadow, judge and probe
CODES = {"budget": "budget_exceeded", "rate": "rate_limit_exceeded", "unreachable": "overloaded"}
SETTLING_S = 60.0  # beyond the time that a request may take, until one that was never settled lapses
CostOf = Callable[[Endpoint, RequestState], Decimal | None]  # US dollars of one attempt; None: no known price


class Admission:
    """The step between decision and dispatch."""

    def __init__(
        self, accounts: Accounts, worst_case_usd: CostOf, expected_usd: CostOf, places: Sequence[Account] = ()
    ):
        """`places`: budgets of the policy that bound what anybody spends somewhere."""
        self._accounts = accounts
        self._places = tuple(places)
        self._at: dict[Endpoint, tuple[Account, ...]] = {}  # those of each endpoint that was asked for
        self._worst_case_usd = worst_case_usd
        self._expected_usd = expected_usd

    def used_share(self, account: Account, at: float) -> float:
        """Share of this budget that is spent or set aside."""
        return self._accounts.used_share(account, at)

    def budget_used(self, caller: Caller, at: float) -> float:
        """The signal of that name: of the tightest of its budgets; 0 without one."""
        accounts = caller.accounts
        return max([self._accounts.used_share(account, at) for account in accounts]) if accounts else 0.0

    async def look(self, keyring: Keyring, at: float) -> None:
        """Learns what others have spent of all budgets."""
        await self._accounts.look(keyring.accounts, at)

    async def enter(self, trail: RequestState) -> None:
        """Raises GatewayError `rate_limit_exceeded`; `request_too_large` where to come back would never help."""
        team = trail.caller.team
        if team.rate is None:
            return
        most = team.rate.tokens_per_minute
        if most is not None and trail.prompt_tokens > most:
            trail.refused_by = "rate"
            words = f"this request alone has about {trail.prompt_tokens:,} tokens, and team `{team.id}` may send"
            words += f" {most:,} a minute: send less at once, or have its `rate` raised"
            raise GatewayError("request_too_large", words)
        denial = await self._accounts.enter(team, trail.prompt_tokens, trail.request.arrival.received_at)
        if isinstance(denial, Denial):
            raise self._stop(trail, denial)
        if denial is not None:
            bounds = (("requests", team.rate.requests_per_minute), ("tokens", most))
            trail.rates = tuple([(name, top, max(0, top - getattr(denial, name))) for name, top in bounds if top])

    async def admit(self, trail: RequestState, endpoint: Endpoint) -> Permit | GatewayError:
        """An error if a budget does not reach for this endpoint. Raises PermissionError for what is not permitted."""
        purpose: Purpose = "canary" if endpoint is trail.decision.canary else "serve"
        return await self._admit(trail, endpoint, purpose, trail.caller.accounts)

    def beside(self, purpose: Purpose) -> Callable[[RequestState, Endpoint], Awaitable[Permit | GatewayError]]:
        """Admits what no caller asked: no team's budget pays for it, those of places do."""

        async def admit(trail: RequestState, endpoint: Endpoint) -> Permit | GatewayError:
            return await self._admit(trail, endpoint, purpose, ())

        return admit

    async def _admit(
        self, trail: RequestState, endpoint: Endpoint, purpose: Purpose, accounts: Sequence[Account]
    ) -> Permit | GatewayError:
        made = permit(trail.request.id, trail.decision, endpoint, purpose=purpose)
        if not accounts and not self._places:
            return made
        charged = [each for each in (*accounts, *self._places_of(endpoint)) if _bounds(each.budget, endpoint)]
        if not charged:
            return made
        worst = self._worst_case_usd(endpoint, trail)
        if worst == 0:
            return made
        if worst is None and endpoint.passes:  # nobody knows what it is, so nobody could guess
            words = f"{endpoint.id} has no price, and this key has a budget: its row needs `prices`"
            return GatewayError("no_permitted_endpoint", words)
        if trail.uncounted is not None:  # a second wait would be in vain
            return trail.uncounted
        short = _short_before(trail, endpoint, charged, worst)
        if short is not None:
            return short
        trail.reservations += 1
        estimate = self._expected_usd(endpoint, trail)
        reservation = Reservation(
            request_id=trail.request.id,
            attempt=trail.reservations,
            shares={account: _share(account, worst, estimate) for account in charged},
            lease_s=trail.decision.limits.total_s + SETTLING_S,
        )
        trail.charged.update(account for account in charged if account.place)
        denial = await self._accounts.reserve(reservation, trail.request.arrival.received_at)
        if denial is None:
            return made
        error = self._stop(trail, denial)
        if denial.account is not None and worst is not None:
            trail.short[denial.account] = (worst, error)
            _pass_over(trail, endpoint, denial.account)
        return error

    def _places_of(self, endpoint: Endpoint) -> tuple[Account, ...]:
        found = self._at.get(endpoint)
        if found is None:
            at = {("operator", endpoint.operator.id), ("endpoint", endpoint.id), ("model", endpoint.model.id)}
            found = self._at[endpoint] = tuple([each for each in self._places if each.place in at])
        return found

    def settle(self, outcome: Outcome, trail: RequestState) -> None:
        """When the Outcome is known: what was really spent takes the place of what was set aside."""
        team = outcome.caller.team
        tokens = sum(attempt.usage.output_tokens for attempt in outcome.attempts) if team.rate is not None else 0
        charged = outcome.caller.accounts if trail.reservations or outcome.cost_usd else ()
        self._settle(outcome, trail, charged, tokens)

    def settle_beside(self, outcome: Outcome, trail: RequestState) -> None:
        """The same of what no caller asked."""
        self._settle(outcome, trail, (), 0)

    def _settle(self, outcome: Outcome, trail: RequestState, accounts: Sequence[Account], tokens: int) -> None:
        if self._places:
            asked = [account for attempt in outcome.attempts for account in self._places_of(attempt.endpoint)]
            accounts = tuple(dict.fromkeys((*accounts, *asked, *trail.charged)))
        if accounts or tokens:
            charges = charges_of(accounts, outcome.cost_usd, spent_of(outcome))
            received_at = outcome.request.arrival.received_at
            self._accounts.settle(Settlement(outcome.request.id, outcome.caller.team, charges, tokens, received_at))

    def _stop(self, trail: RequestState, denial: Denial) -> GatewayError:
        trail.refused_by = denial.by if denial.account is None else denial.account.label
        code, wait_s = CODES[denial.by], denial.retry_after_s
        error = GatewayError(code, denial.message, retry_after_s=wait_s, ceiling=denial.ceiling)
        if denial.by == "unreachable":
            trail.uncounted = error
        return error


@dataclass(frozen=True, slots=True)
class Spent:
    """What one attempt cost, and where."""

    endpoint: str
    model: str
    operator: str
    usd: Decimal


def spent_of(outcome: Outcome) -> list[Spent]:
    """By every attempt, whatever its purpose."""
    return [
        Spent(each.endpoint.id, each.endpoint.model.id, each.endpoint.operator.id, each.cost_usd)
        for each in outcome.attempts
    ]


def charges_of(accounts: Iterable[Account], cost_usd: Decimal, attempts: Sequence[Spent]) -> dict[Account, int]:
    """What each account is charged, in nano-dollars: of a place what was spent there, else what the request cost."""
    charges: dict[Account, int] = {}
    for account in accounts:
        usd = cost_usd
        if account.place is not None:
            kind, name = account.place
            usd = sum((each.usd for each in attempts if getattr(each, kind) == name), Decimal(0))
        charges[account] = nano(usd)
    return charges


def settlement_of(
    keyring: Keyring,
    request_id: str,
    spender: tuple[str, str | None] | None,
    cost_usd: Decimal,
    attempts: Sequence[Spent],
    at: float,
) -> Settlement | None:
    """Of a recorded request, for `Accounts.settle_late`; None if no budget bounds it.

    `spender`: team and app; None: no caller asked it.
    """
    team, app = spender or ("", None)
    owner = keyring.teams.get(team, _NOBODY) if spender is not None else _NOBODY
    charged = [each for each in owner.accounts if each.app in (None, app)]
    charges = charges_of([*charged, *keyring.places], cost_usd, attempts)
    return Settlement(request_id, owner, charges, 0, at) if charges else None


def _share(account: Account, worst: Decimal | None, expected: Decimal | None) -> Share:
    """Without a known price, all that the budget holds."""
    if worst is None or expected is None:
        return Share(*[nano(account.budget.usd or Decimal(1))] * 2)
    return Share(nano(worst), nano(expected))


def _short_before(
    trail: RequestState, endpoint: Endpoint, charged: Sequence[Account], worst: Decimal | None
) -> GatewayError | None:
    """Of a budget that did not reach for less a moment ago: it is not asked again for every endpoint."""
    for account in charged if trail.short and worst is not None else ():
        known = trail.short.get(account)
        if known is not None and worst is not None and worst >= known[0]:
            _pass_over(trail, endpoint, account)
            return known[1]
    return None


def _pass_over(trail: RequestState, endpoint: Endpoint, account: Account) -> None:
    """Others may be asked though the budget of this place is spent; a team's is the caller's own matter."""
    if account.place is not None:
        trail.passed_over.setdefault(endpoint.id, account.label)


def _bounds(budget: Budget, endpoint: Endpoint) -> bool:
    """Own machines are open to those whose budget is spent, where it says so."""
    return not (budget.when_spent == "self_only" and endpoint.hosting == "self")
