"""`gateway report savings`: what is saved against the baseline, at list price and as it would really have been used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.estimates import Snapshot
from gateway.outcome.row import Row
from gateway.outcome.savings import Baselines, Usual, credit
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.report.effective import Groups, Key

NOTHING = Decimal(0)
CENT_OF_A_CENT = Decimal("0.00000001")


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    answered: int = 0
    cost_usd: Decimal = NOTHING
    list_usd: Decimal = NOTHING
    credited_cost_usd: Decimal = NOTHING  # of the requests that the baseline may serve
    measuring_usd: Decimal = NOTHING
    forbidden: int = 0
    forbidden_usd: Decimal = NOTHING
    unpriced: int = 0  # requests at a time at which the baseline has no known price
    baselines: set[str] = field(default_factory=set)
    groups: Groups = field(default_factory=Groups)


def savings(rows: Iterable[Row], policy: Policy, snapshot: Snapshot) -> dict[str, Any]:
    """The report as JSON; what is saved is null where the policy names no baseline."""
    fold = Savings(policy, snapshot)
    for row in rows:
        fold.add(row)
    return fold.report()


class Savings:
    """The report row by row, for those who want it again and again while rows come in."""

    def __init__(self, policy: Policy, snapshot: Snapshot):
        self._policy = policy
        self._terms = Terms(policy)
        self._baselines = Baselines(snapshot)
        self._sum = _Sum()
        if policy.baseline is not None:
            self._sum.baselines.add(policy.baseline.id)

    def add(self, row: Row) -> None:
        _add(self._sum, row, self._terms, self._policy, self._baselines)

    def renew(self, snapshot: Snapshot) -> None:
        """What was learned meanwhile counts for every row."""
        self._baselines = Baselines(snapshot)
        self._sum.groups.renew(self._usual)

    def _usual(self, key: Key) -> Usual:
        baseline, model, topic, language, _ = key
        endpoints = self._policy.catalog.endpoints
        rival = next((each for each in endpoints.values() if each.model.id == model), endpoints[baseline])
        return self._baselines.usual(endpoints[baseline], rival, topic, language)

    def report(self) -> dict[str, Any]:
        return _report(self._sum)


def _add(found: _Sum, row: Row, terms: Terms, policy: Policy, baselines: Baselines) -> None:
    found.measuring_usd += row.measuring_usd
    if row.is_measurement:
        return
    cost, answered, baseline = row.cost_usd, terms.answered(row), terms.baseline(row)
    found.requests += 1
    found.answered += answered
    found.cost_usd += cost
    if baseline is None:
        return
    found.baselines.add(baseline.id)
    if baseline.id in (row.removed or ()):
        found.forbidden += 1
        found.forbidden_usd += cost
        return
    found.credited_cost_usd += cost
    if answered or row.outcome == "left":
        _add_credit(found, row, baseline, answered, policy, baselines)


def _add_credit(
    found: _Sum, row: Row, baseline: Endpoint, answered: bool, policy: Policy, baselines: Baselines
) -> None:
    served = row.last
    if served is None:
        return
    credited = credit(baseline, served.tokens, at=row.priced_at(served))
    settled = row.baseline_list_usd if row.policy_version == policy.version else None  # never priced again
    list_usd = credited.list_usd if settled is None and credited is not None else settled
    found.list_usd += list_usd or 0
    if credited is None:
        found.unpriced += list_usd is None
        return
    rival = policy.catalog.endpoints.get(served.endpoint, baseline)
    how = baselines.usual(baseline, rival, row.topic, row.language)
    found.groups.add((baseline.id, rival.model.id, row.topic, row.language, answered), how, credited)


def _report(found: _Sum) -> dict[str, Any]:
    list_usd = effective = interval = None
    if found.baselines:
        spent = float(found.credited_cost_usd)
        list_usd = found.list_usd - found.credited_cost_usd
        low, high = found.groups.interval()
        effective, interval = found.groups.credit_usd - spent, [rounded(low - spent), rounded(high - spent)]
    return {
        "requests": found.requests,
        "answered": found.answered,
        "cost_usd": usd(found.cost_usd),
        "list_savings_usd": usd(list_usd),
        "effective_savings_usd": rounded(effective),
        "effective_interval_usd": interval,
        "cost_per_answer_usd": rounded(found.cost_usd / found.answered) if found.answered else None,
        "baseline_forbidden": {"requests": found.forbidden, "cost_usd": usd(found.forbidden_usd)},
        "baselines": sorted(found.baselines),
        "measuring_usd": usd(found.measuring_usd),
        "total_usd": usd(found.cost_usd + found.measuring_usd),
        "after_measuring": {
            "list_savings_usd": usd(list_usd - found.measuring_usd if list_usd is not None else None),
            "effective_savings_usd": rounded(effective - float(found.measuring_usd) if effective is not None else None),
        },
        "unpriced": found.unpriced,
    }


def usd(money: Decimal | None) -> str | None:
    return None if money is None else format(money, "f")


def rounded(money: float | Decimal | None) -> str | None:
    """An estimate, or a quotient: eight digits behind the point."""
    return None if money is None else format(Decimal(money).quantize(CENT_OF_A_CENT), "f")
