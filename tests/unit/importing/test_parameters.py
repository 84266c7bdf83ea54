"""What peers give requests becomes `parameters`; what cannot is left to be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.importing.draft import Draft, Said
from gateway.importing.findings import Findings, unaccounted
from gateway.importing.litellm import read_litellm
from gateway.importing.parameters import forced, left_out, without_thoughts
from gateway.importing.shipped import gather
from gateway.source.peer import read_peer


def findings() -> Findings:
    return Findings(read_peer(b"{}", "x.yaml"))


def drafted(*deployments: dict[str, Any]) -> Draft:
    """Of deployments of one name, at doors that no catalogue knows."""
    rows = [
        {
            "model_name": "chat",
            "litellm_params": {"model": f"openai/m{place}", "api_base": f"http://box{place}:1/v1", **row},
        }
        for place, row in enumerate(deployments)
    ]
    peer = read_peer(json.dumps({"model_list": rows}).encode(), "config.yaml")
    draft = Draft(gather([]), Said("2026-11-28"), Findings(peer), "LiteLLM")
    read_litellm(draft)
    assert not unaccounted(draft.findings)
    return draft


def test_what_is_forced_replaces_and_a_bound_stays_a_bound():
    assert forced(findings(), (), {"temperature": 0, "max_tokens": 9, "model": "x", "tools": []}) == {
        "add": {"temperature": 0, "max_tokens": 9}, "cap": {"max_tokens": 9}, "drop": ["temperature"],
    }  # fmt: skip
    assert forced(findings(), (), {"model": "x"}) == {}


@pytest.mark.parametrize("names", [["tools"], ["logprobs", "tools[*].x"], "logprobs", ["max_tokens"], [1], None])
def test_what_may_not_be_dropped_is_left_to_be_told(names):
    told = findings()

    assert left_out(told, ("a",), names) == {} and ("a",) not in told.done


def test_names_that_are_dropped_are_carried():
    told = findings()

    assert left_out(told, ("a",), ["logprobs", "user"]) == {"drop": ["logprobs", "user"]} and ("a",) in told.done


def test_a_model_that_is_not_known_to_reason_is_not_told_to():
    assert without_thoughts({"add": {"reasoning_effort": "low"}, "drop": ["user"]}) == {"drop": ["user"]}
    assert without_thoughts({"add": {"thinking": {}, "seed": 1}}) == {"add": {"seed": 1}}
    draft = drafted({"reasoning_effort": "high", "temperature": 0.5})
    assert draft.wanted[0].parameters == {"add": {"temperature": 0.5}}


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        ([{"weight": 3}, {"weight": 1}, {}], [3, 1, 0]),
        ([{"rpm": 10}, {"rpm": 30, "tpm": 1}], [10, 30]),
        ([{"weight": 0, "rpm": 5}, {"weight": 0, "tpm": 7}], [5, 0]),
        ([{}, {}], []),
    ],
)
def test_deployments_share_by_the_first_measure_that_any_of_them_has(rows, weights):
    (_, _, way), *_ = drafted(*rows).ways

    assert way.order == "weighted" and [weight for _, weight in way.weights] == weights
    assert len(way.items) == 1 and len(way.items[0].handles) == len(rows)
