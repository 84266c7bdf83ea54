"""What each guard costs one request: the first choice with it, against the first choice without it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from gateway.catalog.countries import CHINA
from gateway.policy.decision import Decision
from gateway.policy.rules import Guard
from gateway.policy.select.candidates import candidates


@dataclass(frozen=True, slots=True)
class RulePrices:
    """US dollars of one request, by guard; a guard that costs nothing is left out."""

    marginal: dict[str, float] = field(default_factory=dict)  # against this guard absent
    alone: dict[str, float] = field(default_factory=dict)  # this guard only, against none
    together: float = 0.0  # all guards, against none


_FREE = RulePrices()


def price_of_rules(decision: Decision) -> RulePrices:
    """At the request's view, with conversation, canary and exploration left out. An unknown cost adds nothing."""
    guards = biting(decision)
    if not guards:
        return _FREE
    first = _first_costs(decision)
    chosen, free = first(guards), first([])
    marginal = {guard.name: chosen - first([other for other in guards if other is not guard]) for guard in guards}
    alone = {guard.name: first([guard]) - free for guard in guards}
    return RulePrices(_known(marginal), _known(alone), max(chosen - free, 0.0) if isfinite(chosen - free) else 0.0)


def blocked_adoption(decision: Decision) -> dict[str, float]:
    """Guards that removed an endpoint with Chinese weights that would be cheaper than the first choice.

    Each with what the cheapest of those that it removed would have saved, by expected cost; 0 where that of the first
    choice is unknown.
    """
    guards = biting(decision)
    if not decision.endpoints or not guards:
        return {}
    costs = _costs(decision)
    first = next((each for each in decision.endpoints if each is not decision.canary), decision.endpoints[0])
    bound = costs[first.index]
    able = decision.proposed & ~decision.incapable
    cheaper = [
        index
        for index in np.flatnonzero(costs < bound).tolist()  # few: the first choice is among the cheapest
        if able >> index & 1 and decision.policy.endpoints[index].model.origin in CHINA
    ]
    found: dict[str, float] = {}
    for guard in guards:
        kept_off = [float(costs[index]) for index in cheaper if guard.removes >> index & 1]
        if kept_off:
            found[guard.name] = float(bound) - min(kept_off) if isfinite(bound) else 0.0
    return found


def biting(decision: Decision) -> list[Guard]:
    """The guards that removed something that the route names and that could serve the request; no other costs any."""
    able = decision.proposed & ~decision.incapable
    guards = [decision.policy.guards[index] for index in decision.removed_by]
    return [guard for guard in guards if guard.removes & able]


def _first_costs(decision: Decision) -> Callable[[Sequence[Guard]], float]:
    """From the guards that hold to the expected cost per answer of the first choice; nan where that is unknown."""
    policy, costs = decision.policy, _costs(decision)
    able = policy.everything & ~(decision.frozen | decision.incapable)
    order, view = decision.route.order, decision.view
    ranks = costs if order == "cost_per_answer" else policy.rankings.costs(order, decision.signals, view)
    masks = [item.mask & able for item in candidates(policy, decision.route, decision.signals, view.at)]
    known: dict[int, float] = {}

    def cost(guards: Sequence[Guard]) -> float:
        removed = 0
        for guard in guards:
            removed |= guard.removes
        if removed not in known:
            left = next((mask & ~removed for mask in masks if mask & ~removed), 0)
            found = inf
            if left:
                places = places_of(left)
                found = float(costs[places[ranks[places].argmin()]])  # of equals the first that is listed
            known[removed] = found if found < inf else nan
        return known[removed]

    return cost


@lru_cache(maxsize=1024)
def places_of(mask: int) -> NDArray[np.intp]:
    """The indexes of its bits, ascending."""
    return np.array([index for index in range(mask.bit_length()) if mask >> index & 1], dtype=np.intp)


def _known(costs: dict[str, float]) -> dict[str, float]:
    return {name: usd for name, usd in costs.items() if usd > 0.0}  # nan is not


def _costs(decision: Decision) -> NDArray[np.float64]:
    return decision.policy.rankings.costs("cost_per_answer", decision.signals, decision.view)
