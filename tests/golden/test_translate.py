"""The recorded translation cases, played through the pure translators alone: what goes up, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Translated, Untranslatable, Upstream
from tests.golden.translate import match
from tests.golden.translate.recorded import CASES, tells_a_failure, translator

WHOLE = [case for case in CASES if "whole" in case.get("upstream_reply", {}) and "status" not in case["upstream_reply"]]
STREAMED = [case for case in CASES if "events" in case.get("upstream_reply", {})]
REFUSED = [case for case in CASES if "expect_refused" in case]

THEN = [case for case in WHOLE if "expect_upstream_request" in case.get("then", {})]


def named(case: dict[str, Any]) -> str:
    return str(case["id"])


def translated(
    case: dict[str, Any], *, strict: bool = False, upstream: Upstream | None = None, **changes: Any
) -> Translated:
    body = {**case["request"], **changes}
    upstream = upstream or Upstream(strict=strict)
    return translator(case).request(body, upstream, model=body["model"], response_id="r", created_at=1)


def back(case: dict[str, Any], *, stream: bool) -> WayBack:
    made = translated(case, stream=stream)
    return WayBack(translator(case), made.memory, stream=stream)


@pytest.mark.parametrize("case", [case for case in CASES if "expect_upstream_request" in case], ids=named)
def test_what_goes_up_is_what_was_meant(case):
    body = translated(case).body
    usage = {"stream_options": {"include_usage": True}} if body.get("stream") else {}  # asked for by `upstreams.fleet`

    assert match.match(case["expect_upstream_request"], {**usage, **body}, {}) == []
    assert not match.absent(case.get("expect_upstream_absent", []), body)


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_what_has_no_place_is_refused_by_its_name(case):
    with pytest.raises((Untranslatable, GatewayError)) as refused:
        translated(case)

    assert case["expect_refused"]["param"] in str(refused.value)


@pytest.mark.parametrize("case", WHOLE, ids=named)
def test_a_whole_reply_comes_back_in_the_caller_s_words(case):
    reply = json.loads(back(case, stream=False).feed(json.dumps(case["upstream_reply"]["whole"]).encode()))

    assert match.match(case["expect_reply"].get("whole", {}), reply, {}) == []


def filled(value: Any, reply: dict[str, Any]) -> Any:
    """A second turn, with what the first one answered where it says so."""
    if value == "{{reply.content}}":
        return reply["content"]
    if isinstance(value, list):
        return [
            each
            for item in value
            for each in (reply["output"] if item == "{{reply.output}}" else [filled(item, reply)])
        ]
    return {name: filled(each, reply) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("case", THEN, ids=named)
def test_a_second_turn_brings_back_what_the_first_one_answered(case):
    reply = json.loads(back(case, stream=False).feed(json.dumps(case["upstream_reply"]["whole"]).encode()))
    then = {**case, **case["then"], "request": filled(case["then"]["request"], reply)}
    body = translated(then).body

    assert match.match(then["expect_upstream_request"], body, {}) == []
    assert not match.absent(then.get("expect_upstream_absent", []), body)


@pytest.mark.parametrize("case", STREAMED, ids=named)
@pytest.mark.parametrize("together", [True, False], ids=["at once", "one by one"])
def test_a_stream_comes_back_event_by_event(case, together):
    events = [event.encode() for event in case["upstream_reply"]["events"] if not tells_a_failure(event)]
    way = back(case, stream=True)
    said = b"".join(map(way.feed, [b"".join(events)] if together else events))
    if len(events) < len(case["upstream_reply"]["events"]):
        said += way.fail(GatewayError("upstreams_exhausted", "the reply broke off: worker lost")) or b""
    found = match.atoms(case["client"], said.decode())
    broken = len(events) < len(case["upstream_reply"]["events"])
    expected = [event for event in case["expect_reply"].get("events", []) if event["type"] != "error"]

    assert match.match_events(expected, found, case["client"], {}) == []
    assert broken or match.grammar(case["client"], found) == []
    assert not match.never(case["expect_reply"].get("never", []), found)


HELLO = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
SEEN = {"type": "image", "source": {"type": "url", "url": "https://img.example/a.png"}}
TURN = [
    {"role": "user", "content": "Look."},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "see", "input": {}}]},
]
ADAPTED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "an image in a result": (
        {"messages": [*TURN, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": [SEEN]}]}]},
        "messages[2].content[0].content[0](image→user message)",
        {"messages": ["<any>", "<any>", {"role": "tool", "tool_call_id": "t"},
                      {"role": "user", "content": [{"type": "image_url"}]}]},
    ),
    "a result that is an error": (
        {"messages": [*TURN, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "no such file", "is_error": True}]}]},
        "messages[2].content[0].is_error(is_error→[error])",
        {"messages": ["<any>", "<any>", {"role": "tool", "content": "[error]\nno such file"}]},
    ),
    "a small budget": ({"thinking": {"type": "enabled", "budget_tokens": 2048}},
                       "thinking.budget_tokens(budget→reasoning_effort low)", {"reasoning_effort": "low"}),
    "a middling budget": ({"thinking": {"type": "enabled", "budget_tokens": 4096}},
                          "thinking.budget_tokens(budget→reasoning_effort medium)", {"reasoning_effort": "medium"}),
    "a large budget": ({"thinking": {"type": "enabled", "budget_tokens": 16384}},
                       "thinking.budget_tokens(budget→reasoning_effort high)", {"reasoning_effort": "high"}),
    "no thinking": ({"thinking": {"type": "disabled"}},
                    "thinking(disabled→reasoning_effort none)", {"reasoning_effort": "none"}),
    "a user": ({"metadata": {"user_id": "u-1"}},
               "metadata.user_id(user_id→safety_identifier)", {"safety_identifier": "u-1"}),
    "another vendor's thinking": (
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "EqQB"}, {"type": "redacted_thinking", "data": "x"},
            {"type": "text", "text": "Hello"}]}, {"role": "user", "content": "Go on"}]},
        "messages[1].content[0](thinking of another vendor, left out)",
        {"messages": ["<any>", {"role": "assistant", "content": "Hello"}, "<any>"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADAPTED)
def test_what_is_adapted_is_named_and_refused_where_nothing_may_be(name):
    changes, told, expected = ADAPTED[name]
    case = {"client": "anthropic", "upstream": "openai", "request": HELLO}
    made = translated(case, **changes)

    assert told in made.adapted
    assert match.match(expected, made.body, {}) == []
    with pytest.raises(Untranslatable, match="x-gateway-strict"):
        translated(case, strict=True, **changes)


@pytest.mark.parametrize("field", ["mystery", "top_k", "mcp_servers", "container", "fallbacks", "thread"])
def test_a_field_without_a_place_is_never_dropped(field):
    case = {"client": "anthropic", "upstream": "openai", "request": HELLO}
    with pytest.raises(Untranslatable) as refused:
        translated({**case, "request": {**HELLO, field: [{"a": 1}]}})

    assert refused.value.path == field


def test_our_own_thinking_goes_back_to_the_model_that_thought_it():
    case = {"client": "anthropic", "upstream": "openai", "request": HELLO}
    chunk = {"choices": [{"index": 0, "message": {"content": "Four.", "reasoning_content": "two and two"},
                          "finish_reason": "stop"}]}  # fmt: skip
    reply = json.loads(back(case, stream=False).feed(json.dumps(chunk).encode()))
    turn = [
        *HELLO["messages"],
        {"role": "assistant", "content": reply["content"]},
        {"role": "user", "content": "Sure?"},
    ]  # type: ignore[misc]

    said = translated(case, messages=turn).body["messages"][1]

    assert said == {"role": "assistant", "reasoning_content": "two and two", "content": "Four."}


def test_calls_that_come_interleaved_are_told_one_after_the_other():
    case = {"client": "anthropic", "upstream": "openai", "request": HELLO}

    def call(place: int, **more: Any) -> bytes:
        delta = {"tool_calls": [{"index": place, **more}]}
        return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"

    events = [
        call(0, id="a", function={"name": "one", "arguments": '{"x"'}),
        call(1, id="b", function={"name": "two", "arguments": '{"y": '}),
        call(0, function={"arguments": ": 1}"}),
        call(1, function={"arguments": "2}"}),
        b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}\n\n',
        b"data: [DONE]\n\n",
    ]
    way = back(case, stream=True)
    found = match.atoms("anthropic", b"".join(map(way.feed, events)).decode())

    assert match.grammar("anthropic", found) == []
    told = [event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta"]
    assert [json.loads(each) for each in told] == [{"x": 1}, {"y": 2}]


def test_arguments_for_a_call_that_is_over_are_no_success():
    case = {"client": "anthropic", "upstream": "openai", "request": HELLO}
    way = back(case, stream=True)
    call = {"index": 0, "id": "a", "function": {"name": "one", "arguments": '{"x"'}}
    for delta in ({"tool_calls": [call]}, {"content": "Hm."}):
        way.feed(b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n")
    more = {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}
    with pytest.raises(ValueError):
        way.feed(b"data: " + json.dumps({"choices": [{"index": 0, "delta": more}]}).encode() + b"\n\n")
