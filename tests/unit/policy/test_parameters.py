"""What parameters change in a decision, and how `explain` tells it."""

from __future__ import annotations

import pytest

from gateway.catalog.rows import Parameters
from gateway.policy.explain.explanation import denial, sentences, unable
from tests.unit.policy.small import CATALOG, SETS, compiled, decision, ids

ROUTE = "routes: [{name: r, try: [{any: {}}], order: listed, parameters: PARAMETERS}]\n"


def tuned(parameters: str, *, own: str | None = None, **given):
    policy = SETS + b"version: 1\n" + ROUTE.replace("PARAMETERS", parameters).encode()
    catalog = CATALOG.replace(b"glm@zai,", b"glm@zai, parameters: %s," % own.encode()) if own else CATALOG
    return decision(compiled(policy=policy, catalog=catalog), **given)


def test_what_a_route_adds_must_be_served():
    found = tuned("{add: {reasoning_effort: low}}")

    assert ids(found) == ["gpt@openai"]
    assert unable(found)["glm@zai"] == "lacks reasoning"


def test_what_a_route_leaves_out_need_not_be_served():
    needs = frozenset({"json_schema"})

    assert ids(tuned("{cap: {max_tokens: 9}}", needs=needs)) == ["gpt@openai"]
    assert len(ids(tuned("{drop: [response_format]}", needs=needs))) == 4
    assert len(ids(tuned("{drop: [seed]}", needs=needs))) == 1


@pytest.mark.thorough
def test_what_an_endpoint_adds_or_leaves_out_is_its_own():
    needs = frozenset({"json_schema"})

    assert ids(tuned("{}", own="{drop: [response_format]}", needs=needs)) == ["gpt@openai", "glm@zai"]
    assert "glm@zai" not in ids(tuned("{}", own="{add: {reasoning_effort: low}}"))
    assert "glm@zai" in ids(tuned("{add: {reasoning_effort: low}}", own="{drop: [reasoning_effort]}"))


def test_a_denial_names_what_the_parameters_ask_for():
    assert "lacks logprobs" in denial(tuned("{add: {logprobs: true}}")).message


def test_explain_says_what_is_done_to_the_body():
    told = sentences(
        tuned("{add: {temperature: 0, seed: 1}, cap: {max_tokens: 4096}, drop: [user]}", own="{add: {top_k: 5}}")
    )

    assert told[-2:] == [
        "route `r` leaves out `user`; adds `temperature`, `seed` where the caller says nothing; "
        "bounds the output at 4,096 tokens",
        "glm@zai adds `top_k` where the caller says nothing",
    ]


def test_an_empty_mapping_is_no_parameters():
    assert tuned("{}").route.parameters is None
    assert tuned("{cap: {max_tokens: 9}}").route.parameters == Parameters(max_tokens=9)


def test_a_bound_on_the_output_is_what_orders_by_price_reckon_with():
    dear = CATALOG.replace(b"input: 0.3, output: 1.2", b"input: 0.01, output: 100")
    firsts = []
    for parameters in ("{}", "{cap: {max_tokens: 1}}"):
        route = ROUTE.replace("listed", "price").replace("PARAMETERS", parameters).encode()
        folder = compiled(policy=SETS + b"version: 1\n" + route, catalog=dear)
        firsts.append(ids(decision(folder, tokens=100_000))[0])

    assert firsts == ["glm@zai", "glm@together"]
