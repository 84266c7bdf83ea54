"""Replies of Anthropic's and the Responses' wire, read by the meters: words, calls, thinking, ends, usage, errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.bill import bill
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.reading import Reading
from gateway.outcome.result import result_of
from gateway.outcome.wire_reader import READERS
from tests.native_replies import MESSAGE, RESPONSE, TEXT, event, messages, responses, text
from tests.unit.catalog.small import endpoint

THINKING: Any = ({"type": "thinking", "thinking": ""}, [{"type": "thinking_delta", "thinking": "hm"}])
SEALED: Any = ({"type": "redacted_thinking", "data": "x"}, [])
ARGUMENTS = {"type": "input_json_delta", "partial_json": "{}"}
CALL: Any = ({"type": "tool_use", "id": "t", "name": "f", "input": {}}, [ARGUMENTS])
BUSY = {"type": "overloaded_error", "message": "Busy"}
BROKE = {"code": "server_error", "message": "It broke."}
STRANGE = [b": comment\n\n", b"event: new\ndata: [1, 2]\n\n", b'data: {"type": "of next year"}\n\n', b"data: x\n\n"]
COUNTED = Usage(input_tokens=10, cached_tokens=4, output_tokens=20)
MORE = Usage(input_tokens=10, cached_tokens=4, output_tokens=20, reasoning_tokens=5)
WHERE = {"item_id": "i", "output_index": 0, "content_index": 0}


def streamed(wire: str, parts: list[bytes], *, at: int = 0) -> tuple[bytes, StreamMeter]:
    """What is passed on, and the meter; `at`: cut into pieces of so many bytes."""
    meter, whole = StreamMeter(keep_usage=True, wire=READERS[wire]()), b"".join(parts)
    pieces = [whole[start : start + at] for start in range(0, len(whole), at)] if at else [whole]
    passed = b"".join(map(meter.feed, pieces)) + meter.end()
    return passed, meter


def whole(wire: str, document: Any) -> Reading:
    meter = WholeMeter(wire=READERS[wire]())
    body = json.dumps(document).encode()
    assert meter.feed(body) == body
    return meter.reading


def outcome(reading: Reading) -> str:
    return result_of(reading, ended=True, limited=False)


def ended(status: str, **fields: Any) -> dict[str, Any]:
    return {**RESPONSE, "status": status, **fields}


@pytest.mark.parametrize("at", [0, 1, 7, 100])
def test_a_stream_of_messages_passes_and_is_read(at):
    parts = messages(THINKING, SEALED, text(TEXT), CALL, stop="tool_use")
    passed, meter = streamed("anthropic", parts, at=at)
    reading = meter.reading

    assert passed == b"".join(parts)
    assert (meter.done, reading.complete, reading.thinks, reading.other_parts) == (True, True, True, True)
    assert (reading.texts, reading.usage, reading.finish_reason) == ([TEXT.replace(" ", "")], COUNTED, "tool_use")


@pytest.mark.parametrize("at", [0, 1, 7, 100])
def test_a_stream_of_responses_passes_and_is_read(at):
    parts = responses(
        event("response.reasoning_summary_text.delta", delta="hm", **WHERE),
        event("response.output_item.added", output_index=1, item={"type": "function_call", "name": "f"}),
        event("response.function_call_arguments.delta", delta="{}", item_id="i", output_index=1),
        event("response.completed", response=RESPONSE),
    )
    passed, meter = streamed("openai_responses", parts, at=at)
    reading = meter.reading

    assert passed == b"".join(parts)
    assert (meter.done, reading.complete, reading.thinks, reading.other_parts) == (True, True, True, True)
    assert (reading.texts, reading.usage) == ([TEXT], MORE)


@pytest.mark.parametrize(
    ("wire", "document", "result", "usage"),
    [
        ("anthropic", MESSAGE, "answered", COUNTED),
        ("anthropic", {**MESSAGE, "content": [THINKING[0], CALL[0]], "stop_reason": "tool_use"}, "answered", COUNTED),
        ("anthropic", {**MESSAGE, "stop_reason": "refusal"}, "declined", COUNTED),
        ("anthropic", {**MESSAGE, "content": []}, "blank", COUNTED),
        ("anthropic", {**MESSAGE, "content": "no list", "usage": None}, "blank", None),
        ("anthropic", {**MESSAGE, "stop_reason": "max_tokens"}, "truncated", COUNTED),
        ("openai_responses", RESPONSE, "answered", MORE),
        ("openai_responses", ended("incomplete", incomplete_details={"reason": "content_filter"}), "filtered", MORE),
        ("openai_responses", ended("incomplete", incomplete_details=None), "truncated", MORE),
        ("openai_responses", ended("completed", output=[]), "blank", MORE),
        ("openai_responses", ended("completed", output=[{"type": "custom_tool_call", "name": "f"}]), "answered", MORE),
        ("openai_responses", ended("completed", output=[
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]), "declined", MORE),
    ],
)  # fmt: skip
def test_a_whole_reply_is_what_it_says(wire, document, result, usage):
    reading = whole(wire, document)

    assert (outcome(reading), reading.usage, reading.complaint) == (result, usage, None)


@pytest.mark.parametrize(
    ("wire", "parts"),
    [
        ("anthropic", [*messages(text(TEXT))[:5], event("error", error=BUSY)]),
        ("openai_responses", responses(event("error", code="server_error", message="It broke.", param=None))),
        ("openai_responses", responses(event("response.failed", response=ended("failed", error=BROKE)))),
        ("openai_responses", responses(event("response.failed", response=ended("failed", error=None)))),
        ("anthropic", [b'{"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}']),
    ],
    ids=["error of messages", "error of responses", "failed", "failed without a word", "a document"],
)  # fmt: skip
def test_an_error_is_a_complaint_and_does_not_pass(wire, parts):
    passed, meter = streamed(wire, parts)

    assert meter.reading.complaint is not None
    assert meter.reading.broken
    assert passed == b"".join(parts[:-1])


@pytest.mark.parametrize("wire", ["anthropic", "openai_responses"])
def test_an_end_that_comes_before_the_reply_is_complete_does_not_pass(wire):
    early = [*messages(text(TEXT))[:5], event("message_stop")]
    if wire == "openai_responses":
        early = [event("response.created", response={}), event("error", message="gone")]
    passed, meter = streamed(wire, early)

    assert passed == b"".join(early[:-1])
    assert meter.done


@pytest.mark.parametrize("wire", ["anthropic", "openai_responses"])
def test_what_is_no_event_of_the_wire_passes_unread(wire):
    passed, meter = streamed(wire, STRANGE)

    assert passed == b"".join(STRANGE)
    assert not meter.reading.said
    page, other = streamed(wire, [b'{"hello": "world"}'])
    assert (page, other.stray) == (b"", True)
    assert whole(wire, [1, 2]).events == 0


def test_a_message_whose_beginning_never_came_is_begun_for_its_caller_once():
    parts = [b": hello\n\n", event("ping"), *messages(text(TEXT))[2:]]
    meter = StreamMeter(keep_usage=True, wire=READERS["anthropic"]("auto", 7))
    passed = b"".join([meter.feed(part) for part in [parts[0], parts[1] + parts[2], b": on\n\n", *parts[3:]]])
    before, _, begun = passed.partition(b"event: message_start\n")
    told = json.loads(begun.partition(b"data: ")[2].partition(b"\n")[0])["message"]

    assert before == parts[0] + parts[1]
    assert (told["model"], told["usage"]["input_tokens"], begun.count(b"message_start")) == ("auto", 7, 1)
    assert begun.partition(b"\n\n")[2].replace(b": on\n\n", b"") == b"".join(parts[2:])
    assert meter.reading.missing == "input"


def test_a_message_cut_before_its_end_has_read_its_prompt_and_written_what_came():
    reading = streamed("anthropic", messages(text(TEXT))[:-2])[1].reading
    used = bill(endpoint(), reading, prompt_tokens=7, reached=True, at=0.0).usage

    assert (used.input_tokens, used.cached_tokens, used.estimated) == (10, 4, True)
    assert used.output_tokens > 5
