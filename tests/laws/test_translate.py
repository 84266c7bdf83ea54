"""Whatever stands anywhere in a body or a reply, a translator gives a translation or says no by name; nothing else."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response

from gateway.errors import GatewayError
from gateway.interfaces.dialects import ANTHROPIC
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Untranslatable, Upstream
from tests.golden.translate import match
from tests.golden.translate.recorded import CASES, tells_a_failure, translator

SENT = [case for case in CASES if "request" in case]
ANSWERED = [case for case in CASES if "whole" in (said := case.get("upstream_reply", {})) and "status" not in said]
STREAMED = [case for case in CASES if "events" in case.get("upstream_reply", {}) and "expect_refused" not in case]
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", [], [1], [[]], {}, {"a": 1}, {"type": "text"}, [None], "data:"]
)


def ended_for_anthropic(made: dict[str, Any]) -> None:
    assert made["stop_reason"] and isinstance(made["content"], list)


def ended_for_openai(made: dict[str, Any]) -> None:
    choice = made["choices"][0]
    assert choice["finish_reason"] and isinstance(choice["message"]["content"], str | None)
    assert (choice["finish_reason"] == "tool_calls") <= bool(choice["message"].get("tool_calls"))


def ended_for_responses(made: dict[str, Any]) -> None:
    Response.model_validate(made)
    assert made["status"] in ("completed", "incomplete")
    assert (made["status"] == "incomplete") == bool(made["incomplete_details"])


ENDED = {"anthropic": ended_for_anthropic, "openai": ended_for_openai, "responses": ended_for_responses}


SUCCESSES = [
    "finish_reason", "usage", "[DONE]", "message_delta", "message_stop", "response.completed", "response.incomplete",
]  # fmt: skip


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document."""
    found, left = [], [value]
    while left:
        inside = left.pop()
        steps = list(inside) if isinstance(inside, dict) else range(len(inside)) if isinstance(inside, list) else ()
        for step in steps:
            found.append((inside, step))
            left.append(inside[step])
    return found


def damaged(document: Any, data: st.DataObject) -> Any:
    made = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        places = spots(made)
        if not places:
            break
        inside, step = places[data.draw(st.integers(0, len(places) - 1))]
        inside[step] = copy.deepcopy(data.draw(JUNK))
    return made


def translated(case: dict[str, Any], body: Any) -> Any:
    return translator(case).request(body, Upstream(), model="m", response_id="r", created_at=1)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SENT), st.data())
def test_a_body_is_translated_or_refused_by_name_and_left_as_it_was(case, data):
    body = damaged(case["request"], data)
    before = copy.deepcopy(body)
    try:
        translated(case, body)
    except (Untranslatable, GatewayError) as refused:
        assert str(refused)
    assert body == before


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ANSWERED), st.data())
def test_a_whole_reply_is_translated_or_is_none(case, data):
    memory = translated(case, case["request"]).memory
    reply = damaged(case["upstream_reply"]["whole"], data)
    try:
        made = json.loads(WayBack(translator(case), memory, stream=False).feed(json.dumps(reply).encode()))
    except ValueError:
        return
    ENDED[case["client"]](made)


def streamed_with_damage(case: dict[str, Any], data: st.DataObject) -> str:
    """What comes back of a stream in which anything may be anything. A stream that is none ends where that shows."""
    way = WayBack(translator(case), translated(case, case["request"]).memory, stream=True)
    said = b""
    for written in case["upstream_reply"]["events"]:
        name, _, document = written.strip().rpartition("data: ")
        if document.startswith("{") and data.draw(st.booleans()):
            written = f"{name}data: {json.dumps(damaged(json.loads(document), data))}\n\n"
        if not tells_a_failure(written):
            try:
                said += way.feed(written.encode())
            except ValueError as wrong:
                error = GatewayError("upstreams_exhausted", str(wrong))
                end = ANTHROPIC.error_event(error, b"") if case["client"] == "anthropic" else way.fail(error)
                return (said + (end or b"")).decode()
    return (said + way.end()).decode()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([case for case in STREAMED if case["upstream"] == "openai"]), st.data())
def test_whatever_a_chat_stream_holds_the_order_of_events_is_kept(case, data):
    said = streamed_with_damage(case, data)

    assert match.grammar(case["client"], match.atoms(case["client"], said)) == []


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([case for case in STREAMED if case["upstream"] != "openai"]), st.data())
def test_whatever_a_stream_holds_it_ends_as_a_success_or_not_at_all(case, data):
    found = match.atoms(case["client"], streamed_with_damage(case, data))
    broken = set(match.grammar(case["client"], found))

    assert broken <= {"no finish_reason or [DONE]", "no message_stop", "no terminal event"}
    if broken or "error" in [atom["type"] for atom in found]:
        assert not match.never(SUCCESSES, found)


@pytest.mark.parametrize("shape", ["calls", "words", "pieces", "pieces of a text"])
def test_a_stream_of_messages_is_translated_in_time_by_its_size(shape):
    case = next(case for case in STREAMED if case["upstream"] == "anthropic")
    tool = {"type": "custom", "custom": {"name": "jot"}}
    name = "jot" if shape == "pieces of a text" else "f"

    def events(count: int) -> list[dict[str, Any]]:
        use = {"type": "tool_use", "id": "c", "name": name, "input": {}}
        begin = {"type": "content_block_start", "index": 0, "content_block": use}
        if shape == "calls":
            return [{**begin, "index": n, "content_block": {**use, "id": f"c{n}"}} for n in range(count)]
        piece = {"type": "input_json_delta", "partial_json": "12345"}
        delta = {"type": "text_delta", "text": "word "} if shape == "words" else piece
        return [begin, *[{"type": "content_block_delta", "index": 0, "delta": delta}] * count]

    def took(count: int) -> float:
        end = [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}]
        written = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in [*events(count), *end]]
        memory = translated(case, {**case["request"], "tools": [tool]}).memory
        way = WayBack(translator(case), memory, stream=True)
        began = time.process_time()
        for each in written:
            way.feed(each)
        return time.process_time() - began

    small = min(took(1_000) for _ in range(3))
    assert min(took(4_000) for _ in range(3)) < 10 * small + 0.05


@pytest.mark.parametrize("shape", ["calls", "words", "thoughts", "refusals", "words after calls"])
@pytest.mark.parametrize("client", ["anthropic", "responses"])
def test_a_stream_is_translated_in_time_by_its_size(client, shape):
    def took(count: int) -> float:
        case = next(each for each in STREAMED if (each["client"], each["upstream"]) == (client, "openai"))

        def call(n: int) -> dict[str, Any]:
            return {"tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": "f", "arguments": "{}"}}]}

        deltas: dict[str, Callable[[int], dict[str, Any]]] = {
            "calls": call,
            "words": lambda n: {"content": "word "},
            "refusals": lambda n: {"refusal" if n % 2 else "content": "word "},
            "words after calls": lambda n: {"content": "word "} if n % 2 else call(n),
            "thoughts": lambda n: {"reasoning_content" if n % 2 else "content": "word "},
        }
        events = [
            b"data: " + json.dumps({"choices": [{"index": 0, "delta": deltas[shape](n)}]}).encode() + b"\n\n"
            for n in range(count)
        ]
        events.append(b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n')
        way = WayBack(translator(case), translated(case, case["request"]).memory, stream=True)
        began = time.process_time()
        for each in events:
            way.feed(each)
        way.end()
        return time.process_time() - began

    small = min(took(1_000) for _ in range(3))
    assert min(took(4_000) for _ in range(3)) < 10 * small + 0.05
