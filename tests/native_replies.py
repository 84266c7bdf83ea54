"""Replies of Anthropic's Messages and of Responses, whole and as streams, as their vendors document them."""

from __future__ import annotations

import json
from typing import Any

TEXT = "In 1066 the Normans landed at Pevensey."
USAGE = {"input_tokens": 6, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0, "output_tokens": 1}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "up-a", "content": [{"type": "text", "text": TEXT}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": {**USAGE, "output_tokens": 20},
}  # fmt: skip
RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1_790_000_000, "status": "completed", "error": None,
    "incomplete_details": None, "instructions": None, "metadata": {}, "model": "up-b", "parallel_tool_calls": True,
    "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0, "store": False,
    "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}]}],
    "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 20,
              "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 30},
}  # fmt: skip


def event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **fields}).encode())


def messages(*blocks: tuple[dict[str, Any], list[dict[str, Any]]], stop: str = "end_turn") -> list[bytes]:
    """A stream of Messages, of blocks and their deltas."""
    out = [event("message_start", message={**MESSAGE, "content": [], "stop_reason": None, "usage": USAGE})]
    out.append(event("ping"))
    for place, (block, deltas) in enumerate(blocks):
        out.append(event("content_block_start", index=place, content_block=block))
        out += [event("content_block_delta", index=place, delta=delta) for delta in deltas]
        out.append(event("content_block_stop", index=place))
    ending = {"stop_reason": stop, "stop_sequence": None}
    return [*out, event("message_delta", delta=ending, usage={"output_tokens": 20}), event("message_stop")]


def text(words: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words.split(" ")]


def responses(*last: bytes, words: str = TEXT) -> list[bytes]:
    """A stream of Responses up to the end of its text, then `last`."""
    item: dict[str, Any] = {**RESPONSE["output"][0], "content": [], "status": "in_progress"}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    where: dict[str, Any] = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    begun = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
    return [
        event("response.created", response=begun, sequence_number=0),
        event("response.output_item.added", output_index=0, item=item, sequence_number=1),
        event("response.content_part.added", part=part, **where, sequence_number=2),
        event("response.output_text.delta", delta=words, logprobs=[], **where, sequence_number=3),
        event("response.output_text.done", text=words, logprobs=[], **where, sequence_number=4),
        event("response.content_part.done", part={**part, "text": words}, **where, sequence_number=5),
        event("response.output_item.done", output_index=0, item=RESPONSE["output"][0], sequence_number=6),
        *last,
    ]
