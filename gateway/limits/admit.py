"""Admission: a rate token for the request, then for each attempt a permit with its share of the budget set aside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.identity import Account, Budget, Caller, Keyring
from gateway.limits.account import Accounts, Refused
from gateway.outcome.outcome import Outcome
from gateway.outcome.trail import Reservation, Trail
from gateway.policy.permit import Permit, Purpose, permit

CODES = {"budget": "budget_exceeded", "rate": "rate_limit_exceeded", "unreachable": "overloaded"}
WorstCase = Callable[[Endpoint, Trail], Decimal | None]


class Admission:
    """The step between decision and dispatch."""

    def __init__(self, accounts: Accounts, worst_case_usd: WorstCase):
        self._accounts = accounts
        self._worst_case_usd = worst_case_usd

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

    async def enter(self, trail: Trail) -> None:
        """Raises GatewayError `rate_limit_exceeded`."""
        team = trail.caller.team
        if team.rate is None:
            return
        refused = await self._accounts.enter(team, trail.prompt_tokens, trail.request.arrival.received_at)
        if refused is not None:
            raise self._stop(trail, refused)

    async def admit(self, trail: Trail, endpoint: Endpoint) -> Permit | GatewayError:
        """An error if a budget does not reach for this endpoint. Raises PermissionError for what is not permitted."""
        purpose: Purpose = "canary" if endpoint is trail.decision.canary else "serve"
        made = permit(trail.request.id, trail.decision, endpoint, purpose=purpose)
        charged = [each for each in trail.caller.accounts if _bounds(each.budget, endpoint)]
        if not charged:
            return made
        worst = self._worst_case_usd(endpoint, trail)
        if worst == 0:
            return made
        amounts = {account: float((account.budget.usd or 1) if worst is None else worst) for account in charged}
        refused = await self._accounts.reserve(amounts, trail.request.arrival.received_at)
        if refused is not None:
            return self._stop(trail, refused)
        made.reservation = Reservation(amounts)
        trail.reservations.append(made.reservation)
        return made

    def settle(self, outcome: Outcome, trail: Trail) -> None:
        """When the Outcome is known: what was really spent takes the place of what was set aside."""
        team, accounts = outcome.caller.team, outcome.caller.accounts
        if not accounts and team.rate is None:
            return
        set_aside = dict.fromkeys(accounts, 0.0)
        for reservation in trail.reservations:
            for account, usd in reservation.amounts.items():
                set_aside[account] += usd
        self._accounts.settle(
            team,
            set_aside,
            cost_usd=float(outcome.cost_usd),
            output_tokens=sum(attempt.usage.output_tokens for attempt in outcome.attempts),
            at=trail.request.arrival.received_at,
        )

    def _stop(self, trail: Trail, refused: Refused) -> GatewayError:
        trail.refused_by = refused.by
        code, wait_s = CODES[refused.by], refused.retry_after_s
        return GatewayError(code, refused.said, retry_after_s=wait_s, ceiling=refused.ceiling)


def _bounds(budget: Budget, endpoint: Endpoint) -> bool:
    """Own machines are open to those whose budget is spent, where it says so."""
    return not (budget.when_spent == "self_only" and endpoint.hosting == "self")
