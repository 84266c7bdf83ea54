"""Reservations: what each attempt sets aside of its budgets and what is given back; a rate token for the request."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.identity import Account, Budget, Caller, Keyring
from gateway.limits.account import Accounts, Denial, Reservation, Settlement, Share, nano
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.policy.permit import Permit, Purpose, permit

CODES = {"budget": "budget_exceeded", "rate": "rate_limit_exceeded", "unreachable": "overloaded"}
SETTLING_S = 60.0  # beyond the time that a request may take, until one that was never settled lapses
CostOf = Callable[[Endpoint, RequestState], Decimal | None]  # US dollars of one attempt; None: no known price


class Admission:
    """The step between decision and dispatch."""

    def __init__(self, accounts: Accounts, worst_case_usd: CostOf, expected_usd: CostOf):
        self._accounts = accounts
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
        """Raises GatewayError `rate_limit_exceeded`."""
        team = trail.caller.team
        if team.rate is None:
            return
        denial = await self._accounts.enter(team, trail.prompt_tokens, trail.request.arrival.received_at)
        if denial is not None:
            raise self._stop(trail, denial)

    async def admit(self, trail: RequestState, endpoint: Endpoint) -> Permit | GatewayError:
        """An error if a budget does not reach for this endpoint. Raises PermissionError for what is not permitted."""
        purpose: Purpose = "canary" if endpoint is trail.decision.canary else "serve"
        made = permit(trail.request.id, trail.decision, endpoint, purpose=purpose)
        charged = [each for each in trail.caller.accounts if _bounds(each.budget, endpoint)]
        if not charged:
            return made
        worst = self._worst_case_usd(endpoint, trail)
        if worst == 0:
            return made
        if trail.uncounted is not None:  # a second wait would be in vain
            return trail.uncounted
        trail.reservations += 1
        estimate = self._expected_usd(endpoint, trail)
        reservation = Reservation(
            request_id=trail.request.id,
            attempt=trail.reservations,
            shares={account: _share(account, worst, estimate) for account in charged},
            lease_s=trail.decision.limits.total_s + SETTLING_S,
        )
        denial = await self._accounts.reserve(reservation, trail.request.arrival.received_at)
        return made if denial is None else self._stop(trail, denial)

    def settle(self, outcome: Outcome, trail: RequestState) -> None:
        """When the Outcome is known: what was really spent takes the place of what was set aside."""
        team = outcome.caller.team
        tokens = sum(attempt.usage.output_tokens for attempt in outcome.attempts) if team.rate is not None else 0
        charged = outcome.caller.accounts if trail.reservations or outcome.cost_usd else ()
        if charged or tokens:
            received_at = outcome.request.arrival.received_at
            cost = nano(outcome.cost_usd)
            self._accounts.settle(Settlement(outcome.request.id, team, charged, cost, tokens, received_at))

    def _stop(self, trail: RequestState, denial: Denial) -> GatewayError:
        trail.refused_by = denial.by
        code, wait_s = CODES[denial.by], denial.retry_after_s
        error = GatewayError(code, denial.message, retry_after_s=wait_s, ceiling=denial.ceiling)
        if denial.by == "unreachable":
            trail.uncounted = error
        return error


def settlement_of(
    keyring: Keyring, *, request_id: str, team: str, app: str | None, cost_usd: Decimal, at: float
) -> Settlement | None:
    """Of a recorded request, for `Accounts.settle_late`; None if it has no budget."""
    owner = keyring.teams.get(team)
    charged = () if owner is None else tuple([each for each in owner.accounts if each.app in (None, app)])
    return Settlement(request_id, owner, charged, nano(cost_usd), 0, at) if owner is not None and charged else None


def _share(account: Account, worst: Decimal | None, expected: Decimal | None) -> Share:
    """Without a known price, all that the budget holds."""
    if worst is None or expected is None:
        return Share(*[nano(account.budget.usd or Decimal(1))] * 2)
    return Share(nano(worst), nano(expected))


def _bounds(budget: Budget, endpoint: Endpoint) -> bool:
    """Own machines are open to those whose budget is spent, where it says so."""
    return not (budget.when_spent == "self_only" and endpoint.hosting == "self")
