"""What a rule costs, reckoned once for all requests that a policy reads alike, is what it costs each of them."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite, nan
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.decide import consider, decide
from gateway.policy.decision import Decision
from gateway.policy.explain.likeness import Likeness
from gateway.policy.explain.rule_cost import biting, price_of_rules, rule_costs
from gateway.policy.ranking import tokens_of
from gateway.policy.select.candidates import candidates
from gateway.policy.view import View
from gateway.signals.value import UNKNOWN, Signals
from tests.laws.policies import AT, world

VIEW = View(at=AT)


def written(signals: Signals) -> dict[str, Any]:
    """As a record holds them."""
    return {
        name: list(value) if isinstance(value, frozenset) else "unknown" if value is UNKNOWN else value
        for name, value in signals.items()
    }


def varied(signals: Signals, chance: Random) -> Signals:
    """Another length, and another share of the budget."""
    return signals | {
        "tokens": chance.choice((0, 1, 5, 999, 1000, 1001, 5000, 99_999, 100_001)),
        "budget_used": chance.random(),
    }


def one_by_one(decision: Decision) -> dict[str, float]:
    """The first choice with and without each guard, every endpoint compared."""
    policy, signals = decision.policy, decision.signals
    able = policy.everything & ~(decision.frozen | decision.incapable)
    route = decision.route
    shared = route.order == "weighted"
    ranks = policy.rankings.costs("listed" if shared else route.order, signals, VIEW)
    costs = policy.rankings.costs("cost_per_answer", signals, VIEW)

    def first(removed: int) -> float:
        for item in candidates(policy, decision.route, signals, VIEW.at):
            places = [place for place in range(len(policy.endpoints)) if item.mask & able & ~removed & 1 << place]
            if shared and (weight := sum(route.weight(policy.endpoints[place]) for place in places)):
                parts = [(route.weight(policy.endpoints[place]), float(costs[place])) for place in places]
                cost = sum(part * usd for part, usd in parts if part) / weight
                return cost if cost < inf else nan
            if places:
                cost = float(costs[min(places, key=lambda place: ranks[place])])
                return cost if cost < inf else nan
        return nan

    guards = biting(decision)
    removes = [guard.removes for guard in guards]
    whole = 0
    for mask in removes:
        whole |= mask
    found = {}
    for number, guard in enumerate(guards):
        others = 0
        for place, mask in enumerate(removes):
            others |= mask if place != number else 0
        usd = first(whole) - first(others)
        if isfinite(usd) and usd > 0:
            found[guard.name] = usd
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_the_price_of_a_rule_is_what_comparing_every_endpoint_says(seed):
    made = world(seed)
    policy = made.policy()
    for signals in made.requests:
        decision = decide(policy, signals, VIEW)
        found, expected = price_of_rules(decision).marginal, one_by_one(decision)
        assert found.keys() == expected.keys()
        assert all(abs(found[name] - usd) <= 1e-12 + 1e-9 * usd for name, usd in expected.items())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_requests_that_look_alike_are_decided_and_priced_alike(seed):
    made, chance = world(seed), Random(seed)
    policy = made.policy()
    alike = Likeness(policy)
    for signals in made.requests:
        one = {**signals, "budget_used": 0.1} if tokens_known(signals) else signals
        for _ in range(4):
            other = varied(one, chance)
            if not tokens_known(signals) or alike.of(written(one)) != alike.of(written(other)):
                continue
            first, second = consider(policy, one, VIEW), consider(policy, other, VIEW)
            assert replace(first, signals={}) == replace(second, signals={})
            page = [policy.rankings.book.rates(at=AT, input_tokens=int(tokens_of(each))) for each in (one, other)]
            if page[0] is page[1]:
                assert rule_costs(first).prices(tokens_of(other)) == price_of_rules(second)


def test_some_requests_of_other_lengths_look_alike_and_some_do_not():
    seen = set()
    for seed in range(40):
        made, chance = world(seed), Random(seed)
        alike = Likeness(made.policy())
        for signals in made.requests:
            if tokens_known(signals):
                seen.add(alike.of(written(signals)) == alike.of(written(varied(signals, chance))))
    assert seen == {True, False}


def tokens_known(signals: Signals) -> bool:
    return signals.get("tokens", UNKNOWN) is not UNKNOWN
