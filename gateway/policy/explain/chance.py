"""What chance may add to a decision, told apart from it: canary, shadow, exploration. Pure."""

from __future__ import annotations

from gateway.identity import Team
from gateway.policy.decision import Decision
from gateway.policy.rules import Share
from gateway.policy.select.canary import obstacle
from gateway.policy.select.shadow_eligibility import kept_from


def apart(decision: Decision, team: Team | None) -> list[str]:
    """One sentence each. `team`: None if it is not known whose request it is."""
    route, told = decision.route, []
    if route.canary is not None:
        told.append(_share("canary", route.canary, obstacle(decision)))
    if route.shadow is not None:
        allow = team.allow if team is not None else frozenset({"shadow"})
        told.append(_share("shadow", route.shadow, kept_from(decision, route.shadow.endpoint, "shadow", allow)))
    if route.exploration != "none":
        told.append(f"exploration: {route.exploration} draws each conversation's order, not part of this decision")
    return told


def _share(name: str, share: Share, obstacle: str | None) -> str:
    told = f"{name}: {share.percent:g} % to {share.endpoint.id}, not part of this decision"
    return f"{told}; none for this request: {obstacle}" if obstacle else told
