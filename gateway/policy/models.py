"""The names a caller may ask for."""

from __future__ import annotations

from gateway.errors import GatewayError, near
from gateway.policy.compiled import Policy

OURS = ("auto",)  # never a name of somebody else's: what cases and `explain` take where nothing is said
LONG = "[1m]"  # by which Anthropic's clients ask for a long context: a property of the model here


def named_as(policy: Policy, name: str) -> str:
    """The name that is looked up: with the mark of a long context where something is called so, else without."""
    known = name in policy.named or name in policy.aliases
    return name if known or not name.endswith(LONG) else name.removesuffix(LONG)


def resolve_model(policy: Policy, name: str) -> bool:
    """True for a model or endpoint, False for an alias, or a name that may be passed on.

    Raises GatewayError model_not_found.
    """
    if name in policy.named:
        return True
    if is_alias(policy, name) or passes_on(policy, name):
        return False
    raise not_found(policy, name)


def is_alias(policy: Policy, name: str) -> bool:
    """True if the policy declares it, or a pattern that it fits."""
    return name in policy.aliases or any(pattern.match(name) for pattern in policy.alias_globs)


def passes_on(policy: Policy, name: str) -> bool:
    """True if it may go to an operator as it is: neither known nor an alias, where the policy passes such names on."""
    return policy.passes and name not in (*OURS, "") and name not in policy.named and not is_alias(policy, name)


def not_found(policy: Policy, name: str) -> GatewayError:
    """What whoever asks for this name is told."""
    aliases = [alias for alias in policy.aliases if "*" not in alias]
    shown = name if len(name) <= 80 else name[:77] + "…"
    said = f"no model is called `{shown}`; {_way_out(name[:200], aliases, [*policy.catalog.models, *policy.named])}"
    return GatewayError("model_not_found", said, param="model")


def _way_out(name: str, aliases: list[str], models: list[str]) -> str:
    """A near name, or the policy's own and how to see the rest: a catalogue has hundreds."""
    if (found := near(name, [*aliases, *models])) is not None:
        return f"did you mean `{found}`?"
    ours = f"ask for {' or '.join(f'`{alias}`' for alias in aliases[:8])}, or " if aliases else ""
    return f"{ours}see GET /v1/models for what your key may ask for"
