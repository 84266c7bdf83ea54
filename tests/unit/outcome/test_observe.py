"""What a ledger row teaches."""

from __future__ import annotations

import pytest

from gateway.outcome.observe import arm_of, learned, observations, pairs
from gateway.outcome.terms import Terms
from tests.unit.policy.small import SETS, compiled
from tests.unit.report.build import row, tried

POLICY = compiled(
    policy=SETS
    + b"""
version: 1
defaults: {on_refusal: {reroute: [declined], except: {topic: [malicious]}}}
routes: [{name: rest, try: [{any: {}}]}]
"""
).policy


def seen(each):
    return list(observations(each, Terms(POLICY), POLICY.catalog))


def test_each_attempt_of_a_rerouted_request_teaches_its_own_endpoint():
    found = seen(row("answered", tried("glm@zai", "declined"), tried("gpt@openai")))

    assert [(each.endpoint, each.answered, each.output_tokens) for each in found] == [
        ("glm@zai", False, 100),
        ("gpt@openai", True, 100),
    ]


def test_a_reply_that_the_caller_left_teaches_nothing():
    assert seen(row("left")) == []


def test_a_failure_teaches_of_failing_and_of_nothing_else():
    (found,) = seen(row("failed"))

    assert (found.answered, found.output_tokens, found.first_byte_s) == (None, None, None)


def test_what_the_policy_wants_declined_counts_as_answered():
    (found,) = seen(row("declined", topic=["malicious"]))

    assert found.answered is True


@pytest.mark.parametrize("purpose", ["judge", "probe"])
def test_questions_that_nobody_asked_teach_nothing_of_usual_ones(purpose):
    assert seen(row("answered", tried(purpose=purpose))) == []


def test_an_endpoint_that_the_catalogue_does_not_hold_teaches_nothing():
    assert seen(row("answered", tried("gone@nowhere"))) == []


def test_a_shadow_beside_an_answer_is_a_pair():
    (pair,) = pairs(
        row("answered", tried("qwen@self"), tried("gpt@openai", purpose="shadow", said=250)), POLICY.catalog
    )

    assert (pair.models, pair.output_tokens) == (("gpt", "qwen"), (250, 100))


@pytest.mark.parametrize(
    "attempts",
    [
        (tried("qwen@self"), tried("gpt@openai", "declined", purpose="shadow")),
        (tried("qwen@self", "declined"), tried("gpt@openai", purpose="shadow")),
        (tried("glm@zai"), tried("glm@together", purpose="shadow")),
    ],
    ids=["the shadow declined", "the served declined", "the same weights"],
)
def test_only_two_answers_of_different_weights_are_compared(attempts):
    assert list(pairs(row("answered", *attempts), POLICY.catalog)) == []


def test_a_canary_and_what_it_is_compared_with_are_arms():
    canary = arm_of(row("answered", tried("gpt@openai", purpose="canary")), POLICY.catalog)
    control = arm_of(row("answered", tried("qwen@self")), POLICY.catalog)

    assert canary and control and (canary.canary, control.canary) == (True, False)
    assert canary.stratum == control.stratum == ("rest", "none")


def test_rows_without_a_key_are_told_apart_by_team_and_app():
    estimates = learned([row("declined")] * 300, POLICY)
    many = learned([row("declined", key_id=f"k{n}") for n in range(300)], POLICY)

    endpoint = POLICY.catalog.endpoints["qwen@self"]
    one, all_ = (each.snapshot().answered(endpoint, "none", "en") for each in (estimates, many))
    assert one.weight < 10 and all_.weight == 300
