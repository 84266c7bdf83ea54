"""Claims about what people bring from other gateways: shares by weight, parameters added, capped and left out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.upstreams import KEY, Upstreams, ask, chat, decision, folder, saying, serving, whole
from tests.native_replies import MESSAGE
from tests.running import Running, starter

pytestmark = pytest.mark.services
POOR = "sk-of-a-team-with-a-budget-0123456789"
ROUTES = """
version: 1
aliases: {shared: three share, tuned: with parameters}
defaults: {order: listed}
routes:
  - name: shared
    when: {model: shared}
    try: [{any: {endpoint: [m@a, m@b, w@c]}}]
    order: weighted
    weights: {m@a: 6, m@b: 3, w@c: 0}
  - name: tuned
    when: {model: tuned}
    try: [m@a, w@c]
    limits: {usd: 0.001}
    parameters: {add: {temperature: 0.25, seed: 7}, cap: {max_tokens: 200}, drop: [logprobs, user]}
  - {name: named, try: [requested, {pass: b}]}
"""
ANY = """
  - {id: "*@b", hosting: hosted, storage: [], inference: [US], trains_on_data: false, retention_days: 0, api: openai,
     base_url: "URL", key_env: null}
"""


@pytest.fixture(scope="module")
def vendors() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def upstreams(vendors: Upstreams) -> Upstreams:
    """As at their start."""
    vendors.acts.clear()
    vendors.asked.clear()
    return vendors


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vendors: Upstreams) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("shares")
    policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
    (policies / "policy.yaml").write_text(ROUTES)
    rows = policies / "catalog" / "all.yaml"
    parts = rows.read_text().split("  - {id: ")
    more = "api: anthropic, parameters: {add: {top_k: 5}}"
    rows.write_text("  - {id: ".join(p.replace("api: openai", more) if p.startswith("w@c") else p for p in parts))
    rows.write_text(rows.read_text() + ANY.replace("URL", vendors.url("b")))
    poor = hashlib.sha256(POOR.encode()).hexdigest()
    callers = (
        (policies / "callers.yaml").read_text().replace("keys: [", f'keys: [{{id: p, team: u, sha256: "{poor}"}}, ')
    )
    budget = "u: {data_class: public, budget: {usd: 5, per: month, when_spent: reject}}"
    (policies / "callers.yaml").write_text(
        callers.replace("t: {data_class: public}", f"t: {{data_class: public}}, {budget}")
    )
    started: list[Running] = []
    yield starter(root, started)(policies)
    for each in started:
        each.stop()


def sent(upstreams: Upstreams) -> Any:
    return json.loads(upstreams.asked[-1][2])


def test_conversations_are_shared_by_weight_and_each_keeps_its_endpoint(running, upstreams):
    firsts: Counter[str] = Counter()
    for number in range(60):
        told = [ask(running, chat("shared", f"Tell me of the year {1900 + number}."))[1] for _ in range(2)]
        assert len({headers["x-gateway-endpoint"] for headers in told}) == 1
        firsts[told[0]["x-gateway-endpoint"]] += 1

    assert firsts.keys() == {"m@a", "m@b"}
    assert 24 <= firsts["m@a"] <= 54  # 40 are expected


def test_when_who_was_drawn_fails_another_of_them_is_asked_and_who_weighs_nothing_last(running, upstreams):
    upstreams.acts["a"] = upstreams.acts["b"] = saying(whole(500, {"error": {"message": "broken"}}))
    upstreams.acts["c"] = saying(whole(200, MESSAGE))
    status, _, _ = ask(running, chat("shared", "Tell me of the year 2000."))

    assert status == 200
    assert sorted(name for name, _, _ in upstreams.asked[:2]) == ["a", "b"]
    assert upstreams.asked[-1][0] == "c"


def test_a_route_adds_caps_and_leaves_out_and_says_so_in_header_and_decision(running, upstreams):
    body = chat("tuned", max_tokens=5000, user="u", temperature=1, logprobs=True, top_p=0.5)
    status, headers, _ = ask(running, body)
    told = "logprobs(left out), user(left out), max_tokens(capped), seed(added)"

    assert status == 200
    assert sent(upstreams) == chat("up-a", max_tokens=200, temperature=1, top_p=0.5, seed=7)
    assert list(sent(upstreams)) == ["model", "messages", "max_tokens", "temperature", "top_p", "seed"]
    assert sorted(headers["x-gateway-adapted"].split(", ")) == sorted(told.split(", "))
    assert sorted(decision(running, headers)["attempts"][0]["adapted"]) == sorted(told.split(", "))


def test_what_is_translated_is_capped_and_given_the_words_of_the_wire_that_it_is_sent_in(running, upstreams):
    upstreams.acts["a"] = saying(whole(500, {"error": {"message": "broken"}}))
    upstreams.acts["c"] = saying(whole(200, MESSAGE))
    status, headers, _ = ask(running, chat("tuned", max_completion_tokens=5000, logprobs=True, stop="x"))
    got = sent(upstreams)

    assert (status, headers["x-gateway-endpoint"]) == (200, "w@c")
    assert {name: got[name] for name in got.keys() - {"messages", "model"}} == {
        "max_tokens": 200, "temperature": 0.25, "top_k": 5, "stop_sequences": ["x"],
    }  # fmt: skip


def test_a_strict_request_is_refused_where_it_would_be_changed_and_served_where_not(running, upstreams):
    strict = {"authorization": f"Bearer {KEY}", "x-gateway-strict": "true"}
    status, _, reply = running.ask("POST", "/v1/chat/completions", chat("tuned", user="u"), headers=strict)
    fine, headers, _ = running.ask("POST", "/v1/chat/completions", chat("m@a"), headers=strict)

    assert status == 400 and b"x-gateway-strict" in reply and not upstreams.asked[:-1]
    assert fine == 200 and "x-gateway-adapted" not in headers


def test_a_bound_on_the_output_lets_a_dear_request_fit_under_the_limit(running, upstreams):
    """200 tokens of output cost 0.0004 dollars at most, the 5000 that are asked for 0.01."""
    assert ask(running, chat("tuned", max_tokens=5000))[0] == 200


def test_a_name_that_nobody_here_knows_goes_to_the_operator_that_takes_any_as_it_is(running, upstreams):
    status, headers, _ = ask(running, chat("vendor/some-model:free"))

    assert (status, headers["x-gateway-endpoint"]) == (200, "*@b")
    assert [name for name, _, _ in upstreams.asked] == ["b"]
    assert sent(upstreams) == chat("vendor/some-model:free")
    assert ask(running, chat("m@b"))[1]["x-gateway-endpoint"] == "m@b"
    for name in ("*@b", "*"):
        assert ask(running, chat(name))[1]["x-gateway-endpoint"] == "*@b"  # a name like another


def test_what_is_passed_on_is_listed_nowhere_and_counted_as_one_model(running):
    listed = json.loads(running.ask("GET", "/v1/models", headers={"authorization": f"Bearer {KEY}"})[2])

    assert sorted(row["id"] for row in listed["data"]) == ["m", "shared", "tuned", "w"]


def test_callers_with_a_budget_need_a_price_on_what_is_passed_on(running, upstreams):
    key = {"authorization": f"Bearer {POOR}"}
    status, _, reply = running.ask("POST", "/v1/chat/completions", chat("vendor/some-model"), headers=key)

    assert status == 403 and b"*@b has no price" in reply and not upstreams.asked
    assert running.ask("POST", "/v1/chat/completions", chat("m@b"), headers=key)[0] == 200
