"""Responses for an upstream of Messages: each kind of field and reply that the recorded cases do not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate.spec import Untranslatable, Upstream
from tests.golden.test_translate import back, translated
from tests.golden.translate import match

USER = {"role": "user", "content": "Hi"}
HELLO = {"model": "m", "max_output_tokens": 9, "input": "Hi"}
CASE: dict[str, Any] = {"client": "responses", "upstream": "anthropic", "request": HELLO}
LONG = "call." + "x" * 70
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /x+/"}
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}


def items(*given: dict[str, Any]) -> dict[str, Any]:
    return {"input": [USER, *given]}


def call(id: str, arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "id": "fc", "call_id": id, "name": "f", "arguments": arguments}


def result(id: str, output: Any = "ok") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}


SEEN = {"type": "input_image", "image_url": "https://img.example/a.png"}
PDF = {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}
CARRIED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "calls in a row": (
        items({"role": "assistant", "content": "Two."}, call("a"), call("b"), result("b"), result("a"), USER),
        {"messages": [USER, {"role": "assistant", "content": [
            {"type": "text", "text": "Two."}, {"type": "tool_use", "id": "a"}, {"type": "tool_use", "id": "b"}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "b"},
                                         {"type": "tool_result", "tool_use_id": "a"}, {"text": "Hi"}]}]}),
    "one call after the other": (
        items(call("a", ""), result("a"), call("b"), result("b")),
        {"messages": [USER, {"content": [{"id": "a", "input": {}}]}, {"content": [{"tool_use_id": "a"}]},
                      {"content": [{"id": "b"}]}, {"content": [{"tool_use_id": "b"}]}]}),
    "ids that are too long": (
        items(call(LONG), result(LONG)),
        {"messages": [USER, {"content": [{"id": "<id:c>"}]}, {"content": [{"tool_use_id": "<id:c>"}]}]}),
    "what a tool showed": (
        items(call("a"), result("a", [SEEN, PDF])),
        {"messages": ["<any>", "<any>", {"content": [{"content": [
            {"type": "image", "source": {"type": "url"}},
            {"type": "document", "title": "a.pdf", "source": {"type": "base64", "data": "AA=="}}]}]}]}),
    "a document from the web": (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "https://x/y.pdf"}]}]},
        {"messages": [{"content": [{"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}}]}]}),
    "instructions in the middle": (
        items({"role": "developer", "content": "Be brief."}, USER),
        {"messages": [USER, {"role": "system", "content": "Be brief."}, USER]}),
    "one tool": ({"tools": [{**TOOL, "strict": True}], "tool_choice": {"type": "function", "name": "f"}},
                 {"tools": [{"name": "f", "strict": True}], "tool_choice": {"type": "tool", "name": "f"}}),
    "one tool at a time": ({"tools": [TOOL], "parallel_tool_calls": False},
                           {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
    "no tool": ({"tools": [TOOL], "tool_choice": "none", "parallel_tool_calls": False},
                {"tool_choice": {"type": "none"}}),
    "a schema": ({"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}},
                 {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
    "no reasoning": ({"reasoning": {"effort": "none"}}, {"thinking": {"type": "disabled"}}),
    "what agents always send": (
        {"store": False, "include": ["reasoning.encrypted_content"], "prompt_cache_key": "k", "truncation": "disabled",
         "reasoning": {"summary": "auto"}, "text": {"verbosity": "medium"}, "metadata": {"a": "b"}}, {}),
}  # fmt: skip
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    **{name: ({name: value}, name) for name, value in {
        "previous_response_id": "r", "conversation": "c", "background": True, "prompt": {"id": "p"}, "mystery": 0,
        "truncation": "auto", "max_tool_calls": 3, "top_logprobs": 2, "temperature": 1.5, "service_tier": "flex",
        "context_management": [{"type": "compaction"}],
    }.items()},
    "json without a schema": ({"text": {"format": {"type": "json_object"}}}, "text.format"),
    "verbosity": ({"text": {"verbosity": "low"}}, "text.verbosity"),
    "too little reasoning": ({"reasoning": {"effort": "minimal"}}, "reasoning.effort"),
    "a summary of a kind": ({"reasoning": {"summary": "detailed"}}, "reasoning.summary"),
    "other things to include": ({"include": ["file_search_call.results"]}, "include[0]"),
    "a tool of a vendor": ({"tools": [{"type": "web_search"}]}, "tools[0]"),
    "some tools": ({"tools": [TOOL], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [
        {"type": "function", "name": "f"}]}}, "tool_choice.type"),
    "an item of a vendor": (items({"type": "item_reference", "id": "i"}), "input[1]"),
    "a file of a vendor": (items({"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}),
                           "input[1].content[0].file_id"),
    "details": (items({"role": "user", "content": [{**SEEN, "detail": "low"}]}), "input[1].content[0].detail"),
    "broken arguments": (items(call("a", "{"), result("a")), "input[1].arguments"),
    "the assistant's own beginning": (items({"role": "assistant", "content": "I"}), "input[1]"),
    "a result without a call": (items(result("a")), "input[1].call_id"),
}  # fmt: skip
ADAPTED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "a grammar": ({"tools": [{"type": "custom", "name": "jot", "description": "Jot.", "format": GRAMMAR}]},
                  "tools[0].format(grammar→description)",
                  {"tools": [{"name": "jot", "description": "<contains:start: /x+/>",
                              "input_schema": {"required": ["input"]}}]}),
    "no bound": ({"max_output_tokens": None}, "max_output_tokens(absent→8192)", {"max_tokens": 8192}),
    "what is stored": ({"store": True}, "store(true→false)", {}),
    "a user": ({"safety_identifier": "u"}, "safety_identifier(safety_identifier→metadata.user_id)",
               {"metadata": {"user_id": "u"}}),
    "another vendor's reasoning": (
        items({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gAAA"}, USER),
        "input[1](reasoning without its vendor's signature, left out)", {"messages": [USER, USER]}),
    "a refusal": (items({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, USER),
                  "input[1].content[0](refusal→text)", {"messages": [USER, {"content": "No."}, USER]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_what_messages_have_a_place_for_is_carried(name):
    changes, expected = CARRIED[name]
    made = translated(CASE, strict=True, **changes)

    assert match.match(expected, made.body, {}) == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_messages_have_no_place_for_is_refused_by_its_name(name):
    changes, path = REFUSED[name]
    with pytest.raises((Untranslatable, GatewayError)) as refused:
        translated(CASE, **changes)

    assert f"`{path}`" in str(refused.value)


@pytest.mark.parametrize("name", ADAPTED)
def test_what_is_adapted_is_named_and_refused_where_nothing_may_be(name):
    changes, told, expected = ADAPTED[name]
    made = translated(CASE, **changes)

    assert made.adapted == (told,)
    assert match.match(expected, made.body, {}) == []
    with pytest.raises(Untranslatable, match="x-gateway-strict"):
        translated(CASE, strict=True, **changes)


def test_the_models_own_maximum_is_the_limit_of_who_set_none():
    made = translated(CASE, upstream=Upstream(max_output_tokens=64_000, strict=True), max_output_tokens=None)

    assert made.body["max_tokens"] == 64_000


JOT = {"type": "custom", "name": "jot"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "Eq=="}
SILENT = {"type": "thinking", "thinking": "", "signature": "Er=="}
HIDDEN = {"type": "redacted_thinking", "data": "Es=="}
TEXTS = [{"type": "text", "text": "One, "}, {"type": "text", "text": "two"}]
CALLS = [{"type": "tool_use", "id": "a", "name": "f", "input": {}},
         {"type": "tool_use", "id": "b", "name": "f", "input": {"x": 1}},
         {"type": "tool_use", "id": "c", "name": "jot", "input": {"input": 'say "x"'}}]  # fmt: skip


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def events(blocks: list[dict[str, Any]], stop: str, *, whole: bool = False) -> list[bytes]:
    """`whole`: what each block holds stands where it begins, as some servers tell it."""
    made = [event("message_start", message={"usage": {"input_tokens": 5, "output_tokens": 1}})]
    for place, block in enumerate(blocks):
        empty = {name: {} if name == "input" else "" for name in ("text", "thinking", "signature", "input")}
        begun = block if whole else {name: empty.get(name, value) for name, value in block.items()}
        made.append(event("content_block_start", index=place, content_block=begun))
        deltas = (
            []
            if whole
            else [
                {"type": f"{name}_delta", name: block[name]}
                for name in ("text", "thinking", "signature")
                if name in block
            ]
        )
        if "input" in block and not whole:
            deltas = [
                {"type": "input_json_delta", "partial_json": words}
                for words in json.dumps(block["input"], separators=(",", ":"))
            ]
        made += [event("content_block_delta", index=place, delta=delta) for delta in deltas]
        made.append(event("content_block_stop", index=place))
    made.append(event("message_delta", delta={"stop_reason": stop}, usage={"output_tokens": 7}))
    return [*made, event("message_stop")]


def told(sent: list[bytes], **changes: Any) -> list[dict[str, Any]]:
    way = back({**CASE, "request": {**HELLO, "tools": [TOOL, JOT], **changes}}, stream=True)
    return list(match.atoms("responses", (b"".join(map(way.feed, sent)) + way.end()).decode()))


def whole(blocks: list[dict[str, Any]], stop: str, **more: Any) -> dict[str, Any]:
    message = {"content": blocks, "stop_reason": stop, "usage": {"input_tokens": 5, "output_tokens": 7}, **more}
    way = back({**CASE, "request": {**HELLO, "tools": [TOOL, JOT]}}, stream=False)
    made: dict[str, Any] = json.loads(way.feed(json.dumps(message).encode()))
    return made


@pytest.mark.parametrize("at_once", [True, False])
def test_every_block_becomes_its_item_and_goes_back_as_it_was(at_once):
    blocks: list[dict[str, Any]] = [THOUGHT, SILENT, HIDDEN, *TEXTS, *CALLS]
    found = told(events(blocks, "tool_use", whole=at_once))
    output = whole(blocks, "tool_use")["output"]

    assert match.grammar("responses", found) == []
    assert found[-1]["response"]["output"] == output
    assert [item["type"] for item in output] == [*["reasoning"] * 3, "message", *["function_call"] * 2,
                                                 "custom_tool_call"]  # fmt: skip
    assert [part["text"] for part in output[3]["content"]] == ["One, ", "two"]
    assert [json.loads(item["arguments"]) for item in output[4:6]] == [{}, {"x": 1}]
    assert output[6]["input"] == 'say "x"'
    results = [{**result(id), "type": f"{kind}_output"} for id, kind in (
        ("a", "function_call"), ("b", "function_call"), ("c", "custom_tool_call"))]  # fmt: skip
    made = translated(CASE, strict=True, input=[USER, *output, *results], tools=[TOOL, JOT])
    assert made.body["messages"][1]["content"] == blocks


STOPS = [
    ("end_turn", "completed", None), ("stop_sequence", "completed", None),
    ("max_tokens", "incomplete", "max_output_tokens"),
    ("model_context_window_exceeded", "incomplete", "max_output_tokens"), ("refusal", "incomplete", "content_filter"),
]  # fmt: skip


@pytest.mark.parametrize(("stop", "status", "reason"), STOPS)
def test_each_stop_reason_has_its_status_whole_and_streamed_alike(stop, status, reason):
    reply, found = whole(TEXTS, stop), told(events(TEXTS, stop))

    assert match.grammar("responses", found) == []
    assert found[-1]["type"] == f"response.{status}" and found[-1]["response"] == reply
    assert reply["status"] == reply["output"][-1]["status"] == status
    assert reply["incomplete_details"] == ({"reason": reason} if reason else None)
    assert (reply["usage"]["input_tokens"], reply["usage"]["total_tokens"]) == (5, 12)


@pytest.mark.parametrize("stop", ["pause_turn", "compaction", None])
def test_an_end_that_is_none_is_no_reply(stop):
    with pytest.raises(ValueError):
        whole(TEXTS, stop)


def test_a_call_that_was_cut_before_its_arguments_has_none():
    found = told(events([{**CALLS[1], "input": ""}], "max_tokens", whole=True))

    assert found[-1]["response"]["output"][0]["arguments"] == ""
    assert found[-1]["response"]["output"][0]["status"] == "incomplete"


def test_a_thought_without_its_signature_is_not_brought_back():
    output = whole([{"type": "thinking", "thinking": "Hm.", "signature": ""}], "max_tokens")["output"]

    assert "encrypted_content" not in output[0]
    made = translated(CASE, input=[USER, *output, USER])
    assert made.adapted == ("input[1](reasoning without its vendor's signature, left out)",)


@pytest.mark.parametrize("last", [[], [event("message_delta", delta={"stop_reason": "end_turn"})]])
def test_a_stream_without_its_own_end_has_failed(last):
    found = told([*events(TEXTS, "end_turn")[:4], *last])

    assert found[0]["type"] == "response.created"
    assert found[-1]["type"] == "response.failed" and found[-1]["response"]["error"]["code"] == "server_error"
    assert not match.never(["response.completed", "response.incomplete"], found)


def test_an_error_of_the_upstream_is_told_by_another_way():
    way = back(CASE, stream=True)
    said = way.feed(b"".join([*events(TEXTS, "end_turn")[:2], event("error", error={"type": "overloaded_error"})]))
    said += way.fail(GatewayError("rate_limit_exceeded", "slow down")) or b""
    found = match.atoms("responses", said.decode())

    assert found[-1]["response"]["error"] == {"code": "rate_limit_exceeded", "message": "slow down"}
