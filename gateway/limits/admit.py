"""Admission: a rate token for the request, then for each attempt a permit with its share of the budget set aside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.errors import GatewayError
from gateway.identity import Team
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

    def budget_used(self, team: Team, at: float) -> float:
        """The signal of that name."""
        return self._accounts.used_share(team, at)

    async def enter(self, trail: Trail) -> None:
        """Raises GatewayError `rate_limit_exceeded`."""
        team = trail.caller.team
        if team.rate is None:
            return
        refused = await self._accounts.enter(team, trail.prompt_tokens, trail.request.arrival.received_at)
        if refused is not None:
            raise self._stop(trail, refused)

    async def admit(self, trail: Trail, endpoint: Endpoint) -> Permit | GatewayError:
        """An error if the budget does not reach for this endpoint. Raises PermissionError for what is not permitted."""
        purpose: Purpose = "canary" if endpoint is trail.decision.canary else "serve"
        made = permit(trail.request.id, trail.decision, endpoint, purpose=purpose)
        team, at = trail.caller.team, trail.request.arrival.received_at
        if team.budget is None or (team.budget.when_spent == "self_only" and endpoint.hosting == "self"):
            return made
        worst = self._worst_case_usd(endpoint, trail)
        usd = float(worst) if worst is not None else float(team.budget.usd)
        if not usd:
            return made
        refused = await self._accounts.reserve(team, usd, at)
        if refused is not None:
            return self._stop(trail, refused)
        made.reservation = Reservation(usd)
        trail.reservations.append(made.reservation)
        return made

    def settle(self, outcome: Outcome, trail: Trail) -> None:
        """When the Outcome is known: what was really spent takes the place of what was set aside."""
        team = outcome.caller.team
        if team.budget is None and team.rate is None:
            return
        self._accounts.settle(
            team,
            reserved_usd=sum(reservation.usd for reservation in trail.reservations),
            spent_usd=float(outcome.cost_usd),
            output_tokens=sum(attempt.usage.output_tokens for attempt in outcome.attempts),
            at=trail.request.arrival.received_at,
        )

    def _stop(self, trail: Trail, refused: Refused) -> GatewayError:
        trail.refused_by = refused.by
        code, wait_s = CODES[refused.by], refused.retry_after_s
        return GatewayError(code, refused.said, retry_after_s=wait_s, ceiling=refused.ceiling)
