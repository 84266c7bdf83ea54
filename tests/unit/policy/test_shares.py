"""What `order: weighted` says without a draw, and how `explain` tells it."""

from __future__ import annotations

from gateway.policy.explain.explanation import sentences
from tests.unit.policy.small import SETS, compiled, decision, ids

ROUTE = "routes: [{name: r, try: [ITEM], order: weighted, weights: {gpt@openai: 6, glm@zai: 3, qwen@self: 0}}]\n"


def weighted(item: str = "{any: {}}"):
    return decision(compiled(policy=SETS + b"version: 1\n" + ROUTE.replace("ITEM", item).encode()))


def test_without_a_draw_the_heaviest_is_first_and_what_weighs_nothing_last():
    assert ids(weighted()) == ["gpt@openai", "glm@zai", "glm@together", "qwen@self"]


def test_explain_says_who_shares_how_much():
    told = sentences(weighted())[-1]

    assert "a draw of each conversation" in told
    assert "(gpt@openai 60 %, glm@zai 30 %, glm@together 10 %, qwen@self 0 %)" in told


def test_endpoints_that_are_not_named_weigh_1_in_the_item_that_they_stand_in():
    assert "(glm@zai 75 %, glm@together 25 %)" in sentences(weighted("glm"))[-1]


def test_of_endpoints_that_all_weigh_nothing_the_first_is_asked():
    assert "(qwen@self 100 %)" in sentences(weighted("qwen@self"))[-1]
