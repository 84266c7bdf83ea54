"""A recorded request, decided again: what another maker's row leaves out comes from the folder. Pure."""

from __future__ import annotations

from typing import Any

from gateway.estimates import Snapshot
from gateway.outcome.row import Row
from gateway.policy.compiled import Compiled
from gateway.policy.decision import Decision
from gateway.policy.explain.redecide import decide_again


def decided_again(compiled: Compiled, row: Row, snapshot: Snapshot) -> Decision:
    """By this folder, at the request's own time and view."""
    return decide_again(compiled.policy, _whole(compiled, row), at=row.received_at, estimates=snapshot)


def _whole(compiled: Compiled, row: Row) -> dict[str, Any]:
    signals = dict(row.signals)
    team = compiled.keyring.teams.get(row.team or "")
    if "residency" not in signals and team is not None:
        signals["residency"] = team.residency
    if "model_known" not in signals:
        signals["model_known"] = signals.get("model") in compiled.policy.named
    if "language" not in signals:
        signals["language"] = None
    return {
        "signals": signals,
        "team": row.team,
        "app": row.app,
        "view": row.view,
        "policy_version": row.policy_version,
    }
