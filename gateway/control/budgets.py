"""GET /api/budgets: what may be spent and asked, what of it is used, as workers said a second ago, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from time import time

from fastapi import APIRouter, Request

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.roles import sees
from gateway.control.shapes import problems
from gateway.control.shapes_of_budgets import BudgetShown, BudgetsShown, CeilingShown
from gateway.control.state import State
from gateway.identity import Account
from gateway.limits.account import period
from gateway.policy.compiled import Policy
from gateway.record import heartbeat
from gateway.threads import FILES

CENT_OF_A_CENT = Decimal("0.0001")
_TEAM, _APP, _BY_POLICY = (
    "gateway_budget_used_ratio",
    "gateway_app_budget_used_ratio",
    "gateway_policy_budget_used_ratio",
)
_CEILING = "gateway_ceiling_used_ratio"
Used = Mapping[tuple[str, ...], float]  # by the metric's name and its labels

router = APIRouter(
    prefix="/api/budgets", tags=["budgets"], dependencies=[TOKEN], route_class=Guarded, responses=problems(401, 503)
)


@router.get("", response_model=BudgetsShown)
async def budgets(request: Request) -> BudgetsShown:
    """Budgets of teams, apps, operators, endpoints and models, and endpoints' ceilings; the fullest first.

    An administrator of some teams sees those of these teams alone.
    """
    state: State = request.app.state.control
    compiled, admin, at = state.served.compiled, asking(request), time()
    used = await FILES.run(_used, None, state.settings.state_dir)
    shown = [
        _budget(account, used, at)
        for account in compiled.keyring.accounts
        if (sees(admin, account.team) if account.team else admin.teams is None)
    ]
    full = list(_ceilings(compiled.policy, used)) if admin.teams is None else []
    return BudgetsShown(
        budgets=sorted(shown, key=lambda row: -(row.used or 0.0)),
        ceilings=sorted(full, key=lambda row: -(row.used or 0.0)),
    )


def _used(state_dir: Path) -> Used:
    """As the worker that knows of most says."""
    found: dict[tuple[str, ...], float] = {}
    for beat in heartbeat.beats(state_dir).values():
        for name in (_TEAM, _APP, _BY_POLICY, _CEILING):
            for labels, share in beat.gauges.get(name, ()):
                key = (name, *labels)
                found[key] = max(share, found.get(key, 0.0))
    return found


def _budget(account: Account, used: Used, at: float) -> BudgetShown:
    of, id = account.place or (("app", account.app) if account.app is not None else ("team", account.team))
    budget = account.budget
    if account.place is not None or account.by_policy:
        share = used.get((_BY_POLICY, of, id, budget.per))
    else:
        share = used.get((_TEAM, account.team) if account.app is None else (_APP, account.team, account.app))
    spent = None if share is None else min(Decimal(repr(share)), Decimal(10**6)) * budget.usd
    return BudgetShown(
        of=of,
        id=id,
        team=account.team or None,
        usd=format(budget.usd, "f"),
        per=budget.per,
        when_spent=budget.when_spent,
        used=share,
        used_usd=None if spent is None else _usd(spent),
        left_usd=None if spent is None else _usd(max(budget.usd - spent, Decimal(0))),
        ends_at=period(budget, at)[2],
        written_in="policy.yaml" if account.place is not None or account.by_policy else "callers.yaml",
    )


def _ceilings(policy: Policy, used: Used) -> Iterator[CeilingShown]:
    for endpoint in policy.endpoints:
        if endpoint.ceilings is not None:
            for name, most in asdict(endpoint.ceilings).items():
                if most is not None:
                    share = used.get((_CEILING, endpoint.id, name))
                    yield CeilingShown(endpoint=endpoint.id, ceiling=name, most=most, used=share)


def _usd(money: Decimal) -> str:
    return format(money.quantize(CENT_OF_A_CENT), "f")
