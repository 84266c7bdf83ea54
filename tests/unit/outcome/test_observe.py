"""What a ledger row teaches."""

from __future__ import annotations

import msgspec
import pytest

from gateway.estimates.trial import Trial
from gateway.outcome.observe import arm_of, learned, observations, pairs
from gateway.outcome.row import Row, Tried
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


def part_of(trial: str, *, drawn: bool, outcome: str = "answered", attempts: tuple[Tried, ...]) -> Row:
    return msgspec.structs.replace(row(outcome, *attempts), view={"canary": {"trial": trial, "drawn": drawn}})


def test_only_what_the_draw_alone_decided_is_an_arm():
    canary, plain = tried("gpt@openai", purpose="canary"), tried("qwen@self")
    as_drawn = [part_of("t", drawn=True, attempts=(canary,)), part_of("t", drawn=False, attempts=(plain,))]
    otherwise = [
        part_of("t", drawn=True, attempts=(tried("gpt@openai", "declined", purpose="canary"), plain)),
        msgspec.structs.replace(row("answered", plain), view={"draw": 0.5}),
    ]

    assert all(arm_of(each, POLICY.catalog) for each in as_drawn)
    assert not any(arm_of(each, POLICY.catalog) for each in otherwise)


def test_a_canary_is_counted_by_its_own_attempts_and_for_its_own_route():
    refused = tried("gpt@openai", "declined", purpose="canary")
    rows = [
        part_of("t", drawn=True, attempts=(refused, tried("qwen@self"))),
        part_of("t", drawn=True, attempts=(tried("gpt@openai", "failed", purpose="canary"), tried("qwen@self"))),
        part_of("t", drawn=True, outcome="left", attempts=(tried("gpt@openai", "left", purpose="canary"),)),
        part_of("t", drawn=False, attempts=(tried("gpt@openai", "declined"),)),
        msgspec.structs.replace(
            part_of("t", drawn=True, attempts=(refused,)), signals=row(topic=["malicious"]).signals
        ),  # the policy wants that
    ]

    assert learned(rows, POLICY).snapshot().trials == {("rest", "t"): Trial(tried=3, failed=1, refused=1)}


def test_a_shadows_own_row_is_a_measurement_and_a_pair_with_what_it_is_a_copy_of():
    beside = {
        "shadow_of": "req_1", "shadow_of_endpoint": "qwen@self", "shadow_of_outcome": "answered",
        "shadow_of_input_tokens": 800, "shadow_of_output_tokens": 50,
    }  # fmt: skip
    plain = row("answered", tried("gpt@openai", purpose="shadow", said=250), key_id="k")
    copy = msgspec.structs.replace(plain, signals=plain.signals | beside)
    (pair,) = pairs(copy, POLICY.catalog)

    assert copy.is_measurement and (str(copy.cost_usd), str(copy.measuring_usd)) == ("0", "0.001")
    assert (pair.models, pair.input_tokens, pair.output_tokens) == (("gpt", "qwen"), (900, 800), (250, 50))
    assert pair.key == "k" and arm_of(copy, POLICY.catalog) is None


def test_rows_without_a_key_are_told_apart_by_team_and_app():
    estimates = learned([row("declined")] * 300, POLICY)
    many = learned([row("declined", key_id=f"k{n}") for n in range(300)], POLICY)

    endpoint = POLICY.catalog.endpoints["qwen@self"]
    one, all_ = (each.snapshot().answered(endpoint, "none", "en") for each in (estimates, many))
    assert one.weight < 10 and all_.weight == 300
