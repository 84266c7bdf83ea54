"""Who may see a copy of a prompt: a shadow or a judge, as far as team, class, guards and the request let it. Pure."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from gateway.catalog.facts import Endpoint
from gateway.interfaces import one_model
from gateway.policy.decision import Decision

CLASSES = frozenset({"public", "internal"})
_ELSEWHERE = frozenset({"stored_state", "hosted_tools"})  # what a second request would do twice, or not find


def kept_from(
    decision: Decision, endpoint: Endpoint, purpose: Literal["shadow", "judge"], allow: Container[str]
) -> str | None:
    """Why `endpoint` may not see this request; None if it may. `allow`: what the team allows."""
    if purpose not in allow:
        return f"the team does not allow `{purpose}`"
    if decision.signals.get("data_class") not in CLASSES:
        return "its class is above `internal`"
    if not decision.permits(endpoint):
        return "it is removed or cannot serve this request"
    return _no_twin(decision) if purpose == "shadow" else None


def _no_twin(decision: Decision) -> str | None:
    """Why a request cannot be sent a second time."""
    needs = decision.signals.get("needs")
    if not isinstance(needs, frozenset) or needs & _ELSEWHERE:
        return "it needs stored state or hosted tools"
    return "embeddings of two models cannot be compared" if one_model(decision.signals.get("kind")) else None
