"""The names a caller may ask for."""

from __future__ import annotations

from gateway.errors import GatewayError, nearest
from gateway.policy.compiled import Policy


def resolve_model(policy: Policy, name: str) -> bool:
    """True for a model or endpoint, False for an alias. Raises GatewayError model_not_found."""
    if name in policy.named:
        return True
    if name in policy.aliases or any(pattern.match(name) for pattern in policy.alias_globs):
        return False
    plain = [alias for alias in policy.aliases if "*" not in alias]
    shown = name if len(name) <= 80 else name[:77] + "…"
    way_out = nearest(name[:200], [*plain, *policy.catalog.models, *policy.named])
    raise GatewayError("model_not_found", f"no model is called `{shown}`; {way_out}", param="model")
