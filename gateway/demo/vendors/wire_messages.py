"""A reply of Anthropic's Messages, whole or streamed: each field that its document requires; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gateway.demo.vendors import prose
from gateway.demo.vendors.asked import Asked
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say
from gateway.demo.vendors.wire import output_tokens

_SIGNATURE = "c2ltdWxhdGVk"
_STOPS = {"length": "max_tokens", "content_filter": "refusal", "sensitive": "refusal"}
_DELTAS = {"text": "text_delta", "thinking": "thinking_delta"}


def whole(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> bytes:
    """A reply that is not streamed."""
    content = [{**empty, **told} for empty, told, _ in _blocks(asked, say)]
    message = {**_head(asked), "content": content, **_ending(say), "usage": _usage(asked, say)}
    return json.dumps(message, ensure_ascii=False).encode()


def chunks(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> Iterator[bytes]:
    """The events of a streamed reply."""
    begun = {**_head(asked), "content": [], **_ending(None), "usage": _usage(asked, Say(""))}
    yield _event("message_start", message=begun)
    yield _event("ping")
    for index, (empty, _, deltas) in enumerate(_blocks(asked, say)):
        yield _event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event("message_delta", delta={**_ending(say), "container": None}, usage=_usage(asked, say))
    yield _event("message_stop")


def error(about: dict[str, Any]) -> bytes:
    """`about`: `{"message", "type"}`."""
    inner = {"type": about["type"], "message": about["message"]}
    return json.dumps({"type": "error", "error": inner, "request_id": "req_simulated"}, ensure_ascii=False).encode()


def _blocks(asked: Asked, say: Say) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]]:
    """Each block as it begins, what it has more when it is whole, and the deltas between."""
    if say.thoughts:
        deltas = [_delta("thinking", piece) for piece in prose.tokens(say.thoughts)]
        signed = {"type": "signature_delta", "signature": _SIGNATURE}
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        yield empty, {"thinking": say.thoughts, "signature": _SIGNATURE}, [*deltas, signed]
    if say.text:
        deltas = [_delta("text", piece) for piece in prose.tokens(say.text)]
        yield {"type": "text", "text": "", "citations": None}, {"text": say.text}, deltas
    for place, call in enumerate(say.calls):
        given = call.get("arguments") or json.dumps({"input": call.get("input")})
        block = {"type": "tool_use", "id": f"toolu_{asked.id[-8:]}{place}", "name": call["name"], "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", given)]
        yield {**block, "caller": {"type": "direct"}}, {"input": json.loads(given)}, deltas


def _delta(kind: str, words: str) -> dict[str, Any]:
    return {"type": _DELTAS[kind], kind: words}


def _head(asked: Asked) -> dict[str, Any]:
    return {
        "id": f"msg_{asked.id}", "type": "message", "role": "assistant", "model": asked.model, "container": None,
    }  # fmt: skip


def _ending(say: Say | None) -> dict[str, Any]:
    """None: there is more to come."""
    if say is None:
        return {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    reason = "tool_use" if say.calls else _STOPS.get(say.finish, "end_turn")
    if say.stopped_by is not None:
        reason = "stop_sequence"
    details = None
    if say.refusal is not None:
        reason, details = "refusal", {"type": "refusal", "category": None, "explanation": say.refusal}
    return {"stop_reason": reason, "stop_sequence": say.stopped_by, "stop_details": details}


def _usage(asked: Asked, say: Say) -> dict[str, Any]:
    reasoning, output = output_tokens(say)
    return {
        "input_tokens": asked.input_tokens - asked.cached_tokens,
        "cache_read_input_tokens": asked.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": reasoning},
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": "us",
    }


def _event(kind: str, **fields: Any) -> bytes:
    document = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {document}\n\n".encode()
