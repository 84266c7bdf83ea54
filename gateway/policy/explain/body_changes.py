"""What a route and its endpoints do to the bodies that they are sent, in words."""

from __future__ import annotations

from gateway.catalog.facts import Endpoint
from gateway.catalog.rows import Parameters
from gateway.policy.decision import Decision

_SHOWN = 6


def changes(decision: Decision) -> list[str]:
    """One sentence for the route, and one for each of the first endpoints that has parameters of its own."""
    if not decision.endpoints:
        return []
    route = decision.route
    told = [f"route `{route.name}` {_said(route.parameters)}"] if route.parameters is not None else []
    own: list[tuple[Endpoint, Parameters]] = [
        (each, each.parameters) for each in decision.endpoints if each.parameters is not None
    ]
    return told + [f"{endpoint.id} {_said(parameters)}" for endpoint, parameters in own[:_SHOWN]]


def _said(parameters: Parameters) -> str:
    """Names and bounds; values that are added may be long."""
    added = [name for name, _ in parameters.add]
    parts = [
        f"leaves out {_listed(sorted(parameters.drop))}" if parameters.drop else "",
        f"adds {_listed(added)} where the caller says nothing" if added else "",
        f"bounds the output at {parameters.max_tokens:,} tokens" if parameters.max_tokens is not None else "",
    ]
    return "; ".join(filter(None, parts))


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
