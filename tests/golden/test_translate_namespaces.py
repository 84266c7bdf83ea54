"""Tools in namespaces, and tools that agents offer unasked: there and back, for upstreams that know neither."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.offered_tools import UNASKED, unasked
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Translated, Untranslatable, Upstream

UPSTREAMS = ("openai", "anthropic")
FIND: dict[str, Any] = {"type": "function", "name": "find", "parameters": {"type": "object", "properties": {}}}
AGENTS: dict[str, Any] = {
    "type": "namespace", "name": "agents", "description": "Of sub-agents.",
    "tools": [{**FIND, "name": "spawn", "description": "Begins one."}, {"type": "custom", "name": "jot"}],
}  # fmt: skip
SEARCH = {"type": "web_search", "external_web_access": True}
CLIENT: dict[str, Any] = {"client_metadata": {"session_id": "s"}}


def asked(tools: list[Any], upstream: str, *, strict: bool = False, **more: Any) -> Translated:
    body = {"model": "m", "input": "Hi", "max_output_tokens": 9, "tools": tools, **more}
    facts = Upstream(strict=strict, custom_tools=False)
    translate = TRANSLATORS["openai_responses", upstream].request
    return translate(body, facts, model="m", response_id="r", created_at=1)


def names(made: Translated) -> list[str]:
    return [tool["function"]["name"] if "function" in tool else tool["name"] for tool in made.body["tools"]]


def answered(upstream: str, made: Translated, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The item that a call of `name` comes back as, whole; that the stream tells the same is asserted."""
    written = json.dumps(arguments, separators=(",", ":"))
    if upstream == "openai":
        call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": written}}
        whole: Any = {"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
        events: list[Any] = [
            {"choices": [{"delta": {"tool_calls": [{"index": 0, **call}]}}]},
            {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
        ]
    else:
        block = {"type": "tool_use", "id": "c1", "name": name}
        whole = {"content": [{**block, "input": arguments}], "stop_reason": "tool_use", "usage": {}}
        events = [
            {"type": "content_block_start", "index": 0, "content_block": {**block, "input": {}}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": written}},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}},
            {"type": "message_stop"},
        ]
    pair = TRANSLATORS["openai_responses", upstream]
    item = json.loads(WayBack(pair, made.memory, stream=False).feed(json.dumps(whole).encode()))["output"][0]
    way = WayBack(pair, made.memory, stream=True)
    lines = b"".join([way.feed(b"data: " + json.dumps(event).encode() + b"\n\n") for event in events]) + way.end()
    told = [json.loads(line[6:]) for line in lines.decode().splitlines() if line.startswith("data: ")]
    begun = next(event["item"] for event in told if event["type"] == "response.output_item.added")
    assert next(event["item"] for event in told if event["type"] == "response.output_item.done") == item
    assert {"name": begun["name"], "namespace": begun.get("namespace")} == {
        "name": item["name"], "namespace": item.get("namespace")}  # fmt: skip
    kept: dict[str, Any] = item
    return kept


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_tools_of_a_namespace_go_as_functions_and_their_calls_come_back_in_it(upstream):
    made = asked([FIND, AGENTS], upstream)
    spawned = answered(upstream, made, "agents__spawn", {"task": "x"})
    jotted = answered(upstream, made, "agents__jot", {"input": "a line"})

    assert names(made) == ["find", "agents__spawn", "agents__jot"]
    assert "Of sub-agents.\\n\\nBegins one." in json.dumps(made.body["tools"][1])
    assert made.adapted == ("tools[1](namespace→functions)",)
    assert (spawned["type"], spawned["namespace"], spawned["name"]) == ("function_call", "agents", "spawn")
    assert json.loads(spawned["arguments"]) == {"task": "x"}
    assert (jotted["type"], jotted["namespace"], jotted["name"]) == ("custom_tool_call", "agents", "jot")
    assert jotted["input"] == "a line"
    assert "namespace" not in answered(upstream, made, "find", {})


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("present", [True, False], ids=["offered again", "offered no more"])
def test_a_history_names_the_tools_as_the_upstream_knows_them(upstream, present):
    call = {"type": "function_call", "call_id": "c1", "namespace": "agents", "name": "spawn", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c1", "output": "ok", "namespace": "agents", "name": "spawn"}
    made = asked(
        [FIND, *([AGENTS] if present else [])], upstream, input=[{"role": "user", "content": "Hi"}, call, result]
    )

    assert '"agents__spawn"' in json.dumps(made.body["messages"][1])
    with pytest.raises(Untranslatable, match=r"input\[2\].name"):
        asked([AGENTS], upstream, input=[{"role": "user", "content": "Hi"}, call, {**result, "name": "jot"}])


@pytest.mark.parametrize("taken", ["long", "strange", "another's", "two alike"])
def test_names_fit_and_are_each_of_one_tool(taken):
    def space(name: str, *tools: str) -> dict[str, Any]:
        return {
            "type": "namespace",
            "name": name,
            "description": "d",
            "tools": [{**FIND, "name": each} for each in tools],
        }

    tools = {
        "long": [space("n" * 60, "a" * 60, "a" * 59 + "b")],
        "strange": [space("mail box", "to/all"), space("mail.box", "to/all")],
        "another's": [{**FIND, "name": "agents__spawn"}, space("agents", "spawn")],
        "two alike": [space("a__", "b"), space("a", "b")],
    }[taken]
    made = asked(tools, "openai")
    found = names(made)

    assert len(set(found)) == 2 and all(0 < len(name) <= 64 and name.replace("-", "_").isidentifier() for name in found)
    assert names(asked(tools, "openai")) == found  # alike in every request
    for name in found if taken != "another's" else found[1:]:
        item = answered("openai", made, name, {})
        assert (item["namespace"], item["name"]) == made.memory.namespaced[name]


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("kind", sorted(UNASKED))
def test_what_an_agent_offers_unasked_is_left_out_by_name(upstream, kind):
    made = asked([FIND, {"type": kind}], upstream, **CLIENT)

    assert names(made) == ["find"] and made.adapted == (f"tools[1]({kind} left out)",)
    with pytest.raises(Untranslatable, match=r"tools\[1\]"):
        asked([FIND, {"type": kind}], upstream, strict=True, **CLIENT)
    with pytest.raises(Untranslatable, match=r"tools\[1\]"):
        asked([FIND, {"type": kind}], upstream)  # of nobody who tells that it is an agent


ASKED_FOR: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "no tool of its own": ([SEARCH], CLIENT),
    "chosen": ([FIND, SEARCH], {**CLIENT, "tool_choice": {"type": "web_search"}}),
    "one of those allowed": ([FIND, SEARCH], {**CLIENT, "tool_choice": {"type": "allowed_tools", "tools": [SEARCH]}}),
    "metadata of nothing": ([FIND, SEARCH], {"client_metadata": {}}),
    "no agent": ([FIND, SEARCH], {}),
    "what has the caller's own settings": (
        [AGENTS, {"type": "mcp", "server_url": "x"}, {"type": "file_search"}],
        CLIENT,
    ),
    "no list": ({}, CLIENT),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("case", ASKED_FOR)
def test_what_a_caller_asks_for_is_never_left_out(case):
    tools, more = ASKED_FOR[case]

    assert unasked({"tools": tools, **more}) == frozenset()


def test_namespaces_tell_an_agent_too_and_are_refused_where_nothing_may_be_adapted():
    assert unasked({"tools": [AGENTS, FIND, SEARCH], "tool_choice": "auto"}) == {2}
    with pytest.raises(Untranslatable, match=r"tools\[0\]"):
        asked([AGENTS], "openai", strict=True)


@pytest.mark.parametrize(
    "wrong",
    [{"tools": [{**AGENTS, "name": "inner"}]}, {"tools": [SEARCH]}, {"tools": "x"}, {"name": 7},
     {"tools": [{"type": "function"}]}, {"description": []}, {"more": 1}, {"tools": [7]}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_what_is_no_namespace_of_functions_is_refused_by_its_place(upstream, wrong):
    with pytest.raises((Untranslatable, GatewayError), match=r"tools\[0\]"):
        asked([{**AGENTS, **wrong}], upstream)


@pytest.mark.thorough
def test_many_tools_in_a_namespace_take_time_in_proportion_to_them():
    def seconds(count: int) -> float:
        tools = [{**FIND, "name": f"f{number}"} for number in range(count)]
        began = process_time()
        asked([{**AGENTS, "tools": tools}], "openai")
        return process_time() - began

    few, many = min(seconds(400) for _ in range(3)), min(seconds(4_000) for _ in range(3))
    assert many < 40 * few
