"""What another policy would have done."""

from __future__ import annotations

import msgspec
import pytest

from gateway.estimates import PRIORS
from gateway.report.replay import Replay
from tests.unit.policy.small import policy_with
from tests.unit.report.build import row, tried

CHEAPEST = b"routes: [{name: rest, try: [{any: {}}], order: price}]\nbaseline: gpt@openai\n"


def replayed(folder, *rows):
    replay = Replay(folder, PRIORS)
    for each in rows:
        replay.add(each)
    return replay.report()


def test_a_request_that_loses_its_last_endpoint_is_newly_denied_by_the_guard_that_does_it():
    report = replayed(policy_with("never: {hosting: [self, hosted]}"), row())

    assert report["newly_denied"] == {"requests": 1, "guards": {"g0": 1}, "examples": ["r"]}
    assert float(report["cost_change_usd"]) == pytest.approx(-0.001)


def test_a_request_that_was_denied_and_would_not_be_is_newly_permitted():
    assert replayed(policy_with("never: {endpoint: gpt@openai}"), row("denied"))["newly_permitted"]["requests"] == 1


def test_a_prompt_that_would_reach_a_country_it_has_not_reached_leaves():
    folder = policy_with("never: {hosting: self}", rest=CHEAPEST)

    report = replayed(folder, row("answered", tried("gpt@openai")))

    assert report["newly_leaving"]["countries"] == {"CN": 1, "SG": 1}


def test_a_request_that_a_reroute_took_elsewhere_goes_as_before():
    folder = policy_with("never: {endpoint: [glm@zai]}", rest=CHEAPEST)

    report = replayed(folder, row("answered", tried("qwen@self", "declined"), tried("gpt@openai")))

    assert (report["same_endpoint"], report["other_endpoint"], report["cost_change_usd"]) == (1, 0, "0.00000000")


def test_a_dearer_policy_says_what_it_costs_within_its_interval():
    folder = policy_with("never: {lineage: china}", rest=CHEAPEST)

    report = replayed(folder, *[row() for _ in range(50)])

    low, high = map(float, report["cost_change_interval_usd"])
    assert 0 < low <= float(report["cost_change_usd"]) <= high


def test_a_refusal_that_would_go_elsewhere_is_replayed_though_its_cost_there_cannot_be_told():
    report = replayed(policy_with("never: {hosting: self}"), row("declined"))

    assert (report["other_endpoint"], report["not_priced"], report["not_replayed"]) == (1, 1, {})


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"signals": {}}, "no signals were recorded"),
        ({"team": "gone"}, "team `gone` is not in callers.yaml"),
        ({"signals": {"kind": "chat", "model": "auto"}}, "forgotten: topic"),
        ({"signals": {"topic": [], "model": "gone"}}, "model `gone` is not known"),
    ],
)
def test_what_cannot_be_decided_again_is_counted_by_its_reason(changed, reason):
    folder = policy_with("when: {topic: code}, never: {hosting: self}", "when: {residency: eu}, only: {storage: eu}")

    assert replayed(folder, msgspec.structs.replace(row(), **changed))["not_replayed"] == {reason: 1}


def test_what_a_canarys_draw_decides_is_counted_apart():
    route = b"routes: [{name: rest, try: [gpt@openai], order: listed, canary: {endpoint: glm@together, percent: 50}}]\n"
    drawn = [msgspec.structs.replace(row("answered", tried("gpt@openai")), view={"draw": n / 40}) for n in range(40)]
    report = replayed(policy_with(rest=route), row("answered", tried("gpt@openai")), *drawn)

    assert report["same_endpoint"] + report["other_endpoint"] == 41
    assert 10 < report["by_canary"] == report["other_endpoint"] < 30
