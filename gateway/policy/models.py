"""The names a caller may ask for."""

from __future__ import annotations

from gateway.errors import GatewayError, near
from gateway.policy.compiled import Policy

LONG = "[1m]"  # by which Anthropic's clients ask for a long context: a property of the model here


def named_as(policy: Policy, name: str) -> str:
    """The name that is looked up: with the mark of a long context where something is called so, else without."""
    known = name in policy.named or name in policy.aliases
    return name if known or not name.endswith(LONG) else name.removesuffix(LONG)


def resolve_model(policy: Policy, name: str) -> bool:
    """True for a model or endpoint, False for an alias. Raises GatewayError model_not_found."""
    if name in policy.named:
        return True
    if name in policy.aliases or any(pattern.match(name) for pattern in policy.alias_globs):
        return False
    aliases = [alias for alias in policy.aliases if "*" not in alias]
    shown = name if len(name) <= 80 else name[:77] + "…"
    said = f"no model is called `{shown}`; {_way_out(name[:200], aliases, [*policy.catalog.models, *policy.named])}"
    raise GatewayError("model_not_found", said, param="model")


def _way_out(name: str, aliases: list[str], models: list[str]) -> str:
    """A near name, or the policy's own and how to see the rest: a catalogue has hundreds."""
    if (found := near(name, [*aliases, *models])) is not None:
        return f"did you mean `{found}`?"
    ours = f"ask for {' or '.join(f'`{alias}`' for alias in aliases[:8])}, or " if aliases else ""
    return f"{ours}see GET /v1/models for what your key may ask for"
