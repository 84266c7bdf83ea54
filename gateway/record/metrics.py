"""Prometheus metrics of every Outcome; a child is looked up once for its labels, then kept."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from gateway.catalog.facts import Endpoint
from gateway.outcome.outcome import Attempt, Outcome
from gateway.policy.compiled import Policy
from gateway.record.families import FAMILIES
from gateway.record.reading import SERVING, first_topic, language, removed_origins

REFUSALS = frozenset({"declined", "evaded", "filtered", "blank"})
UNJUDGED = frozenset({"failed", "left", "denied"})
_ALWAYS = frozenset({"en", "zh"})
_NOWHERE = ("none", "none", "none")
_KEPT_REMOVALS = 4096  # combinations of guards whose counters are kept at hand

Count = Callable[..., None]  # inc(amount=1) or observe(amount)
Child = TypeVar("Child")


class Children(dict[tuple[str, ...], Child], Generic[Child]):
    """One metric's children, by the values of its labels in order; made when first asked for."""

    def __init__(self, make: Callable[[tuple[str, ...]], Child]):
        super().__init__()
        self._make = make

    def __missing__(self, values: tuple[str, ...]) -> Child:
        child = self[values] = self._make(values)
        return child


class Metrics:
    """Everything counted in this process. `shared` is the folder in which workers meet; None: there is one worker."""

    def __init__(self, *, shared: Path | None):
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._languages = _ALWAYS  # any other counts as `other`
        self._shared = shared
        self._registry = CollectorRegistry()
        self._families = {family.name: family for family in FAMILIES}
        self._requests = self._counter("gateway_requests_total")
        self._attempts = self._counter("gateway_attempts_total")
        self._reroutes = self._counter("gateway_reroutes_total")
        self._tokens = self._counter("gateway_tokens_total")
        self._cost = self._counter("gateway_cost_usd_total")
        self._baseline = self._counter("gateway_baseline_cost_usd_total")
        self._refusals = self._counter("gateway_refusals_total")
        self._judged = self._counter("gateway_judged_total")
        self._removed = self._counter("gateway_guard_removed_total")
        self._denied = self._counter("gateway_denied_total")
        self._request_seconds = self._histogram("gateway_request_seconds")
        self._first_byte = self._histogram("gateway_first_byte_seconds")
        self._per_token = self._histogram("gateway_seconds_per_output_token")
        self._overhead = self._histogram("gateway_overhead_seconds")
        self._removals: dict[tuple[str, tuple[int, ...], tuple[tuple[str, str], ...]], tuple[Count, ...]] = {}
        self._policy_info = self._gauge("gateway_policy_info")
        self.in_flight = self._gauge("gateway_in_flight")[()]
        self.shared_state_up = self._gauge("gateway_shared_state_up")[()]
        self.shared_state_up.set(1)  # a lone process needs to reach nothing
        self.ledger_dropped = self._counter("gateway_ledger_dropped_total")[()]
        self.budget_used = self._gauge("gateway_budget_used_ratio")  # by (team,)
        self.breaker_open = self._gauge("gateway_breaker_open")  # by (endpoint,)
        self.policy_reloads = self._counter("gateway_policy_reload_total")  # by (result,)
        for result in ("accepted", "refused"):
            _ = self.policy_reloads[(result,)]  # there at zero, or the first one would not show as an increase

    def observe(self, outcome: Outcome) -> None:
        """The sink."""
        request, served, team = outcome.request, outcome.served_by, outcome.caller.team.id
        place = _place(served.endpoint) if served else _NOWHERE
        permitted = "true" if outcome.baseline_permitted else "false"
        route = outcome.decision.route.name if outcome.decision else "none"
        self._requests[(team, route, request.kind, *place, outcome.result)]()
        self._overhead[(request.kind, "true" if request.stream else "false")](outcome.overhead_s)
        if served:
            self._request_seconds[(served.endpoint.id, request.kind)](outcome.total_s)
        if outcome.baseline_list_usd:
            self._baseline[(team, *place, "list", permitted)](float(outcome.baseline_list_usd))
        if outcome.denied_by is not None:
            self._denied[(outcome.denied_by, team)]()
        for reroute in outcome.rerouted:
            self._reroutes[reroute]()
        self._observe_guards(outcome)
        for attempt in outcome.attempts:
            self._observe_attempt(outcome, attempt)
            if attempt.purpose in SERVING:
                self._observe_money(attempt, team, permitted)

    def serves_policy(self, policy: Policy) -> None:
        """From here on it decides; languages that it names are counted by name."""
        self._policy_info[(policy.version,)].set(1)
        for (version,), child in self._policy_info.items():
            child.set(float(version == policy.version))
        clauses = chain.from_iterable(rule.when for rules in (policy.guards, policy.routes) for rule in rules)
        tests = (clause.term for clause in clauses if clause.signal == "language")
        self._languages = _ALWAYS.union(*(map(str, term.values) for term in tests))

    def exposition(self) -> bytes:
        """Prometheus' text format, of all workers where they share."""
        if self._shared is None:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, str(self._shared))  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _observe_attempt(self, outcome: Outcome, attempt: Attempt) -> None:
        endpoint, usage = attempt.endpoint, attempt.usage
        self._attempts[(endpoint.id, attempt.outcome)]()
        if attempt.first_byte_s is not None:
            self._first_byte[(endpoint.id, outcome.request.kind)](attempt.first_byte_s)
        if usage.output_tokens:
            self._per_token[(endpoint.id, outcome.request.kind)](attempt.total_s / usage.output_tokens)
        if attempt.outcome in UNJUDGED:
            return
        spoken = language(outcome)
        labels = (
            endpoint.model.id,
            endpoint.operator.id,
            first_topic(outcome),
            spoken if spoken in self._languages else "other",
            attempt.outcome,
        )
        self._judged[labels]()
        if attempt.outcome in REFUSALS:
            self._refusals[labels]()

    def _observe_money(self, attempt: Attempt, team: str, permitted: str) -> None:
        usage, place = attempt.usage, (team, *_place(attempt.endpoint))
        if attempt.cost_usd:
            self._cost[(*place, permitted)](float(attempt.cost_usd))
        if usage.input_tokens:
            self._tokens[(*place, "input")](usage.input_tokens)
        if usage.cached_tokens:
            self._tokens[(*place, "cached_input")](usage.cached_tokens)
        if usage.output_tokens:
            self._tokens[(*place, "output")](usage.output_tokens)
        if usage.reasoning_tokens:
            self._tokens[(*place, "reasoning")](usage.reasoning_tokens)

    def _observe_guards(self, outcome: Outcome) -> None:
        decision = outcome.decision
        if decision is None or not (decision.removed_by or decision.view.frozen):
            return
        key = (decision.policy.version, decision.removed_by, decision.view.frozen)
        counts = self._removals.get(key)
        if counts is None:
            if len(self._removals) >= _KEPT_REMOVALS:
                self._removals.clear()
            counts = self._removals[key] = tuple(self._removed[pair] for pair in removed_origins(decision))
        for count in counts:
            count()

    def _counter(self, name: str) -> Children[Count]:
        family = self._families[name]
        metric = Counter(name, family.help, family.labels, registry=self._registry)
        return Children(lambda values: _labelled(metric, values).inc)

    def _histogram(self, name: str) -> Children[Count]:
        family = self._families[name]
        metric = Histogram(name, family.help, family.labels, buckets=family.buckets, registry=self._registry)
        return Children(lambda values: metric.labels(*values).observe)

    def _gauge(self, name: str) -> Children[Gauge]:
        family = self._families[name]
        metric = Gauge(name, family.help, family.labels, registry=self._registry, multiprocess_mode=family.workers)
        return Children(lambda values: metric.labels(*values) if values else metric)


def forget_worker(pid: int, shared: Path) -> None:
    """Takes a dead worker's gauges out of the sum; its counters stay."""
    multiprocess.mark_process_dead(pid, str(shared))  # type: ignore[no-untyped-call]


def _place(endpoint: Endpoint) -> tuple[str, str, str]:
    return endpoint.id, endpoint.model.origin or "unknown", endpoint.hosting


def _labelled(metric: Counter, values: tuple[str, ...]) -> Counter:
    return metric.labels(*values) if values else metric
