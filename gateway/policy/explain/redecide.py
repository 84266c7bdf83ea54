"""Decides a recorded request again: the ledger keeps the signals and the view that a decision was made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from gateway.estimates import Snapshot
from gateway.policy.compiled import Policy
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.view import View
from gateway.signals.table import SIGNALS, empty_signals
from gateway.signals.value import UNKNOWN, Signals


def decide_again(policy: Policy, row: Mapping[str, Any], *, at: float, estimates: Snapshot | None = None) -> Decision:
    """The decision that `policy` makes of a ledger row. `at`: when the request came, if its view does not say."""
    view = row.get("view") or {}
    ours = row.get("policy_version") == policy.version
    frozen = tuple((str(selector), str(value)) for selector, value in view.get("frozen") or ())
    return decide(
        policy,
        signals_of(row),
        View(
            at=view.get("at", at),
            draw=view.get("draw"),
            frozen=frozen,
            conversation=view.get("conversation"),
            canary_stands="canary" in view if ours else None,
            max_tokens=view.get("max_tokens"),
            estimates=estimates,
        ),
    )


def signals_of(row: Mapping[str, Any]) -> Signals:
    """The signals as they were measured; those the row does not hold are unknown, which helps no request."""
    written = {"team": row.get("team"), "app": row.get("app"), **(row.get("signals") or {})}
    signals: Signals = {**_unwritten(), **{name: written[name] for name in written.keys() & SIGNALS.keys()}}
    for name, value in written.items():
        if value == "unknown" and name in SIGNALS and SIGNALS[name].form != "word":
            signals[name] = UNKNOWN
        elif isinstance(value, list) and name in SIGNALS:
            signals[name] = frozenset(value)
    return signals


@cache
def _unwritten() -> Signals:
    return {name: empty_signals()[name] if name in _ABSENT else UNKNOWN for name in SIGNALS}


_ABSENT = frozenset({"tag", "budget_used", "residency", "model_known"})  # rows of other makers leave these out
