"""What is counted of every Outcome. A label is a word of the policy or the catalogue, never of a user, never a key."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from gateway.catalog.facts import Endpoint
from gateway.outcome.outcome import Attempt, Outcome
from gateway.outcome.priced import Priced
from gateway.outcome.row import REFUSALS, SERVING, UNJUDGED
from gateway.policy.compiled import Policy
from gateway.record import page, tally
from gateway.record.families import FAMILIES
from gateway.record.reading import first_topic, is_fault, language, removed_origins
from gateway.record.tally import Counts, Gauges, Histogram, Labels, Page

_ALWAYS = frozenset({"en", "zh"})
_FAMILIES = {family.name: family for family in FAMILIES}
_KEPT = 4096  # combinations of labels, of guards


class Metrics:
    """Everything counted in this process. `shared` is the folder in which workers meet; None: there is one worker."""

    def __init__(self, *, shared: Path | None):
        self._shared = shared
        self._languages = _ALWAYS  # any other counts as `other`
        self._page: Page = {}
        self._requests = self._counts("gateway_requests_total")
        self._attempts = self._counts("gateway_attempts_total")
        self._reroutes = self._counts("gateway_reroutes_total")
        self._reroute_cost = self._counts("gateway_reroute_cost_usd_total")
        self._cut_midway = self._counts("gateway_cut_midway_total")
        self._tokens = self._counts("gateway_tokens_total")
        self._cost = self._counts("gateway_cost_usd_total")
        self._baseline = self._counts("gateway_baseline_cost_usd_total")
        self._refusals = self._counts("gateway_refusals_total")
        self._judged = self._counts("gateway_judged_total")
        self._removed = self._counts("gateway_guard_removed_total")
        self._guard_cost = self._counts("gateway_guard_cost_usd_total")
        self._denied = self._counts("gateway_denied_total")
        self._reloads = self._counts("gateway_policy_reload_total")
        self._dropped = self._counts("gateway_ledger_dropped_total")
        self._shadows_dropped = self._counts("gateway_shadows_dropped_total")
        self._trials = self._counts("gateway_trial_attempts_total")
        self._trial_cost = self._counts("gateway_trial_cost_usd_total")
        self._request_seconds = self._histogram("gateway_request_seconds")
        self._first_byte = self._histogram("gateway_first_byte_seconds")
        self._per_token = self._histogram("gateway_seconds_per_output_token")
        self._overhead = self._histogram("gateway_overhead_seconds")
        self._policy_info = self._gauges("gateway_policy_info")
        self._in_flight = self._gauges("gateway_in_flight")
        self._shared_state_up = self._gauges("gateway_shared_state_up")
        self.budget_used = self._gauges("gateway_budget_used_ratio")  # by (team,)
        self.app_budget_used = self._gauges("gateway_app_budget_used_ratio")  # by (team, app)
        self.breaker_open = self._gauges("gateway_breaker_open")  # by (endpoint,)
        self.canary_stopped = self._gauges("gateway_canary_stopped")  # by (route, endpoint)
        self._removals: dict[tuple[str, tuple[int, ...], tuple[tuple[str, str], ...]], tuple[Labels, ...]] = {}
        self._start_at_zero()

    def observe(self, outcome: Outcome) -> None:
        """The sink."""
        request, served, team = outcome.request, outcome.served_by, outcome.caller.team.id
        endpoint, permitted = served.endpoint if served else None, outcome.baseline_permitted
        route = outcome.decision.route.name if outcome.decision else "none"
        self._requests[_of_request(team, route, request.kind, endpoint, outcome.result)] += 1.0
        self._overhead.observe((request.kind, "true" if request.stream else "false"), outcome.overhead_s)
        if endpoint:
            self._request_seconds.observe((endpoint.id, request.kind), outcome.total_s)
        if outcome.baseline_list_usd:
            self._baseline[_of_money(team, endpoint, permitted).listed] += float(outcome.baseline_list_usd)
        if outcome.denied_by is not None:
            self._denied[(outcome.denied_by, team)] += 1.0
        for reroute in outcome.rerouted:
            self._reroutes[reroute] += 1.0
        self._observe_guards(outcome)
        for attempt in outcome.attempts:
            self._observe_attempt(outcome, attempt)
            if attempt.purpose in SERVING:
                self._observe_money(attempt, _of_money(team, attempt.endpoint, permitted))
            if attempt.purpose == "canary":
                self._observe_trial(attempt, route)

    def observe_shadow(self, outcome: Outcome) -> None:
        """A copy is no request: it counts as a trial alone."""
        route = outcome.decision.route.name if outcome.decision else "none"
        for attempt in outcome.attempts:
            self._observe_trial(attempt, route)

    def price(self, outcome: Outcome, priced: Priced) -> None:
        """What took too long to work out where a reply ends; called in a thread of its own."""
        served, team = outcome.served_by, outcome.caller.team.id
        if priced.baseline_effective_usd and served:
            labels = _of_money(team, served.endpoint, outcome.baseline_permitted).effective
            self._baseline[labels] += priced.baseline_effective_usd
        for guard, usd in priced.rules.marginal.items():
            self._guard_cost[(guard, team)] += usd
        if priced.rules.together:
            self._guard_cost[("all", team)] += priced.rules.together

    def ledger_dropped(self) -> None:
        """An outcome found no room."""
        self._dropped[()] += 1.0

    def shadow_dropped(self) -> None:
        """A copy found no room."""
        self._shadows_dropped[()] += 1.0

    def reloaded(self, result: str) -> None:
        """A reload ended: `accepted` or `refused`."""
        self._reloads[(result,)] += 1.0
        self.share()

    def shared_state(self, up: bool) -> None:
        """Whether the shared state answers."""
        self._shared_state_up[()] = float(up)

    def in_flight(self, requests: int) -> None:
        """How many requests are under way in this process."""
        self._in_flight[()] = float(requests)

    def serves_policy(self, policy: Policy) -> None:
        """From here on it decides; languages that it names are counted by name."""
        self._policy_info.update(dict.fromkeys(self._policy_info, 0.0) | {(policy.version,): 1.0})
        clauses = chain.from_iterable(rule.when for rules in (policy.guards, policy.routes) for rule in rules)
        tests = (clause.term for clause in clauses if clause.signal == "language")
        self._languages = _ALWAYS.union(*(map(str, term.values) for term in tests))

    def share(self) -> None:
        """Lets the other workers know; where they share, to be called twice a second and at the end."""
        if self._shared is not None:
            with suppress(OSError):  # a full disk leaves the others an old page, and stops nothing else
                tally.write(self._shared, self._page)

    def exposition(self) -> bytes:
        """Prometheus' text format, of all workers where they share. May run in another thread."""
        return page.text(self._everywhere())

    def _everywhere(self) -> Page:
        own: Page = {name: cells.copy() for name, cells in self._page.items()}
        return own if self._shared is None else tally.merged((own, *tally.others(self._shared)))

    def _observe_attempt(self, outcome: Outcome, attempt: Attempt) -> None:
        endpoint, usage = attempt.endpoint, attempt.usage
        timed = (endpoint.id, outcome.request.kind)
        self._attempts[(endpoint.id, attempt.outcome)] += 1.0
        if attempt.first_byte_s is not None:
            self._first_byte.observe(timed, attempt.first_byte_s)
        if usage.output_tokens:
            self._per_token.observe(timed, attempt.total_s / usage.output_tokens)
        if attempt.outcome in UNJUDGED:
            return
        replaced = outcome.rerouted and attempt is not outcome.served_by and attempt.outcome in REFUSALS
        self._reroute_cost[(endpoint.id,)] += float(attempt.cost_usd) if replaced else 0.0
        self._cut_midway[(endpoint.id,)] += attempt.outcome == "filtered" and usage.output_tokens > 0
        spoken = language(outcome)
        labels = (
            endpoint.model.id,
            endpoint.operator.id,
            first_topic(outcome),
            spoken if spoken in self._languages else "other",
            attempt.outcome,
        )
        self._judged[labels] += 1.0
        if is_fault(outcome, attempt):
            self._refusals[labels] += 1.0

    def _observe_trial(self, attempt: Attempt, route: str) -> None:
        self._trials[(attempt.purpose, route, attempt.endpoint.id, attempt.outcome)] += 1.0
        if attempt.cost_usd:
            self._trial_cost[(attempt.purpose, route, attempt.endpoint.id)] += float(attempt.cost_usd)

    def _observe_money(self, attempt: Attempt, labels: _Money) -> None:
        usage = attempt.usage
        if attempt.cost_usd:
            self._cost[labels.cost] += float(attempt.cost_usd)
        if usage.input_tokens:
            self._tokens[labels.input] += usage.input_tokens
        if usage.cached_tokens:
            self._tokens[labels.cached_input] += usage.cached_tokens
        if usage.output_tokens:
            self._tokens[labels.output] += usage.output_tokens
        if usage.reasoning_tokens:
            self._tokens[labels.reasoning] += usage.reasoning_tokens

    def _observe_guards(self, outcome: Outcome) -> None:
        decision = outcome.decision
        if decision is None or not (decision.removed_by or decision.view.frozen):
            return
        key = (decision.policy.version, decision.removed_by, decision.view.frozen)
        removals = self._removals.get(key)
        if removals is None:
            if len(self._removals) >= _KEPT:
                self._removals.clear()
            removals = self._removals[key] = removed_origins(decision)
        for removal in removals:
            self._removed[removal] += 1.0

    def _start_at_zero(self) -> None:
        """What must be there before it first happens, or the first time would not show as an increase."""
        self._reloads |= {("accepted",): 0.0, ("refused",): 0.0}
        self._dropped[()] = self._shadows_dropped[()] = 0.0
        self._in_flight[()] = 0.0
        self._shared_state_up[()] = 1.0  # a lone process needs to reach nothing

    def _counts(self, name: str) -> Counts:
        cells: Counts = defaultdict(float)
        self._page[name] = cells
        return cells

    def _gauges(self, name: str) -> Gauges:
        cells: Gauges = {}
        self._page[name] = cells
        return cells

    def _histogram(self, name: str) -> Histogram:
        cells = Histogram(_FAMILIES[name].buckets)
        self._page[name] = cells
        return cells


def forget_worker(pid: int, shared: Path) -> None:
    """Takes a dead worker's gauges out of the page; its counters stay."""
    tally.bury(shared, pid)


@dataclass(frozen=True, slots=True)
class _Money:
    """Labels of what an endpoint cost a team: made once, used for every request."""

    cost: Labels
    listed: Labels
    effective: Labels
    input: Labels
    cached_input: Labels
    output: Labels
    reasoning: Labels


@lru_cache(maxsize=_KEPT)
def _of_money(team: str, endpoint: Endpoint | None, permitted: bool) -> _Money:
    place, told = (team, *_place(endpoint)), "true" if permitted else "false"
    return _Money(
        cost=(*place, told),
        listed=(*place, "list", told),
        effective=(*place, "effective", told),
        input=(*place, "input"),
        cached_input=(*place, "cached_input"),
        output=(*place, "output"),
        reasoning=(*place, "reasoning"),
    )


@lru_cache(maxsize=_KEPT)
def _of_request(team: str, route: str, kind: str, endpoint: Endpoint | None, result: str) -> Labels:
    return team, route, kind, *_place(endpoint), result


def _place(endpoint: Endpoint | None) -> tuple[str, str, str]:
    return (endpoint.id, endpoint.model.origin or "unknown", endpoint.hosting) if endpoint else ("none", "none", "none")
