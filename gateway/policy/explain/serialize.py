"""A decision as plain data: what `explain --json` prints."""

from __future__ import annotations

from typing import Any

from gateway.identity import Team
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.explain.chance import apart
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN, Value


def plain_decision(decision: Decision, team: Team | None) -> dict[str, Any]:
    """Ready for JSON."""
    return {
        "refused": not decision.endpoints,
        "route": decision.route.name,
        "endpoints": [endpoint.id for endpoint in decision.endpoints],
        "removed": explanation.removed(decision),
        "unable": explanation.unable(decision),
        "signals": {name: plain_signal(name, value) for name, value in decision.signals.items()},
        "why": [*explanation.sentences(decision), *apart(decision, team)],
        "policy_version": decision.policy.version,
        **({"waived": waived} if (waived := explanation.waived(decision)) else {}),
    }


def plain_signal(name: str, value: Value) -> Any:
    """Sets as lists, in declared order where the words are, the unknown as `unknown`."""
    if isinstance(value, frozenset):
        declared = SIGNALS[name].words
        return sorted(value) if declared is None else [word for word in declared if word in value]
    return "unknown" if value is UNKNOWN else value
