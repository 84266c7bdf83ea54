"""Replies of Chat on their way back to callers of Responses, beyond the recorded cases, and by the official SDK."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses import Response

from gateway.errors import GatewayError
from gateway.upstreams.translate.passing import WayBack
from tests.golden.test_translate import STREAMED, WHOLE, back, named, translated
from tests.golden.test_translate_responses_openai import (
    CASE,
    GRAMMAR_TOOL,
    HELLO,
    PLAIN,
    TEXT_TOOL,
    TOOL,
    USER,
    jotted,
    result,
)  # fmt: skip
from tests.golden.translate import match
from tests.golden.translate.recorded import translator

USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
DONE = b"data: [DONE]\n\n"
OURS = [case for case in STREAMED if (case["client"], case["upstream"]) == ("responses", "openai")]
ENDS = [
    ("stop", None), ("tool_calls", None), ("a_new_one", None), ("length", "max_output_tokens"),
    ("model_context_window_exceeded", "max_output_tokens"), ("repetition_truncation", "max_output_tokens"),
    ("content_filter", "content_filter"), ("sensitive", "content_filter"),
]  # fmt: skip


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %b\n\n" % json.dumps({"choices": [choice]}).encode()


def piece(index: int | None, arguments: str = "", **more: Any) -> bytes:
    """Of a tool call. `more`: `id`, `name`."""
    name = {"name": more.pop("name")} if "name" in more else {}
    place = {"index": index} if index is not None else {}
    return chunk(tool_calls=[{**place, **more, "function": {**name, "arguments": arguments}}])


def streamed(*chunks: bytes, way: WayBack | None = None) -> str:
    way = way or back(CASE, stream=True)
    return b"".join(map(way.feed, [*chunks, DONE])).decode() + way.end().decode()


def told(*chunks: bytes, way: WayBack | None = None) -> list[dict[str, Any]]:
    """Its events, which keep their order; the last one is the end."""
    found: list[dict[str, Any]] = match.atoms("responses", streamed(*chunks, way=way))
    assert match.grammar("responses", found) == []
    return found


def answer(finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": USAGE}
    return dict(json.loads(back(CASE, stream=False).feed(json.dumps(reply).encode())))


def sdk(said: str) -> Any:
    """The official client's accumulator, given this stream."""
    head = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda asked: httpx2.Response(200, headers=head, content=said.encode()))
    client = openai.OpenAI(api_key="k", base_url="http://a.example", http_client=httpx2.Client(transport=transport))
    return client.responses.stream(model="m", input="Hi")


@pytest.mark.parametrize(("finish", "reason"), ENDS)
def test_each_end_keeps_its_meaning_whole_and_streamed(finish, reason):
    whole, last = answer(finish, content="Hi"), told(chunk(content="Hi"), chunk(finish))[-1]
    status = "incomplete" if reason else "completed"

    for made in (whole, last["response"]):
        assert (made["status"], (made["incomplete_details"] or {}).get("reason")) == (status, reason)
        assert [item["status"] for item in made["output"]] == [status]
    assert last["type"] == f"response.{status}"


@pytest.mark.parametrize("finish", ["error", "network_error", "malformed_function_call", "engine_overloaded"])
def test_an_end_that_is_a_failure_is_no_success(finish):
    with pytest.raises(ValueError):
        answer(finish, content="Hi")
    assert told(chunk(content="Hi"), chunk(finish))[-1]["type"] == "response.failed"


@pytest.mark.parametrize("chunks", [[], [chunk(content="Hi")], [piece(0, "{", id="a", name="find")]])
def test_a_stream_without_a_finish_has_failed_once(chunks):
    way = back(CASE, stream=True)
    found = told(*chunks, way=way)

    assert found[-1]["response"]["status"] == "failed"
    assert not match.never(["response.completed", "response.incomplete"], found)
    assert way.fail(GatewayError("upstreams_exhausted", "broken")) == b""


@pytest.mark.parametrize("before", [[], [chunk(content="Onc"), chunk(content="e")], [chunk(reasoning_content="hm")]])
@pytest.mark.parametrize(("code", "expected"), [
    ("upstreams_exhausted", "server_error"), ("upstream_timeout", "server_error"), ("frozen", "server_error"),
    ("content_filtered", "invalid_prompt"), ("budget_exceeded", "rate_limit_exceeded"),
])  # fmt: skip
def test_a_stream_that_breaks_ends_as_failed_with_what_had_come(before, code, expected):
    way = back(CASE, stream=True)
    said = b"".join(map(way.feed, before)) + (way.fail(GatewayError(code, "m@a: worker lost")) or b"")
    found = match.atoms("responses", said.decode())
    last = found[-1]["response"]

    assert match.grammar("responses", found) == []
    assert (last["status"], last["error"]) == ("failed", {"code": expected, "message": "m@a: worker lost"})
    assert [item["status"] for item in last["output"]] == ["incomplete"] * bool(before)
    assert way.feed(chunk(content="more")) == way.end() == b""
    with sdk(said.decode()) as stream, pytest.raises(openai.APIError, match="worker lost"):
        stream.get_final_response()


@pytest.mark.parametrize("case", OURS, ids=named)
def test_the_sdk_puts_each_recorded_stream_together(case):
    way = back(case, stream=True)
    events = [event.encode() for event in case["upstream_reply"]["events"] if '"error"' not in event]
    said = b"".join(map(way.feed, events)) + way.end()
    whole = [event for event in match.atoms("responses", said.decode()) if event["type"].startswith("response.")][-1]
    if whole["type"] == "response.failed":
        with sdk(said.decode()) as stream, pytest.raises(openai.APIError):
            list(stream)
        return
    with sdk(said.decode()) as stream:
        found = list(stream)
    last = found[-1].response

    assert last.id == whole["response"]["id"]
    ours = Response.model_validate(whole["response"])
    assert [(item.type, item.id) for item in last.output] == [(item.type, item.id) for item in ours.output]
    assert last.output_text == ours.output_text
    assert found[-1].type == whole["type"]


@pytest.mark.parametrize("case", [case for case in WHOLE if case["client"] == "responses"], ids=named)
def test_a_whole_reply_is_a_response_with_all_of_its_fields(case):
    made = json.loads(back(case, stream=False).feed(json.dumps(case["upstream_reply"]["whole"]).encode()))

    Response.model_validate(made)
    assert made["id"] == "resp_r" and made["created_at"] == 1 and made["model"] == case["request"]["model"]
    assert (made["store"], made["previous_response_id"], made["truncation"]) == (False, None, "disabled")
    assert len({item["id"] for item in made["output"]}) == len(made["output"])


def test_a_response_repeats_what_was_asked_for():
    asked = {
        "instructions": "Be brief.", "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 9, "metadata": {"a": "b"},
        "tools": [TOOL, GRAMMAR_TOOL], "tool_choice": "required", "parallel_tool_calls": False, "user": "u",
        "text": {"verbosity": "low"}, "reasoning": {"effort": "low"}, "service_tier": "flex", "prompt_cache_key": "k",
        "safety_identifier": "s",
    }  # fmt: skip
    reply = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "service_tier": "default"}
    way = back({**CASE, "request": {**HELLO, **asked}}, stream=False)
    made = json.loads(way.feed(json.dumps(reply).encode()))

    Response.model_validate(made)
    assert match.match({**asked, "service_tier": "default", "store": False, "usage": None}, made, {}) == []
    assert made["text"]["format"] == {"type": "text"}


def test_calls_that_come_interleaved_are_told_one_after_the_other():
    found = told(
        piece(0, '{"x"', id="a", name="one"), piece(1, '{"y": ', id="b", name="two"), piece(0, ": 1}"),
        piece(1, "2}"), chunk("tool_calls"),
    )  # fmt: skip
    output = found[-1]["response"]["output"]

    assert [(item["call_id"], json.loads(item["arguments"])) for item in output] == [("a", {"x": 1}), ("b", {"y": 2})]
    assert [event["output_index"] for event in found if event["type"].endswith("arguments.done")] == [0, 1]


CALLS: dict[str, tuple[list[bytes], list[tuple[str, str]]]] = {
    "without arguments": ([piece(0, id="a", name="f")], [("a", "{}")]),
    "all at once": ([piece(0, '{"x":1}', id="a", name="f")], [("a", '{"x":1}')]),
    "one index for all": ([piece(0, "{}", id="a", name="f"), piece(0, '{"x":1}', id="b", name="f")],
                          [("a", "{}"), ("b", '{"x":1}')]),
    "no index": ([piece(None, '{"x"', id="a", name="f"), piece(None, ":1}"), piece(None, "{}", id="b", name="f")],
                 [("a", '{"x":1}'), ("b", "{}")]),
    "no id": ([piece(0, "{}", name="f"), piece(1, "{}", name="f")], [("call_r_0", "{}"), ("call_r_1", "{}")]),
    "one id for all": ([piece(0, "{}", id="a", name="f"), piece(1, "{}", id="a", name="f")],
                       [("a", "{}"), ("call_r_1", "{}")]),
    "an id in each piece": ([piece(0, "{", id="a", name="f"), piece(0, "}", id="a", name="f")], [("a", "{}")]),
    "the name later": ([piece(0, "{", id="a"), piece(0, "}", name="f")], [("a", "{}")]),
    "words between its pieces": ([piece(0, "{", id="a", name="f"), chunk(content="Hm."), piece(0, "}")], [("a", "{}")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls_of_servers_that_tell_them_otherwise(name):
    chunks, expected = CALLS[name]
    said = streamed(*chunks, chunk("tool_calls"))
    output = told(*chunks, chunk("tool_calls"))[-1]["response"]["output"]
    with sdk(said) as stream:
        final = stream.get_final_response()

    calls = [item for item in output if item["type"] == "function_call"]
    assert [(call["call_id"], call["arguments"]) for call in calls] == expected
    assert [item.call_id for item in final.output if item.type == "function_call"] == [id for id, _ in expected]


def test_what_is_said_after_a_call_stands_after_it():
    found = told(piece(0, "{}", id="a", name="f"), chunk(content="Then"), piece(1, "{}", id="b", name="f"),
                 chunk(content="this."), chunk("stop"))  # fmt: skip

    output = found[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["function_call", "message", "function_call", "message"]


def test_arguments_for_a_call_that_is_over_are_no_success():
    way = back(CASE, stream=True)
    for each in (piece(0, "{", id="a", name="f"), chunk(content="Hm."), piece(1, "{}", id="b", name="f")):
        way.feed(each)
    with pytest.raises(ValueError):
        way.feed(piece(0, "}"))


def test_only_the_last_item_of_a_cut_answer_is_incomplete():
    found = told(chunk(reasoning_content="hm"), chunk(content="Hi"), piece(0, '{"x', id="a", name="f"), chunk("length"))
    output = found[-1]["response"]["output"]

    assert [item["status"] for item in output] == ["completed", "completed", "incomplete"]
    assert output[-1]["arguments"] == '{"x'
    unwritten = told(piece(0, id="a", name="f"), chunk("length"))[-1]["response"]["output"][0]
    assert (unwritten["status"], unwritten["arguments"]) == ("incomplete", "")
    assert answer("length", content="Hi", reasoning_content="hm")["output"][0]["status"] == "completed"


def test_a_finish_holds_though_chunks_follow_it():
    assert told(chunk(content="Hi"), chunk("length"), chunk(content=""))[-1]["type"] == "response.incomplete"


def test_usage_holds_that_comes_last():
    early = {"usage": {**USAGE, "completion_tokens": 1, "total_tokens": 4}, "choices": []}
    said = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in (early, {"usage": USAGE, "choices": []})]
    usage = told(said[0], chunk(content="Hi"), chunk("stop"), said[1])[-1]["response"]["usage"]

    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 5, 8)
    assert usage["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}


def test_a_server_that_knows_no_more_is_asked_in_its_own_words():
    talk = [
        {"role": "developer", "content": "Be brief."},
        USER,
        jotted("a", 'say "x"'),
        result("a", kind="custom_tool"),
    ]
    choice = {"type": "custom", "name": "jot"}
    made = translated(CASE, upstream=PLAIN, input=talk, tools=[GRAMMAR_TOOL], tool_choice=choice, max_output_tokens=9)
    expected = {
        "max_tokens": 9,
        "messages": [
            {"role": "system", "content": "Be brief."}, USER,
            {"role": "assistant", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "jot", "arguments": '{"input": "say \\"x\\""}'}}]},
            {"role": "tool", "tool_call_id": "a", "content": "ok"},
        ],
        "tools": [{"type": "function", "function": {
            "name": "jot", "description": r"<re:(?s)^Jot down\..*lark.*start: /x\+/$>",
            "parameters": {"type": "object", "required": ["input"]}}}],
        "tool_choice": {"type": "function", "function": {"name": "jot"}},
    }  # fmt: skip

    assert match.match(expected, made.body, {}) == []
    assert made.adapted == ("tools[0].format(grammar→description)",)
    assert made.memory.wrapped_tools == {"jot"}


@pytest.mark.parametrize("arguments", ['{"input": "say \\"x\\""}', '"say'])
def test_a_text_tool_comes_back_as_one_where_chat_knew_a_function(arguments):
    made = translated(CASE, upstream=PLAIN, tools=[TEXT_TOOL])
    way = WayBack(translator(CASE), made.memory, stream=True)
    found = told(piece(0, arguments[:5], id="a", name="jot"), piece(0, arguments[5:]), chunk("tool_calls"), way=way)
    item = found[-1]["response"]["output"][0]

    assert (item["type"], item["call_id"], item["name"]) == ("custom_tool_call", "a", "jot")
    assert item["input"] == ('say "x"' if arguments.startswith("{") else arguments)
    assert [event["type"] for event in found if "custom" in event["type"]] == [
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
    ]


def test_a_text_tool_of_chat_s_own_is_told_as_it_comes():
    pieces = [
        chunk(tool_calls=[{"index": 0, "id": "a", "type": "custom", "custom": {"name": "jot", "input": "one "}}]),
        chunk(tool_calls=[{"index": 0, "custom": {"input": "two"}}]),
    ]
    way = back(CASE, stream=True)

    assert b'"delta":"one "' in way.feed(pieces[0])
    assert told(*pieces, chunk("tool_calls"))[-1]["response"]["output"][0]["input"] == "one two"
