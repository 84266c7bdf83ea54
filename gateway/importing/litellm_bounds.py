"""Ceilings and budgets of deployments and providers: those that LiteLLM holds are written, others are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.importing.draft import Draft
from gateway.importing.litellm_callers import PERIODS
from gateway.importing.litellm_deployments import Deployment, provider_of
from gateway.importing.litellm_names import number as amount
from gateway.importing.litellm_names import plain
from gateway.importing.litellm_shape import listed
from gateway.source.peer import Path

_MOST = 10**12
_ENFORCING = frozenset({"usage-based-routing", "usage-based-routing-v2"})  # strategies that pass over what is full
_RATES = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute"}


def read_bounds(draft: Draft, data: Mapping[str, Any], deployments: Sequence[Deployment]) -> None:
    """Fills `ceilings` of endpoints, and `budgets`."""
    router = data.get("router_settings") or {}
    checks = listed(router.get("optional_pre_call_checks"))
    enforced = router.get("routing_strategy") in _ENFORCING or "enforce_model_rate_limits" in checks
    named = {"max_parallel_requests": "at_once"} | (_RATES if enforced else {})
    for found in deployments:
        for theirs, ours in named.items():
            _ceiling(draft, found, theirs, ours)
        usd, per = amount(found.params.get("max_budget")), PERIODS.get(str(found.params.get("budget_duration")))
        if usd is not None and usd >= 0 and per is not None:
            _budget(draft, {"handle": found.handle}, usd, per)
            inside = (*found.path, "litellm_params")
            draft.findings.carried((*inside, "max_budget"), (*inside, "budget_duration"))
    providers = router.get("provider_budget_config")
    for provider, row in (providers if isinstance(providers, dict) else {}).items():
        _provider(draft, str(provider), row, deployments)


def _ceiling(draft: Draft, found: Deployment, theirs: str, ours: str) -> None:
    most = amount(found.params.get(theirs))
    if most is None or not 1 <= most < _MOST:
        return
    ceilings = draft.wanted[found.handle].ceilings
    ceilings[ours] = min(int(most), ceilings.get(ours, _MOST))  # of two names for one endpoint the tighter
    draft.findings.carried((*found.path, "litellm_params", theirs))


def _provider(draft: Draft, provider: str, row: object, deployments: Sequence[Deployment]) -> None:
    path: Path = ("router_settings", "provider_budget_config", provider)
    said = row if isinstance(row, dict) else {}
    usd = amount(said.get("budget_limit", said.get("max_budget")))
    per = PERIODS.get(str(said.get("time_period", said.get("budget_duration"))))
    at = sorted({_operator(draft, each) for each in deployments if _provider_of(each) == provider})
    if not at:
        draft.findings.tell("held_nothing", path, "no deployment that was imported is of this provider")
        return
    if usd is None or usd < 0 or per is None:
        words = "spending at this provider was bounded for a period that is none here: write `budgets: [{operator: …, "
        draft.findings.tell("lost", path, f"{words}usd: …, per: day | week | month}}]`")
        return
    for operator in at:
        _budget(draft, {"operator": operator}, usd, per)
    draft.findings.carried(path)
    if len(at) > 1:
        words = f"one budget of all of {', '.join(at)} there; here each of them has it"
        draft.findings.tell("lost", path, words)


def _budget(draft: Draft, of: dict[str, Any], usd: float, per: str) -> None:
    """Two for one thing and period are the smaller."""
    for known in draft.budgets:
        if all(known.get(key) == value for key, value in of.items()) and known["per"] == per:
            known["usd"] = min(known["usd"], plain(usd))
            return
    draft.budgets.append({**of, "usd": plain(usd), "per": per})


def _provider_of(deployment: Deployment) -> str | None:
    base = deployment.params.get("api_base") or deployment.params.get("base_url")
    found = provider_of(deployment.model, str(base) if base else None, deployment.params)
    return found[0] if found is not None else None


def _operator(draft: Draft, deployment: Deployment) -> str:
    id = str(draft.wanted[deployment.handle].row["id"])
    return id.partition("@")[2].partition("/")[0]
