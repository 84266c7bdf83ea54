"""`gateway report rules`: what each guard removed, whom it stopped, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.catalog.facts import Endpoint
from gateway.estimates import Snapshot
from gateway.outcome.row import Row
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.decision import Decision
from gateway.policy.explain.rule_cost import RulePrices, blocked_adoption, price_of_rules
from gateway.report.redecide import decided_again

ALL = "all"
SEVERAL = "several"
OTHER = "other"  # no guard to blame, and the row does not say what it was


class RuleRow(TypedDict):
    """What one guard removed, denied and cost (US dollars); the last row, `all`, is of every guard together."""

    guard: str
    removed: int  # requests from which it removed an endpoint
    denied: int
    marginal_usd: str
    alone_usd: str
    overlap_usd: str
    blocked_adoption: int  # requests that it kept from cheaper Chinese weights
    blocked_adoption_usd: str


class RulesReport(TypedDict):
    """In the order of the policy, `all` last."""

    rows: list[RuleRow]


@dataclass(slots=True)
class _Sum:
    removed: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    marginal: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    together: float = 0.0
    blocked_usd: Counter[str] = field(default_factory=Counter)
    kept_off: int = 0  # requests that some guard kept from cheaper Chinese weights
    kept_off_usd: float = 0.0  # what the cheapest of those weights would have saved them
    guarded: int = 0  # requests from which some guard removed something


def rules(
    rows: Iterable[Row], compiled: Compiled, snapshot: Snapshot, has_key: Callable[[Endpoint], bool] | None = None
) -> RulesReport:
    """The report as JSON. `has_key`: adoption is blocked of those alone that could be asked; None: of all.

    Marginal prices do not add up: `overlap_usd` is what rules cost only together.

    Of a guard, overlap is alone less marginal; of `all`, what all cost less the sum of the marginals.
    """
    found = _Sum()
    among = -1 if has_key is None else keyed(compiled.policy, has_key)
    for row in rows:
        if row.is_measurement:
            continue
        decision = decided_again(compiled, row, snapshot)
        found.guarded += bool(row.removed)
        found.removed.update({guard for guards in (row.removed or {}).values() for guard in guards})
        if row.outcome == "denied":
            found.denied[row.denied_by or _denied_by(row, decision)] += 1
        if row.is_kept_answer:
            continue  # nobody was asked, whatever was removed
        blocking = blocked_adoption(decision, among)
        found.blocked.update(blocking.keys())
        found.blocked_usd.update(blocking)
        found.kept_off += bool(blocking)
        found.kept_off_usd += max(blocking.values(), default=0.0)
        prices = prices_of(row.rules_usd) or price_of_rules(decision)
        found.marginal.update(prices.marginal)
        found.alone.update(prices.alone)
        found.together += prices.together
    return {"rows": _rows(found, [guard.name for guard in compiled.policy.guards])}


def prices_of(recorded: Mapping[str, Any]) -> RulePrices | None:
    """What a request recorded when it was priced, as Prometheus counts it; None: nothing."""
    if not recorded:
        return None
    return RulePrices(recorded.get("marginal", {}), recorded.get("alone", {}), recorded["all"])


def keyed(policy: Policy, has_key: Callable[[Endpoint], bool]) -> int:
    """The mask of the endpoints that can be asked."""
    return sum(1 << endpoint.index for endpoint in policy.endpoints if has_key(endpoint))


def _denied_by(row: Row, decision: Decision) -> str:
    """The one guard whose lifting alone leaves an endpoint, by what the row says was removed."""
    able = decision.proposed & ~decision.incapable
    blamed: set[str] = set()
    removed = row.removed or {}
    for endpoint in decision.policy.endpoints:
        if able >> endpoint.index & 1 and len(guards := set(removed.get(endpoint.id, ()))) == 1:
            blamed |= guards
    if len(blamed) == 1:
        return blamed.pop()
    return SEVERAL if removed else OTHER


def _rows(found: _Sum, guards: list[str]) -> list[RuleRow]:
    others = sorted((found.removed.keys() | found.denied.keys() | found.marginal.keys()) - set(guards))
    rows: list[RuleRow] = [
        {
            "guard": guard,
            "removed": found.removed[guard],
            "denied": found.denied[guard],
            "marginal_usd": _usd(found.marginal[guard]),
            "alone_usd": _usd(found.alone[guard]),
            "overlap_usd": _usd(found.alone[guard] - found.marginal[guard]),
            "blocked_adoption": found.blocked[guard],
            "blocked_adoption_usd": _usd(found.blocked_usd[guard]),
        }
        for guard in [*guards, *others]
    ]
    return [*rows, _together(found)]


def _together(found: _Sum) -> RuleRow:
    return {
        "guard": ALL,
        "removed": found.guarded,
        "denied": sum(found.denied.values()),
        "marginal_usd": _usd(found.together),
        "alone_usd": _usd(found.together),
        "overlap_usd": _usd(found.together - sum(found.marginal.values())),
        "blocked_adoption": found.kept_off,
        "blocked_adoption_usd": _usd(found.kept_off_usd),
    }


def _usd(money: float) -> str:
    return f"{round(money, 8) + 0.0:.8f}"  # and no negative zero
