"""What the console shows of all requests, kept up row by row as they come. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.estimates import PRIORS, Snapshot
from gateway.outcome.row import REFUSALS, SERVING, Row, Tried, read_row
from gateway.outcome.savings import credit
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.policy.decision import Decision
from gateway.policy.explain.redecide import decide_again
from gateway.policy.explain.rule_cost import blocked_adoption, price_of_rules
from gateway.report.dimensions import place_of
from gateway.report.refusal_map import RefusalMap
from gateway.report.rules import keyed, prices_of
from gateway.report.savings import Savings
from gateway.report.timeline import Timeline

Json = dict[str, Any]
DECISIONS = 25  # the last of them are listed
FIRST_BYTES = 200  # an endpoint's last, of which the median is shown
NOWHERE = "none"  # the request reached no endpoint
CACHE = "cache"  # it was given an answer again


@dataclass(slots=True)
class _Origin:
    requests: int = 0
    cost_usd: Decimal = Decimal(0)


@dataclass(slots=True)
class _Rule:
    removed: int = 0
    denied: int = 0
    marginal_usd: float = 0.0
    blocked_adoption: int = 0
    blocked_adoption_usd: float = 0.0


@dataclass(slots=True)
class _Health:
    attempts: int = 0
    failed: int = 0
    cost_usd: Decimal = Decimal(0)
    failures: Counter[str] = field(default_factory=Counter)
    first_bytes_s: deque[float] = field(default_factory=lambda: deque(maxlen=FIRST_BYTES))


@dataclass(slots=True)
class _Elsewhere:
    """What refusals led to."""

    requests: int = 0  # that went to another endpoint after one
    cost_usd: Decimal = Decimal(0)  # of the attempts they went on from
    cut_midway: int = 0  # replies that a filter ended after they had begun


class Overview:
    """Of one policy. Requests are told in the shape in which `record` hands rows out, each once."""

    def __init__(self, policy: Policy, has_key: Callable[[Endpoint], bool] | None = None):
        """`has_key`: adoption is blocked of those alone that could be asked; None: of all."""
        self._policy = policy
        self._keyed = -1 if has_key is None else keyed(policy, has_key)
        self._terms = Terms(policy)
        self._origin_of = place_of(policy.catalog, "origin")
        self._simulated = {id for id, endpoint in policy.catalog.endpoints.items() if endpoint.source == "simulated"}
        self._requests = 0
        self._simulated_requests = 0
        self._first_at: float | None = None
        self._outcomes: Counter[str] = Counter()
        self._origins: dict[tuple[str, bool], _Origin] = defaultdict(_Origin)
        self._shares, self._money = Timeline(), Timeline()
        self._savings = Savings(policy, PRIORS)
        self._rules = {guard.name: _Rule() for guard in policy.guards}
        self._together_usd = 0.0
        self._refusals = RefusalMap(policy)
        self._elsewhere = _Elsewhere()
        self._endpoints: dict[str, _Health] = {}
        self._decisions: deque[Json] = deque(maxlen=DECISIONS)

    def add(self, json: Json, snapshot: Snapshot) -> float:
        """When it ended. `snapshot`: what is known by now, by which the rules' prices are worked out."""
        row = read_row(json)
        self._savings.add(row)
        self._refusals.add(row)
        self._add_elsewhere(row, went_on=bool(json.get("rerouted")))
        if row.is_measurement:
            return row.ended
        at = row.received_at
        self._requests += 1
        self._first_at = at if self._first_at is None else min(self._first_at, at)
        self._outcomes[row.outcome] += 1
        self._add_origin(row, at)
        self._add_money(row)
        self._add_rules(row, decide_again(self._policy, json, at=at, estimates=snapshot))
        for attempt, told in zip(row.attempts, json["attempts"], strict=True):
            self._add_health(attempt, told.get("failure"))
        self._decisions.append(self._listed(row, json))
        return row.ended

    def plain(self, snapshot: Snapshot, *, resting: Container[str]) -> Json:
        """Ready for JSON. `resting`: endpoints that are not asked at present."""
        self._savings.renew(snapshot)
        return {
            "policy": self._policy.version,
            "since": self._first_at,
            "requests": self._requests,
            "simulated_requests": self._simulated_requests,
            "outcomes": dict(self._outcomes),
            "adoption": self._adoption(),
            "money": self._money.plain(),
            "savings": self._savings.report(),
            "rules": self._priced_rules(),
            "refusals": self._refused(),
            "endpoints": [self._healthy(id, resting) for id in sorted(self._endpoints)],
            "decisions": sorted(self._decisions, key=lambda told: -told["at"]),
        }

    def _add_origin(self, row: Row, at: float) -> None:
        """The request is its last attempt's; each attempt's cost is its own endpoint's."""
        key = self._origin(row.last, CACHE if row.is_kept_answer else NOWHERE)
        self._simulated_requests += key[1]
        self._origins[key].requests += 1
        self._shares.add(at, _named(key), 1.0)
        for attempt in row.served:
            self._origins[self._origin(attempt)].cost_usd += attempt.cost_usd or 0

    def _origin(self, attempt: Tried | None, nowhere: str = NOWHERE) -> tuple[str, bool]:
        if attempt is None:
            return nowhere, False
        return self._origin_of(attempt.endpoint)[0], attempt.endpoint in self._simulated

    def _add_money(self, row: Row) -> None:
        """What was paid, and what the same tokens cost at the baseline's list price, where it may serve them."""
        self._money.add(row.ended, "cost_usd", float(row.cost_usd))
        baseline, served = self._terms.baseline(row), row.last
        if baseline is None or served is None or baseline.id in (row.removed or ()):
            return
        if not (self._terms.answered(row) or row.outcome == "left"):
            return
        credited = credit(baseline, served.tokens, at=row.priced_at(served), list_usd=row.baseline_list_usd)
        if credited is not None:
            self._money.add(row.ended, "baseline_usd", float(credited.list_usd))

    def _add_rules(self, row: Row, decision: Decision) -> None:
        for guard in {guard for guards in (row.removed or {}).values() for guard in guards}:
            self._rules.setdefault(guard, _Rule()).removed += 1
        if row.denied_by is not None:
            self._rules.setdefault(row.denied_by, _Rule()).denied += 1
        if row.is_kept_answer:
            return  # nobody was asked, whatever was removed
        prices = prices_of(row.rules_usd) or price_of_rules(decision)
        for guard, usd in prices.marginal.items():
            self._rules.setdefault(guard, _Rule()).marginal_usd += usd
        for guard, usd in blocked_adoption(decision, self._keyed).items():
            self._rules[guard].blocked_adoption += 1
            self._rules[guard].blocked_adoption_usd += usd
        self._together_usd += prices.together

    def _add_elsewhere(self, row: Row, *, went_on: bool) -> None:
        refused = [attempt for attempt in row.served if attempt.outcome in REFUSALS]
        self._elsewhere.cut_midway += sum(
            attempt.outcome == "filtered" and attempt.tokens.output_tokens > 0 for attempt in refused
        )
        if went_on:
            self._elsewhere.requests += 1
            self._elsewhere.cost_usd += sum(attempt.cost_usd or 0 for attempt in refused if attempt is not row.last)

    def _add_health(self, attempt: Tried, failure: str | None) -> None:
        health = self._endpoints.setdefault(attempt.endpoint, _Health())
        health.attempts += 1
        health.cost_usd += attempt.cost_usd or 0
        if attempt.outcome == "failed":
            health.failed += 1
            health.failures[failure or "unknown"] += 1
        if attempt.first_byte_s is not None:
            health.first_bytes_s.append(attempt.first_byte_s)

    def _listed(self, row: Row, json: Json) -> Json:
        last = row.last
        return {
            "request_id": row.request_id,
            "at": row.received_at,
            "team": row.team,
            "app": row.app,
            "route": row.route,
            "model": row.signals.get("model"),
            "stream": bool(row.signals.get("stream")),
            "topic": row.topic,
            "outcome": row.outcome,
            "denied_by": row.denied_by,
            "endpoint": last.endpoint if last else None,
            "simulated": last is not None and last.endpoint in self._simulated,
            "attempts": sum(attempt.purpose in SERVING for attempt in row.attempts),
            "cost_usd": format(row.cost_usd, "f"),
            "total_s": json.get("total_s"),
        }

    def _adoption(self) -> Json:
        ordered = sorted(self._origins, key=lambda key: (-self._origins[key].requests, key))
        rows = [
            {
                "key": _named(key),
                "origin": key[0],
                "simulated": key[1],
                "requests": self._origins[key].requests,
                "share": self._origins[key].requests / self._requests,
                "cost_usd": format(self._origins[key].cost_usd, "f"),
            }
            for key in ordered
        ]
        return {"rows": rows, **self._shares.plain()}

    def _priced_rules(self) -> Json:
        reasons = {guard.name: guard.why for guard in self._policy.guards}
        rows = [
            {
                "guard": name,
                "why": reasons.get(name),
                "removed": rule.removed,
                "denied": rule.denied,
                "marginal_usd": rule.marginal_usd,
                "blocked_adoption": rule.blocked_adoption,
                "blocked_adoption_usd": rule.blocked_adoption_usd,
            }
            for name, rule in self._rules.items()
        ]
        return {"rows": rows, "together_usd": self._together_usd}

    def _refused(self) -> Json:
        told = self._refusals.plain()
        catalog = self._policy.catalog
        simulated = {catalog.endpoints[id].model.id for id in self._simulated}
        origins = {
            id: {"origin": model.origin or "unknown", "simulated": id in simulated}
            for id in told["models"]
            if (model := catalog.models.get(id)) is not None
        }
        elsewhere = self._elsewhere
        return told | {
            "origins": origins,
            "rerouted": elsewhere.requests,
            "rerouted_cost_usd": format(elsewhere.cost_usd, "f"),
            "cut_midway": elsewhere.cut_midway,
        }

    def _healthy(self, id: str, resting: Container[str]) -> Json:
        health = self._endpoints[id]
        worst = health.failures.most_common(1)
        return {
            "endpoint": id,
            "origin": self._origin_of(id)[0],
            "simulated": id in self._simulated,
            "attempts": health.attempts,
            "failed": health.failed,
            "failure_rate": health.failed / health.attempts,
            "most_common_failure": worst[0][0] if worst else None,
            "median_first_byte_s": median(health.first_bytes_s) if health.first_bytes_s else None,
            "cost_usd": format(health.cost_usd, "f"),
            "resting": id in resting,
        }


def _named(key: tuple[str, bool]) -> str:
    return f"{key[0]} simulated" if key[1] else key[0]
