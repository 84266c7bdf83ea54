"""`gateway report savings`: what is saved against the baseline, at list price and as it would really have been used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.catalog.facts import Endpoint
from gateway.estimates import Snapshot
from gateway.outcome.row import Row
from gateway.outcome.savings import Baselines, Effective, Usual, credit, machines
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.report.effective import Groups, Key, Recorded, interval

NOTHING = Decimal(0)
HOUR_S = 3600.0
EARLIER = "the baseline of an earlier policy"
CENT_OF_A_CENT = Decimal("0.00000001")


class Forbidden(TypedDict):
    """Requests that a guard kept from the baseline: no saving can be claimed for them."""

    requests: int
    cost_usd: str


class AfterMeasuring(TypedDict):
    """Savings less what shadows, judge and probes cost."""

    list_savings_usd: str | None
    effective_savings_usd: str | None


class AtMachineCost(TypedDict):
    """Savings with own machines at their hours instead of their transfer price."""

    endpoints: list[str]  # own machines whose `usd_per_hour` is known
    transfer_usd: str  # what they were charged at
    actual_usd: str  # their hours, from the first request to the end of the last
    list_savings_usd: str | None
    effective_savings_usd: str | None


class ReEstimated(TypedDict):
    """Effective savings of the same requests by all that is known now, not by what was known when they were priced."""

    effective_savings_usd: str | None
    effective_interval_usd: list[str] | None


class ByCache(TypedDict):
    """What routes gave again; part of no other figure of the report."""

    answers: int
    saved_usd: str  # what they had cost


class SavingsReport(TypedDict):
    """Money in US dollars, as decimal texts; None: no baseline, or nothing answered.

    `list_savings_usd` and `effective_savings_usd` add up what requests recorded when they were priced, as Prometheus
    does; what rows of another maker, or of an earlier release, do not say is estimated by what is known now.
    `cost_per_answer_usd` is of answers that were made, not given again.
    `at_machine_cost`: None where no own machine says what its hour costs.
    """

    requests: int
    answered: int
    cost_usd: str
    list_savings_usd: str | None
    effective_savings_usd: str | None
    effective_interval_usd: list[str] | None  # [low, high], 95 %
    cost_per_answer_usd: str | None
    baseline_forbidden: Forbidden
    baselines: list[str]
    measuring_usd: str
    total_usd: str
    after_measuring: AfterMeasuring
    at_machine_cost: AtMachineCost | None
    re_estimated: ReEstimated
    by_cache: ByCache
    unpriced: int


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
    again: int = 0  # answers that were given again
    again_usd: Decimal = NOTHING  # what they had cost
    unpriced: int = 0  # requests at a time at which the baseline has no known price
    baselines: set[str] = field(default_factory=set)
    recorded: Recorded = field(default_factory=Recorded)
    unrecorded: Groups = field(default_factory=Groups)  # of rows that do not say what they were worth
    groups: Groups = field(default_factory=Groups)  # of all rows
    transfer_usd: Decimal = NOTHING  # of own machines whose hours have a price
    first_at: float = inf
    last_at: float = -inf


def savings(rows: Iterable[Row], policy: Policy, snapshot: Snapshot) -> SavingsReport:
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
        self._per_hour = machines(policy.endpoints)
        if policy.baseline is not None:
            self._sum.baselines.add(policy.baseline.id)

    def add(self, row: Row) -> None:
        found = self._sum
        if not row.is_measurement:
            found.first_at, found.last_at = min(found.first_at, row.received_at), max(found.last_at, row.ended)
            charged = [each.cost_usd or NOTHING for each in row.served if each.endpoint in self._per_hour]
            found.transfer_usd += sum(charged, NOTHING)
        _add(self._sum, row, self._terms, self._policy, self._baselines)

    def renew(self, snapshot: Snapshot) -> None:
        """What was learned meanwhile counts for every row."""
        self._baselines = Baselines(snapshot)
        self._sum.groups.renew(self._usual)
        self._sum.unrecorded.renew(self._usual)

    def _usual(self, key: Key) -> Usual:
        baseline, model, topic, language, _ = key
        endpoints = self._policy.catalog.endpoints
        rival = next((each for each in endpoints.values() if each.model.id == model), endpoints[baseline])
        return self._baselines.usual(endpoints[baseline], rival, topic, language)

    def report(self) -> SavingsReport:
        return _report(self._sum, self._per_hour)


def _add(found: _Sum, row: Row, terms: Terms, policy: Policy, baselines: Baselines) -> None:
    found.measuring_usd += row.measuring_usd
    if row.is_measurement:
        return
    cost, answered, baseline = row.cost_usd, terms.answered(row), terms.baseline(row)
    found.requests += 1
    found.answered += answered
    found.cost_usd += cost
    if row.is_kept_answer:
        found.again += 1
        found.again_usd += row.cache_saved_usd or NOTHING
    permitted = _permitted(row, baseline)
    if permitted is None:
        return
    found.baselines.add(baseline.id if baseline is not None else EARLIER)
    if not permitted:
        found.forbidden += 1
        found.forbidden_usd += cost
        return
    found.credited_cost_usd += cost
    if row.baseline_permitted:
        found.list_usd += row.baseline_list_usd or NOTHING
        _add_recorded(found, row, baseline, answered, policy)
    if baseline is not None and (answered or row.outcome == "left"):
        _add_credit(found, row, baseline, answered, policy, baselines)


def _permitted(row: Row, baseline: Endpoint | None) -> bool | None:
    """Whether the baseline might serve it: as it was recorded, else by what was removed. None: there was none."""
    if row.baseline_permitted:
        return True
    if baseline is None:
        return None
    return baseline.id not in (row.removed or ()) if row.baseline_permitted is None else False


def _add_recorded(found: _Sum, row: Row, baseline: Endpoint | None, answered: bool, policy: Policy) -> None:
    if row.baseline_effective_usd is None:
        return
    rival = policy.catalog.endpoints.get(row.last.endpoint) if row.last is not None else None
    key = (baseline.id if baseline else EARLIER, rival.model.id if rival else "", row.topic, row.language, answered)
    found.recorded.add(key, Effective(row.baseline_effective_usd, *row.baseline_effective_errors_usd))


def _add_credit(
    found: _Sum, row: Row, baseline: Endpoint, answered: bool, policy: Policy, baselines: Baselines
) -> None:
    served = row.last
    if served is None:
        return
    credited = credit(baseline, served.tokens, at=row.priced_at(served))
    if row.baseline_permitted is None:  # of another maker, who priced nothing
        found.list_usd += credited.list_usd if credited is not None else NOTHING
    if credited is None:
        found.unpriced += row.baseline_list_usd is None
        return
    rival = policy.catalog.endpoints.get(served.endpoint, baseline)
    how = baselines.usual(baseline, rival, row.topic, row.language)
    key = (baseline.id, rival.model.id, row.topic, row.language, answered)
    found.groups.add(key, how, credited)
    if row.baseline_effective_usd is None:
        found.unrecorded.add(key, how, credited)


def _at_machine_cost(
    found: _Sum, per_hour: Mapping[str, Decimal], list_usd: Decimal | None, effective: float | None
) -> AtMachineCost | None:
    if not per_hour or found.last_at < found.first_at:
        return None
    hours = Decimal(repr((found.last_at - found.first_at) / HOUR_S))
    actual = sum(per_hour.values(), NOTHING) * hours
    more = actual - found.transfer_usd
    return {
        "endpoints": sorted(per_hour),
        "transfer_usd": usd(found.transfer_usd),
        "actual_usd": rounded(actual),
        "list_savings_usd": rounded(list_usd - more) if list_usd is not None else None,
        "effective_savings_usd": rounded(effective - float(more)) if effective is not None else None,
    }


def _report(found: _Sum, per_hour: Mapping[str, Decimal]) -> SavingsReport:
    list_usd = effective = None
    between: list[str] | None = None
    again: ReEstimated = {"effective_savings_usd": None, "effective_interval_usd": None}
    if found.baselines:
        spent = float(found.credited_cost_usd)
        list_usd = found.list_usd - found.credited_cost_usd
        effective = found.recorded.usd + found.unrecorded.credit_usd - spent
        between = _between(spent, found.recorded, found.unrecorded)
        again = {
            "effective_savings_usd": rounded(found.groups.credit_usd - spent),
            "effective_interval_usd": _between(spent, found.groups) if found.recorded.usd else between,
        }
    measuring, made = found.measuring_usd, found.answered - found.again
    return {
        "requests": found.requests,
        "answered": found.answered,
        "cost_usd": usd(found.cost_usd),
        "list_savings_usd": usd(list_usd) if list_usd is not None else None,
        "effective_savings_usd": rounded(effective) if effective is not None else None,
        "effective_interval_usd": between,
        "cost_per_answer_usd": rounded(found.cost_usd / made) if made else None,
        "baseline_forbidden": {"requests": found.forbidden, "cost_usd": usd(found.forbidden_usd)},
        "baselines": sorted(found.baselines),
        "measuring_usd": usd(measuring),
        "total_usd": usd(found.cost_usd + measuring),
        "after_measuring": {
            "list_savings_usd": usd(list_usd - measuring) if list_usd is not None else None,
            "effective_savings_usd": rounded(effective - float(measuring)) if effective is not None else None,
        },
        "at_machine_cost": _at_machine_cost(found, per_hour, list_usd, effective),
        "re_estimated": again,
        "by_cache": {"answers": found.again, "saved_usd": usd(found.again_usd)},
        "unpriced": found.unpriced,
    }


def _between(spent: float, *sums: Groups | Recorded) -> list[str]:
    low, high = interval(*sums)
    return [rounded(low - spent), rounded(high - spent)]


def usd(money: Decimal) -> str:
    """Exact."""
    return format(money, "f")


def rounded(money: float | Decimal) -> str:
    """An estimate, or a quotient: eight digits behind the point."""
    return format(Decimal(money).quantize(CENT_OF_A_CENT), "f")
