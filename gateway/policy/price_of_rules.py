"""What each guard costs one request: the first choice with it, against the first choice without it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from gateway.catalog.facts import Endpoint
from gateway.policy.compiled import Guard
from gateway.policy.decide import Decision, propose
from gateway.policy.order import expected_costs

CHINA = frozenset({"CN", "HK", "MO"})


@dataclass(frozen=True, slots=True)
class RulePrices:
    """US dollars of one request, by guard; a guard that costs nothing is left out."""

    marginal: dict[str, float] = field(default_factory=dict)  # against this guard absent
    alone: dict[str, float] = field(default_factory=dict)  # this guard only, against none
    together: float = 0.0  # all guards, against none


_FREE = RulePrices()


def price_of_rules(decision: Decision) -> RulePrices:
    """At the request's view, with conversation, canary and exploration left out. An unknown cost adds nothing."""
    guards = [decision.policy.guards[index] for index in decision.removed_by]
    guards = [guard for guard in guards if guard.removes & decision.proposed & ~decision.incapable]
    if not guards:
        return _FREE
    first = _first_costs(decision)
    chosen, free = first(guards), first([])
    marginal = {guard.name: chosen - first(_without(guards, guard)) for guard in guards}
    alone = {guard.name: first([guard]) - free for guard in guards}
    return RulePrices(_known(marginal), _known(alone), _known({"": chosen - free}).get("", 0.0))


def blocked_adoption(decision: Decision) -> tuple[str, ...]:
    """Guards that removed an endpoint with Chinese weights that would be cheaper than the first choice."""
    if not decision.endpoints:
        return ()
    chosen = _cost(decision, decision.endpoints[0])
    blocking = []
    for index in decision.removed_by:
        guard = decision.policy.guards[index]
        gone = guard.removes & decision.proposed & ~decision.incapable
        chinese = [each for each in decision.policy.endpoints if gone >> each.index & 1 and each.model.origin in CHINA]
        if chinese and min(_costs(decision, chinese)) < chosen:
            blocking.append(guard.name)
    return tuple(blocking)


def _first_costs(decision: Decision) -> Callable[[Sequence[Guard]], float]:
    """From the guards that hold to the expected cost per answer of the first choice; nan where there is none."""
    policy, view = decision.policy, replace(decision.view, conversation=None)
    able = policy.everything & ~(decision.frozen | decision.incapable)

    def cost(guards: Sequence[Guard]) -> float:
        permitted = able
        for guard in guards:
            permitted &= ~guard.removes
        _, endpoints = propose(policy, decision.route, decision.signals, view, permitted)
        found = _cost(decision, endpoints[0]) if endpoints else inf
        return found if found < inf else float("nan")

    return cost


def _without(guards: Sequence[Guard], left_out: Guard) -> list[Guard]:
    return [guard for guard in guards if guard is not left_out]


def _known(costs: dict[str, float]) -> dict[str, float]:
    return {name: usd for name, usd in costs.items() if usd > 0.0}  # nan is not


def _cost(decision: Decision, endpoint: Endpoint) -> float:
    return _costs(decision, [endpoint])[0]


def _costs(decision: Decision, endpoints: Sequence[Endpoint]) -> list[float]:
    book = decision.policy.rankings.book
    return expected_costs(book, "cost_per_answer", endpoints, decision.signals, decision.view)
