"""Deciding, by small policies over four endpoints: gpt@openai, glm@zai, glm@together, qwen@self."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.policy.decide import decide
from gateway.policy.explain import explanation
from gateway.policy.models import resolve_model
from gateway.policy.view import View
from gateway.signals.value import UNKNOWN
from tests.unit.policy.small import AT, compiled, decision, ids, policy_with

ALL = ["gpt@openai", "glm@zai", "glm@together", "qwen@self"]
WESTERN = ["gpt@openai", "glm@together", "qwen@self"]
CAREFUL = "never: {exposure: china}"


def left(*guards: str, **given: object) -> list[str]:
    """What is left of all four endpoints."""
    return ids(decision(policy_with(*guards), **given))  # type: ignore[arg-type]


FACTS = [
    ("only: {hosting: self}", ["qwen@self"]),
    ("never: {exposure: china}", WESTERN),
    ("only: {exposure: {not: china}}", WESTERN),
    ("never: {lineage: china, hosting: hosted}", ["gpt@openai", "qwen@self"]),
    ("only: {trains_on_data: false}", WESTERN),
    ("never: {trains_on_data: true}", WESTERN),
    ("only: {storage: eu}", ["glm@together", "qwen@self"]),
    ("only: {retention_days: 0}", ["glm@together", "qwen@self"]),
    ("only: {retention_days: {at_most: 30}}", WESTERN),
    ("only: {certifications: {has: soc2}}", ["gpt@openai", "glm@together"]),
    ("never: {certifications: {has: soc2}}", []),
    ("only: {can: {has: [tools, vision]}}", ["gpt@openai"]),
    ("never: {lists: us_lists}", ["gpt@openai"]),
    ("only: {lists: {not: us_lists}}", ["gpt@openai"]),
    ("never: {operator: [zai, openai]}", ["glm@together", "qwen@self"]),
    ("only: {model: glm}", ["glm@zai", "glm@together"]),
    ("only: {endpoint: glm@zai}", ["glm@zai"]),
    ("only: {licence_family: permissive}", ["glm@zai", "glm@together", "qwen@self"]),
    ("never: {licence_gates: [display, commercial]}", ["gpt@openai", "glm@zai", "glm@together", "qwen@self"]),
    ("never: {territory_excluded: eu}", ["gpt@openai", "glm@zai", "glm@together", "qwen@self"]),
    ("only: {context_tokens: {above: 150000}}", ["gpt@openai", "glm@zai", "glm@together"]),
    ("only: {lineage: {has: CN}}", ["glm@zai", "glm@together", "qwen@self"]),
]


@pytest.mark.parametrize(("guard", "expected"), FACTS)
def test_a_guard_removes_by_facts(guard, expected):
    assert left(guard) == expected


WHENS = [
    ("{team: research}", {}, True),
    ("{team: {not: sales}}", {}, True),
    ("{team: [sales]}", {}, False),
    ("{app: {not: bot}}", {}, True),
    ("{tag: audited}", {}, False),
    ("{tag: {not: audited}}", {}, True),
    ("{tag: audited}", {"tag": "audited"}, True),
    ("{residency: any}", {}, True),
    ("{residency: eu}", {"residency": "eu"}, True),
    ("{data_class: {at_least: confidential}}", {"data_class": "regulated"}, True),
    ("{data_class: {above: confidential}}", {"data_class": "confidential"}, False),
    ("{data_class: {at_most: internal}}", {}, True),
    ("{model: auto}", {}, True),
    ("{model: gp*}", {"model": "gpt"}, True),
    ("{model: [gp*, glm]}", {"model": "glm"}, True),
    ("{model_known: true}", {"model": "glm"}, True),
    ("{kind: [chat, messages]}", {}, True),
    ("{stream: true}", {}, False),
    ("{tokens: {at_least: 10, below: 20}}", {"tokens": 10}, True),
    ("{tokens: {at_least: 10, below: 20}}", {"tokens": 20}, False),
    ("{tokens: {not: 0}}", {}, False),
    ("{effort: {at_least: high}}", {"effort": "max"}, True),
    ("{effort: {at_least: none}}", {}, False),
    ("{language: [en, zh]}", {"language": "zh"}, True),
    ("{language: en}", {}, False),
    ("{language: {not: en}}", {}, True),
    ("{topic: code}", {"topic": frozenset({"code", "legal"})}, True),
    ("{topic: [code, medical]}", {"topic": frozenset({"legal"})}, False),
    ("{topic: {not: [code, medical]}}", {"topic": frozenset({"legal"})}, True),
    ("{topic: {not: code}}", {"topic": frozenset({"legal", "code"})}, False),
    ("{budget_used: {above: 0.8}}", {"budget_used": 0.9}, True),
    ("{topic: code, stream: true}", {"topic": frozenset({"code"})}, False),
]


@pytest.mark.parametrize(("when", "given", "applies"), WHENS)
def test_a_guard_applies_by_signals(when, given, applies):
    assert (left(f"when: {when}, {CAREFUL}", **given) == WESTERN) is applies


@pytest.mark.parametrize(
    "when", ["{topic: code}", "{topic: {not: code}}", "{pii: [email]}", "{language: en}", "{language: {not: en}}"]
)
def test_an_unknown_signal_makes_a_guard_apply_and_a_route_not(when):
    unknown: dict[str, Any] = {"topic": UNKNOWN, "pii": UNKNOWN, "language": UNKNOWN}
    routes = f"routes: [{{name: some, when: {when}, try: [qwen]}}, {{name: rest, try: [{{any: {{}}}}]}}]\n"

    assert left(f"when: {when}, {CAREFUL}", **unknown) == WESTERN
    assert decision(policy_with(rest=routes.encode()), **unknown).route.name == "rest"


def routed(items: str, order: str = "listed", **given: object) -> list[str]:
    routes = f"routes: [{{name: rest, try: {items}, order: {order}}}]\n"
    return ids(decision(policy_with(rest=routes.encode()), **given))  # type: ignore[arg-type]


TRIES = [
    ("[qwen@self]", ["qwen@self"]),
    ("[glm]", ["glm@zai", "glm@together"]),
    ("[glm@together, glm]", ["glm@together", "glm@zai"]),
    ("[requested, qwen]", ["qwen@self"]),
    ("[{any: {hosting: self}}, {any: {}}]", ["qwen@self", "gpt@openai", "glm@zai", "glm@together"]),
    ("[{any: {price_output: {at_most: 1}}}]", ["glm@zai", "qwen@self"]),
    ("[{any: {trains_on_data: {not: true}}}]", WESTERN),
]


@pytest.mark.parametrize(("items", "expected"), TRIES)
def test_items_are_tried_in_the_order_written_and_a_duplicate_keeps_its_first_place(items, expected):
    assert routed(items) == expected


ORDERS = [
    ("listed", 1000, ALL),
    ("price", 1000, ["glm@zai", "qwen@self", "glm@together", "gpt@openai"]),
    ("price", 100_000, ["glm@zai", "qwen@self", "glm@together", "gpt@openai"]),
    ("first_byte", 1000, ALL),
]


@pytest.mark.parametrize(("order", "tokens", "expected"), ORDERS)
def test_order_sorts_inside_an_item(order, tokens, expected):
    assert routed("[{any: {}}]", order, tokens=tokens) == expected


def test_what_the_caller_names_is_what_requested_stands_for():
    assert routed("[requested]", model="glm") == ["glm@zai", "glm@together"]
    assert routed("[requested]", model="glm@together") == ["glm@together"]
    assert routed("[requested]", model="auto") == []


def test_the_first_route_that_applies_is_final():
    routes = b"routes: [{name: code, when: {topic: code}, try: [glm@zai]}, {name: rest, try: [{any: {}}]}]\n"

    refused = decision(policy_with(CAREFUL, rest=routes), topic=frozenset({"code"}))

    assert (refused.route.name, ids(refused)) == ("code", [])


def test_an_endpoint_that_served_the_conversation_goes_first_while_it_is_left():
    folder = compiled()
    signals = decision(folder).signals

    def first(conversation: str) -> str:
        return decide(folder.policy, signals, View(at=AT, conversation=conversation)).endpoints[0].id

    assert (first("gpt@openai"), first("gone@nowhere")) == ("gpt@openai", "glm@zai")


FREEZES = [
    (("operator", "zai"), ["gpt@openai", "glm@together", "qwen@self"]),
    (("endpoint", "glm@zai"), ["gpt@openai", "glm@together", "qwen@self"]),
    (("origin", "CN"), ["gpt@openai"]),
    (("lineage", "CN"), ["gpt@openai"]),
    (("exposure", "CN"), WESTERN),
    (("list", "us_entity_list"), ["gpt@openai", "qwen@self"]),
]


@pytest.mark.parametrize(("frozen", "expected"), FREEZES)
def test_a_freeze_removes_like_a_guard_of_that_name(frozen, expected):
    folder = policy_with()
    frozen_now = decide(folder.policy, decision(folder).signals, View(at=AT, frozen=(frozen,)))

    assert ids(frozen_now) == expected
    assert all(names == [f"freeze:{frozen[0]}={frozen[1]}"] for names in explanation.removed(frozen_now).values())


def test_when_everything_is_frozen_the_caller_is_told_so():
    folder = policy_with()
    frozen = decide(folder.policy, decision(folder).signals, View(at=AT, frozen=(("origin", "CN"), ("origin", "US"))))

    assert (explanation.denial(frozen).code, explanation.denial(frozen).status) == ("frozen", 503)


REFUSALS = [
    ({"needs": frozenset({"audio"})}, "unsupported_request", "lacks audio"),
    ({"kind": "completion"}, "unsupported_request", "does not serve completion"),
    ({"tokens": 500_000}, "context_length_exceeded", "the longest context here is 400,000"),
    ({"tokens": 500_000, "needs": frozenset({"audio"})}, "unsupported_request", "lacks audio"),
]


@pytest.mark.parametrize(("given", "code", "words"), REFUSALS)
def test_what_nothing_can_serve_is_a_bad_request(given, code, words):
    refusal = explanation.denial(decision(policy_with(), **given))

    assert (refusal.code, refusal.status) == (code, 400)
    assert words in refusal.message


def test_if_a_guard_removed_one_that_could_serve_the_refusal_names_the_guard_and_its_why():
    refused = decision(policy_with("why: we said so, never: {operator: openai}"), needs=frozenset({"vision"}))

    assert explanation.denial(refused).code == "no_permitted_endpoint"
    assert "guard `g0` removed gpt@openai (we said so)" in explanation.denial(refused).message
    assert explanation.denied_by(refused) == "g0"


def test_two_guards_that_remove_the_same_are_to_blame_together():
    refused = decision(policy_with("never: {operator: openai}", "never: {origin: US}"), needs=frozenset({"vision"}))

    assert explanation.denied_by(refused) == "several"


def test_embeddings_stay_with_one_model():
    embedding = compiled(
        catalog=EMBEDDERS,
        policy=b"version: 1\nsets: {eu: [DE]}\naliases: {auto: any}\nroutes: [{name: rest, try: [b, {any: {}}]}]\n",
    )
    nothing_named = compiled(
        catalog=EMBEDDERS, policy=b"version: 1\nsets: {eu: [DE]}\nroutes: [{name: rest, try: [{any: {}}]}]\n"
    )

    assert ids(decision(embedding, kind="embedding")) == ["b@self", "b@self/two"]
    assert ids(decision(embedding, kind="embedding", model="a")) == ["a@self"]
    assert ids(decision(nothing_named, kind="embedding")) == []
    assert (
        "names no endpoint of one embedding model"
        in explanation.denial(decision(nothing_named, kind="embedding")).message
    )


EMBEDDERS = b"""\
labs: [{id: lab, name: Lab, country: DE}]
models:
  - {id: a, lab: lab, base: [], kinds: [embedding], context_tokens: 8000}
  - {id: b, lab: lab, base: [], kinds: [embedding], context_tokens: 8000}
operators: [{id: self, name: us, country: DE, parent_country: DE}]
endpoints:
  - &door {id: a@self, hosting: self, inference: [DE], api: openai, base_url: "http://one:1/v1", key_env: null,
     prices: [{since: 2026-01-01, input: 1, output: 1}]}
  - {id: b@self, hosting: self, inference: [DE], api: openai, base_url: "http://two:1/v1", key_env: null,
     prices: [{since: 2026-01-01, input: 1, output: 1}]}
  - {id: b@self/two, hosting: self, inference: [DE], api: openai, base_url: "http://six:1/v1", key_env: null,
     prices: [{since: 2026-01-01, input: 2, output: 2}]}
"""


def test_a_name_is_a_model_an_endpoint_an_alias_or_nothing():
    policy = compiled().policy

    assert [resolve_model(policy, name) for name in ("glm", "glm@zai", "auto", "gpt-4-turbo")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(GatewayError, match="did you mean `gpt`") as wrong:
        resolve_model(policy, "gtp")
    assert (wrong.value.code, wrong.value.status) == ("model_not_found", 404)


def test_a_name_that_is_like_no_other_is_shown_the_policys_own():
    with pytest.raises(GatewayError, match="ask for `auto`, or see GET /v1/models"):
        resolve_model(compiled().policy, "entirely-different")


def test_why_tells_every_step():
    told = explanation.sentences(decision(compiled(), team="sales", data_class="regulated", pii=frozenset({"email"})))

    assert told[0] == ("guard `eu-residency` applies (residency is eu) and removed gpt@openai, glm@zai, glm@together")
    assert told[-1].startswith("`{any: {}}` proposes nothing that is left")
