"""Claims about answers that a route keeps: who is given them again, and what is never kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.integration.rerouted import YES, pieces, said
from tests.integration.upstreams import KEY, SSE, Upstreams, chat, decision, event, folder, saying, serving, whole
from tests.running import ADMIN_TOKEN, PATIENCE_S, Running, starter

pytestmark = pytest.mark.services
OTHERS = {"mate": "t", "stranger": "u", "poor": "p", "saver": "s"}  # keys by name, and their teams
ROUTES = """
version: 1
sets: {own: [US]}
aliases: {kept: kept for the team, mine: kept for the key, tooled: kept with tools, timed: by when, plain: not kept}
defaults: {order: listed, affinity: none}
guards:
  - {name: not-a, when: {tag: careful}, never: {endpoint: m@a}}
routes:
  - {name: kept, when: {model: kept}, try: [m@a, m@b], cache: {ttl: 1h}}
  - {name: mine, when: {model: mine}, try: [m@a], cache: {ttl: 1h, scope: key}}
  - {name: tooled, when: {model: tooled}, try: [m@a], cache: {ttl: 1h, tools: true}}
  - {name: timed, when: {model: timed}, try: [m@a], cache: {ttl: 1s, when: {tokens: {below: 500}}}}
  - {name: plain, try: [m@a]}
"""
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


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


def key_of(name: str) -> str:
    return f"sk-of-{name}-0123456789abcdef"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vendors: Upstreams) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("cache")
    policies = folder(root / "policies", {name: vendors.url(name) for name in "ab"})
    (policies / "policy.yaml").write_text(ROUTES)
    rows = policies / "catalog" / "all.yaml"
    rows.write_text(rows.read_text().replace("kinds: [chat]", "kinds: [chat, embedding]"))
    keys = "".join(
        f'{{id: {name}, team: {team}, sha256: "{hashlib.sha256(key_of(name).encode()).hexdigest()}"}}, '
        for name, team in OTHERS.items()
    )
    teams = "teams: {u: {data_class: public}, s: {data_class: public},"
    teams += " p: {data_class: public, budget: {usd: 0.000001, per: month}}, "
    callers = (policies / "callers.yaml").read_text().replace("keys: [", f"keys: [{keys}")
    (policies / "callers.yaml").write_text("tags: [careful]\n" + callers.replace("teams: {", teams))
    started: list[Running] = []
    yield starter(root, started)(policies)
    for each in started:
        each.stop()


def post(running: Running, body: object, key: str = KEY, path: str = "chat/completions", **headers: str) -> Any:
    """Status, headers and body."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return running.ask("POST", f"/v1/{path}", body, headers={"authorization": f"Bearer {key}", **more})


def looked(running: Running, body: object, key: str = KEY, **headers: str) -> str | None:
    """What the reply says of the cache."""
    status, told, reply = post(running, body, key, **headers)
    assert status == 200, reply
    return told.get("x-gateway-cache")  # type: ignore[no-any-return]


@pytest.mark.parametrize("stream", [False, True])
def test_who_asks_the_same_is_given_the_same_and_nobody_is_asked(running, upstreams, stream):
    client = openai.OpenAI(base_url=running.base_url, api_key=KEY, max_retries=0)
    text, raws = f"Why do ships float, {stream}?", []
    for _ in range(2):
        asked = {"model": "kept", "messages": [{"role": "user", "content": text}], "stream": stream}
        raw = client.chat.completions.with_raw_response.create(**asked)
        found = raw.parse()
        if stream:
            found = "".join(chunk.choices[0].delta.content or "" for chunk in found if chunk.choices)
        raws.append((raw.headers, found if stream else found.choices[0].message.content))
    (first, one), (again, two) = raws

    assert one == two == YES and len(upstreams.asked) == 1
    assert (first["x-gateway-cache"], first.get("age"), first["x-gateway-attempts"]) == ("miss", None, "1")
    assert (again["x-gateway-cache"], again["age"], again["x-gateway-attempts"]) == ("hit", "0", "0")
    assert again["x-gateway-endpoint"] == first["x-gateway-endpoint"] == "m@a"
    assert again["x-request-id"] != first["x-request-id"]
    told = decision(running, dict(again))
    assert (told["outcome"], told["cost_usd"], told["attempts"], told["cache"]) == ("answered", "0", [], "hit")
    assert told["kept"]["request_id"] == first["x-request-id"] and told["kept"]["endpoint"] == "m@a"
    assert told["cache_saved_usd"] == decision(running, dict(first))["cost_usd"] != "0"


def test_embeddings_and_other_surfaces_are_kept_too(running, upstreams):
    vector = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "m",
              "usage": {"prompt_tokens": 3, "total_tokens": 3}}  # fmt: skip
    upstreams.acts["a"] = saying(whole(200, vector))
    bodies = [post(running, {"model": "kept", "input": "ships"}, path="embeddings") for _ in range(2)]
    assert [told["x-gateway-cache"] for _, told, _ in bodies] == ["miss", "hit"]
    assert bodies[0][2] == bodies[1][2]

    upstreams.acts.clear()
    for path, asked in (
        ("responses", {"model": "kept", "input": "ships"}),
        ("messages", {"model": "kept", "max_tokens": 50, "messages": [{"role": "user", "content": "ships!"}]}),
    ):
        told = [post(running, asked, path=path) for _ in range(2)]
        assert [each[1].get("x-gateway-cache") for each in told] == ["miss", "hit"], path
        assert told[0][2] == told[1][2]


def test_fields_in_another_order_are_the_same_request_and_whatever_may_change_the_answer_is_another(running, upstreams):
    body = chat("kept", "What is a keel?", temperature=0, user="me")
    assert looked(running, body) == "miss"
    assert looked(running, dict(reversed(body.items()))) == "hit"
    assert looked(running, body | {"user": "somebody else"}) == "hit"
    spaced = json.dumps(body, indent=1).replace("keel", "\\u006beel")
    assert looked(running, spaced.encode()) == "hit"
    for more in ({"temperature": 1}, {"seed": 1}, {"stream": True}, {"max_tokens": 99}, {"n": 2}):
        assert looked(running, body | more) == "miss", more
    assert looked(running, chat("kept", "What is a keel? ", temperature=0)) == "miss"


def test_a_team_shares_its_answers_with_nobody_and_a_key_not_even_with_its_team(running, upstreams):
    body = chat("kept", "Who owns it?")
    keys = (KEY, key_of("mate"), key_of("stranger"))
    assert [looked(running, body, key) for key in keys] == ["miss", "hit", "miss"]
    body = chat("mine", "Who owns it?")
    assert [looked(running, body, key) for key in (*keys, KEY)] == ["miss", "miss", "miss", "hit"]


def test_guards_budgets_and_freezes_are_asked_anew_of_whoever_gave_the_answer(running, upstreams):
    body = chat("kept", "May I?")
    assert [looked(running, body) for _ in range(2)] == ["miss", "hit"]
    status, told, _ = post(running, body, x_gateway_tag="careful")
    assert (status, told["x-gateway-cache"], told["x-gateway-endpoint"]) == (200, "miss", "m@b")
    assert looked(running, body, x_gateway_tag="careful") == "hit"

    admin = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    row = {"selector": "endpoint", "value": "m@b"}
    status, _, reply = running.ask_control("POST", "/api/freezes", row, headers=admin)
    assert status in (200, 201), reply
    deadline = time.monotonic() + PATIENCE_S
    while (seen := post(running, body, x_gateway_tag="careful"))[0] == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert seen[0] == 503, seen
    freeze = json.loads(reply)["id"]
    assert running.ask_control("DELETE", f"/api/freezes/{freeze}", headers=admin)[0] in (200, 204)

    poor = [post(running, chat("kept", "Poor?"), key_of("poor"))[0] for _ in range(2)]
    assert poor == [429, 429]


def test_whoever_wants_it_anew_gets_it_anew(running, upstreams):
    body = chat("kept", "Anew?")
    assert looked(running, body, x_gateway_no_cache="true") is None
    assert looked(running, body, cache_control="no-store") is None
    assert [looked(running, body) for _ in range(2)] == ["miss", "hit"]
    upstreams.acts["a"] = saying(whole(200, said("Another answer altogether, and a longer one it is.")))
    assert looked(running, body, cache_control="no-cache") == "miss"
    _, told, reply = post(running, body)
    assert (told["x-gateway-cache"], b"Another answer" in reply) == ("hit", True)


LENGTH = said("It floats because") | {"choices": [{"index": 0, "finish_reason": "length", "message":
          {"role": "assistant", "content": "It floats because"}}]}  # fmt: skip
LIMIT = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
BROKEN = (SSE, *map(event, pieces(YES, ended=False)))
NEVER: dict[str, tuple[bytes, dict[str, Any], int]] = {
    "a refusal": (whole(200, said("I'm sorry, but I can't help with that request.")), {}, 200),
    "a filter's": (whole(200, said(None)), {}, 200),
    "cut at the limit": (whole(200, LENGTH), {"max_tokens": 5}, 200),
    "an error": (whole(400, {"error": {"message": "bad"}}), {}, 400),
    "a stream that breaks off": (b"".join(BROKEN), {"stream": True}, 200),
    "a stream cut at the limit": (
        b"".join((SSE, *map(event, pieces(YES, ended=False)), event(LIMIT), event(b"[DONE]"))),
        {"stream": True, "max_tokens": 5}, 200),
}  # fmt: skip


@pytest.mark.parametrize("name", NEVER)
def test_what_is_no_whole_answer_is_never_kept(running, upstreams, name):
    reply, more, expected = NEVER[name]
    upstreams.acts["a"] = upstreams.acts["b"] = saying(reply)
    body = chat("kept", f"Never keep {name}.", **more)
    told = [post(running, body) for _ in range(2)]

    assert [status for status, _, _ in told] == [expected] * 2
    assert all(headers.get("x-gateway-cache") != "hit" for _, headers, _ in told)
    assert len(upstreams.asked) >= 2


def test_tools_images_and_what_the_when_leaves_out_are_not_looked_for(running, upstreams):
    image = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    assert looked(running, chat("kept", "Tools?", tools=[TOOL])) is None
    assert [looked(running, chat("tooled", "Tools?", tools=[TOOL])) for _ in range(2)] == ["miss", "hit"]
    assert post(running, chat("kept", image))[1].get("x-gateway-cache") is None  # type: ignore[arg-type]
    assert looked(running, chat("timed", "long " * 2000)) is None
    assert looked(running, chat("plain", "Plain?")) is None


def test_an_answer_has_its_time(running, upstreams):
    body = chat("timed", "How long?")
    assert [looked(running, body) for _ in range(2)] == ["miss", "hit"]
    time.sleep(1.05)
    assert looked(running, body) == "miss"


def test_savings_by_cache_are_a_figure_of_their_own(running, upstreams):
    body = chat("kept", "What does it save?")
    told = [post(running, body, key_of("saver"))[1] for _ in range(3)]
    cost = float(told[0]["x-gateway-cost-usd"])

    assert running.counts("gateway_cache_total", 2, team="s", route="kept", result="hit")
    assert running.metric("gateway_cache_saved_usd_total", team="s") == pytest.approx(2 * cost)
    assert running.metric("gateway_cost_usd_total", team="s") == pytest.approx(cost)
    answers = running.metric("gateway_cache_total", result="hit")
    deadline = time.monotonic() + PATIENCE_S
    while by_cache(running)["answers"] != answers and time.monotonic() < deadline:  # the ledger may be a moment behind
        time.sleep(0.1)
    saved = by_cache(running)
    assert saved["answers"] == answers
    assert float(saved["saved_usd"]) == pytest.approx(running.metric("gateway_cache_saved_usd_total"))


def by_cache(running: Running) -> dict[str, Any]:
    """Of the whole time, as the report has it."""
    admin = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    found: dict[str, Any] = json.loads(running.ask_control("GET", "/api/reports/savings", headers=admin)[2])["by_cache"]
    return found


def test_erasing_a_key_empties_the_cache(running, upstreams):
    body = chat("kept", "Forget me.")
    assert [looked(running, body) for _ in range(2)] == ["miss", "hit"]
    admin = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    status, _, reply = running.ask_control("POST", "/api/keys/somebody/erase", headers=admin)
    assert status == 200, reply
    deadline = time.monotonic() + PATIENCE_S
    while looked(running, body, cache_control="only-a-look") == "hit" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(upstreams.asked) == 2
