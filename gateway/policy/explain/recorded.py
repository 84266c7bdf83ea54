"""A recorded request in words: why it went where it went, by the policy of its day, and what came of each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.policy.compiled import Policy
from gateway.policy.explain import explanation
from gateway.policy.explain.redecide import decide_again


def why(row: Mapping[str, Any], policy: Policy | None) -> list[str]:
    """Sentence by sentence. `policy`: that of the row's version; None if it is kept no more."""
    if row["policy_version"] is None:
        told = ["it was stopped before a decision was made"]
    elif policy is not None:
        told = list(explanation.sentences(decide_again(policy, row, at=0.0)))
    else:
        told = [f"decided under policy {row['policy_version']}, which is kept no more; `removed` says what it removed"]
    told += [f"{endpoint} was passed over: {reason}" for endpoint, reason in (row.get("passed_over") or {}).items()]
    return told + [_tried(number, attempt) for number, attempt in enumerate(row["attempts"], 1)]


def _tried(number: int, attempt: Mapping[str, Any]) -> str:
    purpose = attempt.get("purpose", "serve")
    what = (
        f"attempt {number}{'' if purpose == 'serve' else f' ({purpose})'}: {attempt['endpoint']} {attempt['outcome']}"
    )
    failed = f" ({attempt['failure']})" if attempt.get("failure") else ""
    adapted = attempt.get("adapted") or []
    changed = f"; adapted for it: {', '.join(adapted)}" if adapted else ""
    return f"{what}{failed}{changed}"
