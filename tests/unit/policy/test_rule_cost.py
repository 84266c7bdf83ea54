"""What each guard costs a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.explain.rule_cost import blocked_adoption, price_of_rules
from tests.unit.policy.small import decision, policy_with

BY_COST = b"routes: [{name: rest, try: [{any: {}}], order: cost_per_answer}]\n"
NO_CHINESE_MACHINES, NO_CHINESE_WEIGHTS = "never: {exposure: china}", "never: {lineage: china}"


def prices(*guards: str, **given):
    folder = policy_with(*guards, rest=BY_COST)
    return price_of_rules(decision(folder, tokens=1000, language="en", **given))


def test_a_rule_costs_what_the_next_best_endpoint_costs_more():
    found = prices("never: {endpoint: glm@zai}")

    assert found.marginal == found.alone == {"g0": pytest.approx(found.together)}
    assert found.together > 0


def test_two_rules_that_remove_the_same_endpoint_cost_nothing_at_the_margin_and_all_of_it_together():
    found = prices("never: {endpoint: glm@zai}", "never: {operator: zai}")

    assert found.marginal == {}
    assert found.alone == {"g0": pytest.approx(found.together), "g1": pytest.approx(found.together)}


def test_a_rule_that_removes_nothing_that_would_be_chosen_is_free():
    assert prices("never: {endpoint: gpt@openai}").together == 0


def test_a_request_that_is_denied_adds_nothing_to_the_rules_that_deny_it():
    found = prices("never: {hosting: hosted}", "never: {hosting: self}")

    assert (found.marginal, found.together) == ({}, 0.0)


@given(
    st.lists(
        st.sampled_from([NO_CHINESE_MACHINES, NO_CHINESE_WEIGHTS, "only: {hosting: self}"]), max_size=3, unique=True
    )
)
def test_no_price_is_negative_and_no_rule_costs_more_at_the_margin_than_all_together(guards):
    found = prices(*guards)

    assert all(0 < usd <= found.together + 1e-12 for usd in found.marginal.values())


def test_adoption_is_blocked_by_the_guards_that_removed_cheaper_chinese_weights():
    folder = policy_with(NO_CHINESE_WEIGHTS, "never: {endpoint: gpt@openai}", "never: {operator: zai}", rest=BY_COST)
    kept = policy_with("never: {endpoint: gpt@openai}", rest=BY_COST)
    west = policy_with(NO_CHINESE_WEIGHTS, "never: {operator: zai}", rest=BY_COST)

    assert blocked_adoption(decision(folder, tokens=1000, language="en")) == {}
    assert blocked_adoption(decision(kept, tokens=1000, language="en")) == {}
    blocked = blocked_adoption(decision(west, tokens=1000, language="en"))
    assert blocked.keys() == {"g0", "g1"}
    # The first removes every Chinese endpoint, the second those of one operator.
    assert blocked["g0"] >= blocked["g1"] > 0
    assert blocked["g0"] == pytest.approx(price_of_rules(decision(west, tokens=1000, language="en")).together)


def test_an_endpoint_that_nobody_could_ask_blocks_no_adoption():
    west = policy_with(NO_CHINESE_WEIGHTS, rest=BY_COST)
    decided = decision(west, tokens=1000, language="en")
    china = sum(1 << each.index for each in west.policy.endpoints if each.model.origin == "CN")

    assert blocked_adoption(decided).keys() == blocked_adoption(decided, among=china).keys() == {"g0"}
    assert blocked_adoption(decided, among=~china) == {}
