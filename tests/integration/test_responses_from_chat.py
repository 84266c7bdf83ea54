"""Claims about callers of Responses who are answered by an upstream that speaks Chat Completions: by translation."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import openai
import pytest

from tests.integration.test_messages import USAGE, delta, reply
from tests.integration.test_native_wires import (  # noqa: F401 (fixtures)
    gpt,
    running,
    sent,
    upstreams,
    vendors,
)
from tests.integration.upstreams import SSE, Line, decision, event, saying

pytestmark = pytest.mark.services
DONE = b"data: [DONE]\n\n"
TOOL: Any = {"type": "function", "name": "tide", "parameters": {"type": "object", "properties": {}}, "strict": False}
HISTORY: Any = [
    {
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hello.", "annotations": [{"type": "file_path"}]}],
    },
    {"role": "user", "content": "Tell me some history."},
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "tide", "arguments": '{"port":"Whitby"}'}}


def test_a_whole_reply_is_translated_and_billed(gpt, running, upstreams):  # noqa: F811
    upstreams.acts["c"] = saying(reply("In 1066."))
    raw = gpt.responses.with_raw_response.create(
        model="w@c", instructions="Be brief.", input=HISTORY, max_output_tokens=99
    )
    told = raw.parse()

    assert sent(upstreams)["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Tell me some history."},
    ]
    assert raw.headers["x-gateway-adapted"] == "input[0].content[0].annotations(left out)"
    assert (told.output_text, told.status, told.model, told.store) == ("In 1066.", "completed", "w@c", False)
    assert (told.usage.input_tokens, told.usage.input_tokens_details.cached_tokens) == (10, 4)
    assert decision(running, dict(raw.headers))["attempts"][0]["usage"]["input_tokens"] == 10


def test_a_stream_with_a_call_and_its_next_turn_go_through_the_sdk(gpt, upstreams):  # noqa: F811
    said = [delta(reasoning_content="The tide."), delta(content="Asking."), delta(tool_calls=[{"index": 0, **CALL}])]
    upstreams.acts["c"] = saying(SSE, *said, delta("tool_calls"), event({"choices": [], "usage": USAGE}), DONE)
    asked: list[Any] = [{"role": "user", "content": "When is high water?"}]
    with gpt.responses.stream(model="w@c", input=asked, tools=[TOOL]) as stream:
        told = stream.get_final_response()
    asked += told.output
    upstreams.acts["c"] = saying(reply("At nine."))
    gpt.responses.create(
        model="w@c", tools=[TOOL], input=[*asked, {"type": "function_call_output", "call_id": "call_1", "output": "9"}]
    )

    assert [item.type for item in told.output] == ["reasoning", "message", "function_call"]
    assert told.usage.total_tokens == 30
    assert sent(upstreams)["messages"][1:] == [
        {"role": "assistant", "reasoning_content": "The tide.", "content": "Asking.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "9"},
    ]


def test_what_has_no_place_is_refused_before_anybody_is_asked(gpt, upstreams):  # noqa: F811
    with pytest.raises(openai.BadRequestError) as raised:
        gpt.responses.create(model="w@c", input="Hi", truncation="auto")

    assert raised.value.param == "truncation"
    assert not upstreams.asked


@pytest.mark.parametrize("last", [[], [DONE], [event({"error": {"message": "worker lost", "type": "server_error"}})]])
def test_a_stream_that_breaks_has_failed(gpt, upstreams, last):  # noqa: F811
    release = threading.Event()

    async def act(line: Line) -> None:
        await line.say(SSE, delta(content="Once "), delta(content="upon"))
        await asyncio.to_thread(release.wait, 10)  # until its beginning has gone to the caller
        await line.say(*last)

    upstreams.acts["c"] = act
    told: list[Any] = []
    raw = gpt.responses.with_streaming_response.create(model="w@c", input="Hi", stream=True)
    with raw as reply:
        for line in reply.iter_lines():
            release.set()
            if line.startswith("data: "):
                told.append(json.loads(line[6:]))
    final = told[-1]["response"]

    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert [each["type"] for each in told if each["type"] in ("response.created", "error", "response.failed")] == [
        "response.created", "error", "response.failed"
    ]  # fmt: skip
    assert (final["status"], final["error"]["code"]) == ("failed", "server_error")
    assert final["output"][0]["content"][0]["text"] == "Once upon"


def test_half_an_answer_is_an_exception_of_the_sdk(gpt, upstreams):  # noqa: F811
    upstreams.acts["c"] = saying(SSE, delta(content="Once "), delta(content="upon"))
    with pytest.raises(openai.APIError, match="broke off"):
        list(gpt.responses.create(model="w@c", input="Hi", stream=True))
