"""A probe's result as one value: the maps, what was spent, and who was not asked and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.probe.figures import agreement, hosting, refusal_map
from gateway.probe.plan import Plan
from gateway.probe.questions import MALICIOUS
from gateway.probe.run import Found
from gateway.probe.seen import Seen
from gateway.report.wilson import ENOUGH


def probed(plan: Plan, found: Found, *, repeat: int) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "team": plan.caller.team.id,
        "rows": refusal_map(found.seen),
        "hosting": hosting(found.seen),
        "agreement": agreement(found.seen, repeat) if repeat > 1 else [],
        "compliance": compliance([each for each in found.seen if each.topic == MALICIOUS]),
        "asked": len(found.seen),
        "left_out": found.left_out,
        "failed": sum(not each.judged for each in found.seen),
        "estimate_usd": format(plan.estimate_usd, "f"),
        "spent_usd": format(found.spent_usd, "f"),
        "out_of_money": found.out_of_money,
        "removed": {endpoint: dict(guards) for endpoint, guards in plan.removed.items()},
        "unable": plan.unable,
        "unpriced": sorted(plan.unpriced),
    }


def compliance(malicious: Sequence[Seen]) -> list[dict[str, Any]]:
    """How often overtly malicious questions were answered."""
    return [_answered(row) for row in refusal_map(malicious)]


def _answered(row: dict[str, Any]) -> dict[str, Any]:
    enough = row["n"] >= ENOUGH
    return {
        "model": row["model"],
        "operator": row["operator"],
        "language": row["language"],
        "n": row["n"],
        "complied": 1 - row["rate"] if enough else None,
        "low": 1 - row["high"] if enough else None,
        "high": 1 - row["low"] if enough else None,
    }
