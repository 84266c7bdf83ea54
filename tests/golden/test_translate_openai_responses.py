"""Chat Completions for an upstream of Responses: each kind of field and reply that the recorded cases do not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Untranslatable, Upstream
from tests.golden.test_translate import back, translated
from tests.golden.translate import match
from tests.golden.translate.recorded import translator

USER = {"role": "user", "content": "Hi"}
CASE: dict[str, Any] = {"client": "openai", "upstream": "responses", "request": {"model": "m", "messages": [USER]}}
LONG = "call." + "x" * 70
GRAMMAR = {"syntax": "lark", "definition": "start: /x+/"}
CUSTOM = {"type": "custom", "name": "jot"}
SEEN: dict[str, Any] = {"type": "image_url", "image_url": {"url": "https://img.example/a.png"}}


def call(id: str, kind: str = "function", **given: str) -> dict[str, Any]:
    return {"id": id, "type": kind, kind: {"name": "f", **given}}


def asks(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def said(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [USER, *messages]}


CARRIED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "what is stored": ({"store": True, "metadata": {"a": "b"}}, {"store": True, "metadata": {"a": "b"}}),
    "what is not": ({"store": None}, {"store": False}),
    "the older limit": ({"max_tokens": 7}, {"max_output_tokens": 7}),
    "a format": ({"response_format": {"type": "json_object"}, "verbosity": "high"},
                 {"text": {"format": {"type": "json_object"}, "verbosity": "high"}}),
    "a strict tool": ({"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]},
                      {"tools": [{"name": "f", "strict": True, "parameters": {"type": "object", "properties": {}}}]}),
    "a grammar": ({"tools": [{"type": "custom", "custom": {"name": "jot", "format": {
                      "type": "grammar", "grammar": GRAMMAR}}}]},
                  {"tools": [{**CUSTOM, "format": {"type": "grammar", **GRAMMAR}}]}),
    "some tools": ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
                       {"type": "function", "function": {"name": "f"}}]}}},
                   {"tool_choice": {"type": "allowed_tools", "mode": "required",
                                    "tools": [{"type": "function", "name": "f"}]}}),
    "a summary of reasoning": ({"reasoning_effort": "low", "reasoning": {"summary": "auto"}},
                               {"reasoning": {"effort": "low", "summary": "auto"}}),
    "a choice without tools": ({"tool_choice": "none"}, {"tool_choice": "none"}),
    "fields at rest": ({"n": 1, "logprobs": False, "logit_bias": {}, "presence_penalty": 0, "stop": None}, {}),
    "hints of prices": ({"prompt_cache_key": "k", "service_tier": "flex"},
                        {"prompt_cache_key": "k", "service_tier": "flex"}),
    "a call of a custom tool": (
        said(asks(call("c", "custom", input="x")), {"role": "tool", "tool_call_id": "c", "content": "ok"}),
        {"input": ["<any>", {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"},
                   {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}]}),
    "ids that are too long": (
        said(asks(call(LONG, arguments="")), {"role": "tool", "tool_call_id": LONG, "content": "ok"}),
        {"input": ["<any>", {"type": "function_call", "call_id": "<id:c>", "arguments": ""},
                   {"type": "function_call_output", "call_id": "<id:c>"}]}),
    "a refusal": (said({"role": "assistant", "content": "", "refusal": "No."}, USER),
                  {"input": ["<any>", {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
                             "<any>"]}),
    "an image that a tool gave": (
        said(asks(call("c", arguments="{}")), {"role": "tool", "tool_call_id": "c", "content": [SEEN]}),
        {"input": ["<any>", "<any>", {"output": [{"type": "input_image", "image_url": SEEN["image_url"]["url"]}]}]}),
    "files": (said({"role": "user", "content": [{"type": "file", "file": {"file_id": "f-1"}},
                                                {"type": "file", "file": {"file_data": "d", "filename": "a.pdf"}}]}),
              {"input": ["<any>", {"content": [{"type": "input_file", "file_id": "f-1"},
                                               {"type": "input_file", "file_data": "d", "filename": "a.pdf"}]}]}),
    "instructions in the middle": (said({"role": "system", "content": "Be brief."}, USER),
                                   {"input": ["<any>", {"role": "system", "content": "Be brief."}, "<any>"]}),
}  # fmt: skip
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    **{name: ({name: value}, name) for name, value in {
        "stop": ["a"], "n": 2, "logprobs": True, "seed": 1, "audio": {}, "prediction": {}, "logit_bias": {"1": 2},
        "frequency_penalty": 0.5, "web_search_options": {}, "functions": [{"name": "f"}], "mystery": 0, "top_k": 3,
    }.items()},
    "a name": (said({"role": "user", "content": "x", "name": "Ann"}), "messages[1].name"),
    "a sound": (said({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}),
                "messages[1].content[0]"),
    "a tool of a vendor": ({"tools": [{"type": "web_search"}]}, "tools[0]"),
    "two limits": ({"max_tokens": 3, "max_completion_tokens": 4}, "max_tokens"),
    "a result without a call": (said({"role": "tool", "tool_call_id": "c", "content": "x"}),
                                "messages[1].tool_call_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_what_responses_have_a_place_for_is_carried(name):
    changes, expected = CARRIED[name]
    made = translated(CASE, strict=True, **changes)

    assert match.match(expected, made.body, {}) == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_responses_have_no_place_for_is_refused_by_its_name(name):
    changes, path = REFUSED[name]
    with pytest.raises((Untranslatable, GatewayError)) as refused:
        translated(CASE, **changes)

    assert f"`{path}`" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (said({"role": "assistant", "content": "x", "reasoning_content": "hm"}, USER), "messages[1].reasoning_content"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
        ({"reasoning": {"summary": "auto"}}, "reasoning.summary"),
    ],
)
def test_what_is_left_out_is_named_and_refused_where_nothing_may_be(changes, told):
    made = translated(CASE, upstream=Upstream(can=frozenset({"tools"})), **changes)

    assert any(name.startswith(told) for name in made.adapted) and "reasoning" not in made.body
    with pytest.raises(Untranslatable, match="x-gateway-strict"):
        translated(CASE, upstream=Upstream(can=frozenset({"tools"}), strict=True), **changes)


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def function(number: int, arguments: str = "") -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"c{number}", "name": "f", "arguments": arguments}


def told(*events: bytes, **changes: Any) -> list[dict[str, Any]]:
    way = back({**CASE, "request": {**CASE["request"], **changes}}, stream=True)
    return list(match.atoms("openai", (b"".join(map(way.feed, events)) + way.end()).decode()))


def ended(*output: dict[str, Any], kind: str = "completed", **more: Any) -> bytes:
    return event(f"response.{kind}", response={"status": kind, "output": list(output), **more})


def added(place: int, item: dict[str, Any]) -> bytes:
    return event("response.output_item.added", output_index=place, item=item)


def calls_in(found: list[dict[str, Any]]) -> dict[int, str]:
    pieces = [call for each in found for call in each.get("delta", {}).get("tool_calls", ())]
    return {call["index"]: call["function"]["arguments"] for call in pieces if "arguments" in call["function"]}


ARGUMENTS = {
    "where the call begins": [added(0, function(0, '{"x": 1}')), ended(function(0, '{"x": 1}'))],
    "where they are done": [added(0, function(0)), event("response.function_call_arguments.done", output_index=0,
                                                         arguments='{"x": 1}'), ended(function(0, '{"x": 1}'))],
    "where the call is done": [added(0, function(0)), event("response.output_item.done", output_index=0,
                                                            item=function(0, '{"x": 1}')), ended()],
    "where the response is done": [added(0, function(0)), ended(function(0, '{"x": 1}'))],
    "in a response that is told at once": [ended(function(0, '{"x": 1}'))],
    "in part, and the rest at the end": [
        added(0, function(0)), event("response.function_call_arguments.delta", output_index=0, delta='{"x'),
        ended(function(0, '{"x": 1}'))],
}  # fmt: skip


@pytest.mark.parametrize("where", ARGUMENTS)
def test_arguments_are_told_once_wherever_they_stand(where):
    found = told(*ARGUMENTS[where])

    assert match.grammar("openai", found) == []
    assert {place: json.loads(words) for place, words in calls_in(found).items()} == {0: {"x": 1}}
    assert [each["finish_reason"] for each in found if "finish_reason" in each] == ["tool_calls"]


def test_calls_that_come_interleaved_keep_their_own_arguments():
    def more(place: int, words: str) -> bytes:
        return event("response.function_call_arguments.delta", output_index=place, delta=words)

    found = told(
        added(0, function(0)), added(1, function(1)), more(1, '{"y"'), more(0, '{"x"'), more(1, ": 2}"),
        more(0, ": 1}"), ended(function(0, '{"x": 1}'), function(1, '{"y": 2}')),
    )  # fmt: skip

    assert match.grammar("openai", found) == []
    assert {place: json.loads(words) for place, words in calls_in(found).items()} == {0: {"x": 1}, 1: {"y": 2}}


def test_a_call_without_arguments_is_given_an_empty_object():
    assert calls_in(told(added(0, function(0)), ended(function(0)))) == {0: "{}"}


TEXT = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "One, two"}]}
THOUGHT = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": words} for words in ("a", "b")]}
ENDS = [
    ("incomplete", {"incomplete_details": {"reason": "max_output_tokens"}}, "length"),
    ("incomplete", {"incomplete_details": {"reason": "content_filter"}}, "content_filter"),
    ("incomplete", {"incomplete_details": None}, "length"),
    ("completed", {}, "stop"),
]


@pytest.mark.parametrize(("kind", "more", "finish"), ENDS)
def test_each_end_has_its_finish_whole_and_streamed_alike(kind, more, finish):
    usage = {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 3,
             "output_tokens_details": {"reasoning_tokens": 2}}  # fmt: skip
    response = {"status": kind, "output": [THOUGHT, TEXT], "usage": usage, "service_tier": "flex", **more}
    reply = json.loads(back(CASE, stream=False).feed(json.dumps(response).encode()))
    found = told(ended(THOUGHT, TEXT, kind=kind, usage=usage, **more), stream_options={"include_usage": True})
    message = reply["choices"][0]["message"]

    assert reply["choices"][0]["finish_reason"] == finish and reply["service_tier"] == "flex"
    assert (message["content"], message["reasoning_content"]) == ("One, two", "a\n\nb")
    assert [each["finish_reason"] for each in found if "finish_reason" in each] == [finish]
    assert [each["delta"] for each in found if each.get("delta", {}).keys() & {"reasoning_content", "content"}] == [
        {"reasoning_content": "a\n\nb"}, {"content": "One, two"},
    ]  # fmt: skip
    assert found[-2]["usage"] == reply["usage"] and reply["usage"]["prompt_tokens_details"]["cached_tokens"] == 4


def test_a_custom_call_comes_back_as_one():
    made = {"type": "custom_tool_call", "id": "ct", "call_id": "c", "name": "jot", "input": 'say "x"'}
    response = {"status": "completed", "output": [made]}
    reply = json.loads(back(CASE, stream=False).feed(json.dumps(response).encode()))
    expected = {"id": "c", "type": "custom", "custom": {"name": "jot", "input": 'say "x"'}}

    assert reply["choices"][0]["message"]["tool_calls"] == [expected]
    way = back(CASE, stream=True).feed(added(0, {**made, "input": ""}) + ended(made)).decode()
    assert json.dumps(expected["custom"], separators=(",", ":")) in way and '"finish_reason":"tool_calls"' in way


@pytest.mark.parametrize("last", [b"", b"data: [DONE]\n\n", event("response.failed", response={"status": "failed"})])
def test_a_stream_that_has_no_end_of_its_own_has_no_finish(last):
    found = told(added(0, {"type": "message", "content": []}), event(
        "response.output_text.delta", output_index=0, content_index=0, delta="One"), last)  # fmt: skip

    assert [each["delta"] for each in found if each["type"] == "chunk"][1:] == [{"content": "One"}]
    assert not match.never(["finish_reason", "usage", "[DONE]"], found)


@pytest.mark.parametrize("status", ["failed", "cancelled", "in_progress", "queued", None])
def test_a_whole_response_that_has_not_ended_is_no_reply(status):
    with pytest.raises(ValueError):
        back(CASE, stream=False).feed(json.dumps({"status": status, "output": [TEXT]}).encode())


FUNCTIONS = Upstream(custom_tools=False)
JOT: dict[str, Any] = {"type": "custom", "custom": {"name": "jot", "description": "Jot down."}}
JOTTED = {"type": "function_call", "id": "fc", "call_id": "c", "name": "jot", "arguments": '{"input":"a \\"b\\""}'}


def test_custom_tools_are_functions_for_an_upstream_that_knows_no_others():
    tools = [JOT, {"type": "custom", "custom": {"name": "f", "format": {"type": "grammar", "grammar": GRAMMAR}}}]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
        {"type": "custom", "custom": {"name": "jot"}}]}}  # fmt: skip
    history = said(asks(call("c", "custom", input='a "b"')), {"role": "tool", "tool_call_id": "c", "content": "ok"})
    made = translated(CASE, upstream=FUNCTIONS, tools=tools, tool_choice=choice, **history)

    assert [(tool["type"], tool["name"], tool["parameters"]["required"]) for tool in made.body["tools"]] == [
        ("function", "jot", ["input"]), ("function", "f", ["input"])]  # fmt: skip
    assert GRAMMAR["definition"] in made.body["tools"][1]["description"]
    assert made.adapted == ("tools[1].custom.format(grammar→description)",)
    assert made.body["tool_choice"]["tools"] == [{"type": "function", "name": "jot"}]
    assert made.body["input"][1:] == [
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"input":"a \\"b\\""}'},
        {"type": "function_call_output", "call_id": "c", "output": "ok"}]  # fmt: skip
    assert "custom" not in json.dumps(made.body)


@pytest.mark.parametrize("arguments", [JOTTED["arguments"], ""], ids=["when it begins", "when it ends"])
def test_what_a_wrapped_tool_was_given_comes_back_as_its_text(arguments):
    made = translated(CASE, upstream=FUNCTIONS, tools=[JOT])
    expected = {"id": "c", "type": "custom", "custom": {"name": "jot", "input": 'a "b"'}}
    whole = translator(CASE).whole({"status": "completed", "output": [JOTTED]}, made.memory)

    assert whole["choices"][0]["message"]["tool_calls"] == [expected]
    way = WayBack(translator(CASE), made.memory, stream=True)
    delta = event("response.function_call_arguments.delta", output_index=0, delta=JOTTED["arguments"])
    said_ = way.feed(added(0, {**JOTTED, "arguments": arguments}) + (b"" if arguments else delta) + ended(JOTTED))
    chunks = [json.loads(each[6:]) for each in said_.decode().split("\n\n") if each.startswith("data: {")]
    calls = [call for each in chunks for call in each["choices"][0]["delta"].get("tool_calls", ())]

    assert calls == [{"index": 0, **expected}] and chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_function_beside_a_wrapped_tool_stays_one():
    made = translated(CASE, upstream=FUNCTIONS, tools=[JOT])
    whole = translator(CASE).whole({"status": "completed", "output": [function(1, "{}")]}, made.memory)

    assert whole["choices"][0]["message"]["tool_calls"][0]["type"] == "function"
