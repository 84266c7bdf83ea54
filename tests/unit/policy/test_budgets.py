"""Budgets of policy.yaml: whom they bound, what `explain` and `diff` say of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.identity import Budget
from gateway.policy.analysis.diff import compare, difference_text
from gateway.policy.explain.explanation import sentences
from tests.unit.policy.small import CALLERS, CATALOG, REST, SETS, compiled, decision

BUDGETS = b"""\
budgets:
  - {operator: openai, usd: 20, per: day}
  - {model: glm, usd: 5, when_spent: self_only}
  - {team: research, usd: 7, per: week}
"""


def folder(budgets: bytes = BUDGETS, *, row: bytes = b"", callers: bytes = CALLERS):
    catalog = CATALOG.replace(b"- {id: gpt@openai, ", b"- {id: gpt@openai, " + row)
    return compiled(policy=b"version: 1\n" + SETS + budgets + REST, catalog=catalog, callers=callers)


def test_a_teams_budget_stands_beside_its_own_and_one_of_a_place_is_everybodys():
    keyring = folder(
        callers=CALLERS.replace(b"research: {residency: any,", b"research: {residency: any, budget: {usd: 90},")
    ).keyring
    week = Budget(Decimal(7), "week", "reject")
    team, caller = keyring.teams["research"], next(iter(keyring.callers.values()))

    assert [(account.budget.usd, account.by_policy) for account in team.accounts] == [(90, False), (7, True)]
    assert caller.accounts == team.accounts and team.by_policy == (week,)
    assert [account.place for account in keyring.places] == [("operator", "openai"), ("model", "glm")]
    assert len(keyring.accounts) == 4


def test_explain_says_what_a_budget_bounds_and_nothing_of_those_that_concern_nobody():
    why = "\n".join(sentences(decision(folder())))
    others = "\n".join(sentences(decision(folder(), team="sales")))

    assert "operator `openai` to 20 USD a day: once it is spent, these are passed over: gpt@openai" in why
    assert "a budget bounds model `glm` to 5 USD a month: " in why and "glm@zai, glm@together" in why
    assert "a budget bounds team `research` to 7 USD a week" in why
    assert "team `research`" not in others


def test_explain_says_ceilings_and_limits_of_what_may_be_asked():
    bounds = b"ceilings: {at_once: 4, tokens_per_minute: 9000}, limits: {first_byte_s: 2.5, usd: 0.01}, "
    why = "\n".join(sentences(decision(folder(row=bounds))))

    assert "gpt@openai takes at most 9,000 tokens a minute, 4 requests at once: while it is full" in why
    assert "gpt@openai has limits of its own, which hold where the route's are wider: first_byte_s 2.5, usd 0.01" in why


@pytest.mark.thorough
def test_diff_names_every_budget_ceiling_and_limit_that_changes():
    changed = BUDGETS.replace(b"usd: 20", b"usd: 30").replace(b"  - {team: research, usd: 7, per: week}\n", b"")
    before = folder(row=b"ceilings: {at_once: 4}, limits: {usd: 1}, ")
    after = folder(changed, row=b"ceilings: {at_once: 9, requests_per_minute: 5}, ")

    assert difference_text(compare(before, after)).splitlines() == [
        "the budget of operator `openai` per day: 20 USD (reject) → 30 USD (reject)",
        "the budget of team `research` per week: 7 USD (reject) → none",
        "the ceiling of gpt@openai, requests_per_minute: none → 5",
        "the ceiling of gpt@openai, at_once: 4 → 9",
        "the limit of gpt@openai, usd: 1 → none",
    ]
    assert difference_text(compare(before, before)) == "nothing changes for any caller"
