"""A reply in the other form than was asked for."""

from __future__ import annotations

import json
from typing import Any

from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.reshape import Gathering, events_of

CALL = {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


def event(delta: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, **more}]}


def gathered(*events: object) -> dict[str, Any]:
    gathering = Gathering()
    for each in events:
        gathering.add(each)
    whole: dict[str, Any] = json.loads(gathering.reply())
    return whole


def test_texts_and_thoughts_grow_and_what_names_something_does_not():
    whole = gathered(
        event({"role": "assistant", "content": "", "reasoning_content": "Hm"}),
        event({"role": "assistant", "content": "Sh", "reasoning_content": "."}),
        event({"content": "ips", "annotations": [1]}),
        event({"content": None, "annotations": [2], "extra": {"a": "x"}}),
        event({"extra": {"a": "y", "b": 1}, "count": 3}),
        event({"count": 4}, finish_reason="stop"),
    )

    assert whole["object"] == "chat.completion"
    assert whole["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Ships",
                "reasoning_content": "Hm.",
                "annotations": [1, 2],
                "extra": {"a": "xy", "b": 1},
                "count": 4,
            },
            "finish_reason": "stop",
        }
    ]


def test_a_call_in_pieces_is_one_call():
    whole = gathered(
        event({"tool_calls": [{"index": 0, **CALL, "function": {"name": "f", "arguments": ""}}]}),
        event({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": '}}, {"index": 1, "id": "u"}]}),
        event({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}, finish_reason="tool_calls"),
        {"choices": [], "usage": USAGE},
    )

    assert whole["choices"][0]["message"]["tool_calls"] == [{"index": 0, **CALL}, {"index": 1, "id": "u"}]
    assert whole["usage"] == USAGE


def test_a_last_event_that_repeats_the_message_counts_once():
    whole = gathered(
        event({"content": "Ships"}), {"choices": [{"index": 0, "message": {"content": "Ships"}}]}, "odd", None
    )

    assert whole["choices"][0]["message"] == {"content": "Ships"}


def test_completions_keep_their_text():
    assert gathered({"choices": [{"text": "a"}]}, {"choices": [{"text": "b"}, "odd"]})["choices"][0]["text"] == "ab"


def test_a_whole_reply_becomes_events_that_say_the_same():
    message = {"role": "assistant", "content": "Ships", "tool_calls": [CALL, "odd"]}
    document = {"object": "chat.completion", "choices": [{"index": 0, "message": message}, "odd"], "usage": USAGE}

    written = events_of(document, usage=True, done=True)

    assert written.endswith(b"data: [DONE]\n\n")
    first, last = (json.loads(line[6:]) for line in written.split(b"\n\n")[:2])
    assert first["object"] == "chat.completion.chunk"
    assert first["choices"][0]["delta"]["tool_calls"] == [{"index": 0, **CALL}, "odd"]
    assert last["usage"] == USAGE
    assert b"usage" not in events_of(document, usage=False, done=False)
    assert events_of({"choices": [{"text": "a"}]}, usage=True, done=False) == b'data: {"choices":[{"text":"a"}]}\n\n'


def test_a_document_that_is_cut_is_no_reply():
    meter = StreamMeter(keep_usage=True)

    assert meter.feed(b'{"choices": [{"mess') + meter.end() == b""
    assert meter.stray
    assert meter.reading.events == 0


def test_an_error_in_events_is_read_where_a_whole_reply_was_asked_for():
    meter = WholeMeter()
    meter.feed(b'event: error\ndata: {"error": {"message": "boom"}}\n\n')

    assert meter.reading.complaint == {"error": {"message": "boom"}}
    assert (meter.end(), meter.resume()) == (b"", b"")
