"""What each guard costs one request: the first choice with it, against the first choice without it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite, nan

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.catalog.countries import CHINA
from gateway.policy.decision import Decision
from gateway.policy.ranking import tokens_of
from gateway.policy.rules import Guard
from gateway.policy.select.candidates import candidates
from gateway.policy.select.shares import ORDER, shares


class RulePrices(msgspec.Struct, frozen=True, array_like=True):
    """US dollars of one request, by guard; a guard that costs nothing is left out."""

    marginal: dict[str, float] = {}  # against this guard absent
    alone: dict[str, float] = {}  # this guard only, against none
    together: float = 0.0  # all guards, against none


Front = tuple[tuple[float, float, float, float], ...]  # rank and cost of each, by input token and for the answer


@dataclass(frozen=True, slots=True)
class RuleCosts:
    """Who comes first with and without each guard, for all requests that differ in their length alone."""

    kept: Front  # with all guards
    free: Front  # with none
    without: tuple[tuple[str, Front], ...] = ()  # by guard: with all the others
    only: tuple[tuple[str, Front], ...] = ()  # by guard: with this one

    def prices(self, tokens: float) -> RulePrices:
        """Of a request with so many input tokens."""
        if not self.without:
            return _FREE
        chosen, free = _first_cost(self.kept, tokens), _first_cost(self.free, tokens)
        marginal = {name: chosen - _first_cost(front, tokens) for name, front in self.without}
        by_itself = {name: _first_cost(front, tokens) - free for name, front in self.only}
        together = chosen - free
        return RulePrices(_known(marginal), _known(by_itself), together if together > 0.0 else 0.0)


_FREE = RulePrices()
_NOTHING = RuleCosts((), ())


def price_of_rules(decision: Decision) -> RulePrices:
    """At the request's view, with conversation, canary and exploration left out. An unknown cost adds nothing."""
    return rule_costs(decision).prices(tokens_of(decision.signals))


def rule_costs(decision: Decision) -> RuleCosts:
    """What `price_of_rules` says of it and of all requests like it."""
    guards = biting(decision)
    if not guards:
        return _NOTHING
    first = _first_choices(decision)
    return RuleCosts(
        first(guards),
        first([]),
        tuple([(guard.name, first([other for other in guards if other is not guard])) for guard in guards]),
        tuple([(guard.name, first([guard])) for guard in guards]),
    )


def blocked_adoption(decision: Decision, among: int = -1) -> dict[str, float]:
    """Guards that removed an endpoint with Chinese weights that would be cheaper than the first choice.

    `among`: a mask of endpoints; the others are left out, as those are that nobody could ask for want of a key.

    Each with what the cheapest of those that it removed would have saved, by expected cost; 0 where that of the first
    choice is unknown.
    """
    guards = biting(decision)
    if not decision.endpoints or not guards:
        return {}
    costs = _costs(decision)
    first = next((each for each in decision.endpoints if each is not decision.canary), decision.endpoints[0])
    bound = costs[first.index]
    able = decision.proposed & ~decision.incapable & among
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


def _first_choices(decision: Decision) -> Callable[[Sequence[Guard]], Front]:
    """From the guards that hold to those that may then come first, by the request's length."""
    policy, signals, view = decision.policy, decision.signals, decision.view
    able = policy.everything & ~(decision.frozen | decision.incapable)
    weighs = decision.route.order == ORDER
    ranks = policy.rankings.lines("listed" if weighs else decision.route.order, signals, view)
    costs = policy.rankings.lines("cost_per_answer", signals, view)
    masks = [item.mask & able for item in candidates(policy, decision.route, signals, view.at)]
    known: dict[int, Front] = {}

    def first(guards: Sequence[Guard]) -> Front:
        removed = 0
        for guard in guards:
            removed |= guard.removes
        left = next((mask & ~removed for mask in masks if mask & ~removed), 0)
        if left not in known:
            known[left] = _front(ranks, costs, left) if not weighs else _blend(decision, costs, left)
        return known[left]

    return first


def _front(ranks: NDArray[np.float64], costs: NDArray[np.float64], left: int) -> Front:
    """Of the endpoints of this mask, those that come first at some length; of equals the first that is listed."""
    lines = [(*ranks[:, place].tolist(), *costs[:, place].tolist()) for place in _places(left)]
    front: list[tuple[float, float, float, float]] = []
    for line in sorted(lines, key=lambda line: line[:2]):  # stable
        if not any(other[1] <= line[1] for other in front):  # none that is nowhere dearer
            front.append(line)
    return tuple(front)


def _blend(decision: Decision, costs: NDArray[np.float64], left: int) -> Front:
    """What comes first on the average of all conversations, where these endpoints share them."""
    endpoints = [decision.policy.endpoints[place] for place in _places(left)]
    counted = [(e, share) for e, share in zip(endpoints, shares(decision.route, endpoints), strict=True) if share]
    parts = [costs[:, endpoint.index] * share for endpoint, share in counted]
    return ((0.0, 0.0, *np.sum(parts, axis=0).tolist()),) if parts else ()


def _first_cost(front: Front, tokens: float) -> float:
    """The expected cost per answer of who comes first; nan where that is unknown."""
    best, found = inf, nan
    for rank, rank_answer, cost, cost_answer in front:
        at = rank * tokens + rank_answer
        if at < best:
            best, found = at, cost * tokens + cost_answer
    return found if found < inf else nan


@lru_cache(maxsize=1024)
def _places(mask: int) -> tuple[int, ...]:
    """The indexes of its bits, ascending."""
    return tuple([index for index in range(mask.bit_length()) if mask >> index & 1])


def _known(costs: dict[str, float]) -> dict[str, float]:
    return {name: usd for name, usd in costs.items() if usd > 0.0}  # nan is not


def _costs(decision: Decision) -> NDArray[np.float64]:
    return decision.policy.rankings.costs("cost_per_answer", decision.signals, decision.view)
