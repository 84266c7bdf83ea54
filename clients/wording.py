"""A Turn as each wire's vendor writes it, whole and as events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clients.script import Ask, Turn

CREATED = 1_790_000_000


@dataclass(frozen=True, slots=True)
class Wording:
    """How one wire says a turn, and an error."""

    whole: Callable[[Ask, Turn], dict[str, Any]]
    events: Callable[[Ask, Turn, Any], Iterator[bytes]]  # the last argument: the request's body
    error: Callable[[str, str], dict[str, Any]]  # kind, message


def words(text: str) -> list[str]:
    """The pieces of a stream."""
    return [word + " " for word in text.split(" ")[:-1]] + [text.split(" ")[-1]]


def _event(document: Any, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(document)}\n\n".encode()


def _chat_whole(ask: Ask, turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None, "refusal": None}
    if turn.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function",
             "function": {"name": call.name, "arguments": json.dumps(call.arguments)}} for call in turn.calls
        ]  # fmt: skip
    finish = "tool_calls" if turn.calls else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": CREATED, "model": ask.model}
    return {**head, "choices": [choice], "usage": _CHAT_USAGE}


_CHAT_USAGE = {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20}


def _chat_events(ask: Ask, turn: Turn, body: Any) -> Iterator[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED, "model": ask.model}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    if turn.text:
        yield from (chunk({"content": word}) for word in words(turn.text))
    for place, call in enumerate(turn.calls):
        function = {"name": call.name, "arguments": ""}
        yield chunk({"tool_calls": [{"index": place, "id": call.id, "type": "function", "function": function}]})
        for piece in words(json.dumps(call.arguments)):
            yield chunk({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})
    yield chunk({}, "tool_calls" if turn.calls else "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": _CHAT_USAGE})
    yield b"data: [DONE]\n\n"


def _response(ask: Ask, status: str, output: list[Any]) -> dict[str, Any]:
    usage = {"input_tokens": 12, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 8,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 20}  # fmt: skip
    return {
        "id": "resp_1", "object": "response", "created_at": CREATED, "status": status, "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "model": ask.model, "output": output,
        "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "store": False, "usage": usage if status == "completed" else None,
    }  # fmt: skip


def _items(turn: Turn) -> list[dict[str, Any]]:
    if not turn.calls:
        part = {"type": "output_text", "text": turn.text, "annotations": [], "logprobs": []}
        return [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}]
    return [
        {"id": f"fc_{call.id}", "type": "function_call", "status": "completed", "call_id": call.id, "name": call.name,
         "arguments": json.dumps(call.arguments)} for call in turn.calls
    ]  # fmt: skip


def _response_whole(ask: Ask, turn: Turn) -> dict[str, Any]:
    return _response(ask, "completed", _items(turn))


def _response_events(ask: Ask, turn: Turn, body: Any) -> Iterator[bytes]:
    number = iter(range(10_000))

    def event(kind: str, **fields: Any) -> bytes:
        return _event({"type": kind, "sequence_number": next(number), **fields}, kind)

    yield event("response.created", response=_response(ask, "in_progress", []))
    yield event("response.in_progress", response=_response(ask, "in_progress", []))
    for place, item in enumerate(_items(turn)):
        at = {"output_index": place, "item_id": item["id"]}
        begun = {**item, "status": "in_progress"} | ({"content": []} if "content" in item else {"arguments": ""})
        yield event("response.output_item.added", output_index=place, item=begun)
        if "content" in item:
            (part,) = item["content"]
            inside = {**at, "content_index": 0}
            yield event("response.content_part.added", **inside, part={**part, "text": ""})
            for word in words(turn.text):
                yield event("response.output_text.delta", **inside, delta=word, logprobs=[])
            yield event("response.output_text.done", **inside, text=turn.text, logprobs=[])
            yield event("response.content_part.done", **inside, part=part)
        else:
            for piece in words(item["arguments"]):
                yield event("response.function_call_arguments.delta", **at, delta=piece)
            yield event("response.function_call_arguments.done", **at, name=item["name"], arguments=item["arguments"])
        yield event("response.output_item.done", output_index=place, item=item)
    yield event("response.completed", response=_response_whole(ask, turn))


def _blocks(turn: Turn) -> list[dict[str, Any]]:
    if not turn.calls:
        return [{"type": "text", "text": turn.text}]
    return [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls]


def _message(ask: Ask, content: list[Any], stop: str | None, output_tokens: int) -> dict[str, Any]:
    usage = {"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
             "output_tokens": output_tokens}  # fmt: skip
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": ask.model, "content": content}
    return {**head, "stop_reason": stop, "stop_sequence": None, "usage": usage}


def _message_whole(ask: Ask, turn: Turn) -> dict[str, Any]:
    return _message(ask, _blocks(turn), "tool_use" if turn.calls else "end_turn", 8)


def _message_events(ask: Ask, turn: Turn, body: Any) -> Iterator[bytes]:
    def event(kind: str, **fields: Any) -> bytes:
        return _event({"type": kind, **fields}, kind)

    yield event("message_start", message=_message(ask, [], None, 1))
    yield event("ping")
    for place, block in enumerate(_blocks(turn)):
        if block["type"] == "text":
            begun, deltas = {**block, "text": ""}, [{"type": "text_delta", "text": word} for word in words(turn.text)]
        else:
            pieces = words(json.dumps(block["input"]))
            begun = {**block, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        yield event("content_block_start", index=place, content_block=begun)
        for delta in deltas:
            yield event("content_block_delta", index=place, delta=delta)
        yield event("content_block_stop", index=place)
    stop = {"stop_reason": "tool_use" if turn.calls else "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=stop, usage={"output_tokens": 8})
    yield event("message_stop")


def _openai_error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _anthropic_error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


WORDINGS = {
    "/chat/completions": Wording(_chat_whole, _chat_events, _openai_error),
    "/responses": Wording(_response_whole, _response_events, _openai_error),
    "/messages": Wording(_message_whole, _message_events, _anthropic_error),
}
