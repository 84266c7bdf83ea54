"""A reply of Chat Completions or Completions, whole or streamed, with the vendors' own extra fields; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gateway.demo.vendors import prose
from gateway.demo.vendors.asked import Asked
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say

_LOGPROB = -0.25  # of each token: a real one would differ


def whole(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> bytes:
    """A reply that is not streamed."""
    choices = [{"index": at, **_whole_choice(asked, say), "finish_reason": _finish(say)} for at in range(asked.choices)]
    kind = "chat.completion" if asked.kind == "chat" else "text_completion"
    reply = {**_head(asked, kind), "choices": choices}
    if usage:
        reply["usage"] = _usage(asked, say, vendor)
    return json.dumps(reply, ensure_ascii=False).encode()


def chunks(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> Iterator[bytes]:
    """The events of a streamed reply, `[DONE]` included."""
    kind = "chat.completion.chunk" if asked.kind == "chat" else "text_completion"
    head = _head(asked, kind)

    def event(choice: dict[str, Any], at: int, finish: str | None = None) -> bytes:
        return _event({**head, "choices": [{"index": at, "logprobs": None, **choice, "finish_reason": finish}]})

    for at in range(asked.choices):
        for piece in _pieces(asked, say):
            yield event(piece, at)
        yield event({"text": ""} if asked.kind == "completion" else {"delta": {}}, at, _finish(say))
    if usage and asked.include_usage:
        yield _event({**head, "choices": [], "usage": _usage(asked, say, vendor)})
    yield b"data: [DONE]\n\n"


def error(about: dict[str, Any]) -> bytes:
    """`about`: `{"message", "type", "code"}`."""
    return json.dumps({"error": {"param": None, "code": None, **about}, "simulated": True}, ensure_ascii=False).encode()


def _pieces(asked: Asked, say: Say) -> Iterator[dict[str, Any]]:
    if asked.kind == "completion":
        yield from ({"text": piece} for piece in prose.tokens(say.text))
        return
    yield {"delta": {"role": "assistant", "content": "", "refusal": None}}
    yield from ({"delta": {"reasoning_content": piece}} for piece in prose.tokens(say.thoughts))
    for piece in prose.tokens(say.text):
        yield {"delta": {"content": piece}, "logprobs": _logprobs(asked, [piece])}
    if say.refusal is not None:
        yield from ({"delta": {"refusal": piece}} for piece in prose.tokens(say.refusal))
    for place, call in enumerate(say.calls):
        yield {"delta": {"tool_calls": [{"index": place, **_tool_call(asked, place, call)}]}}


def _whole_choice(asked: Asked, say: Say) -> dict[str, Any]:
    if asked.kind == "completion":
        return {"text": say.text, "logprobs": None}
    message: dict[str, Any] = {
        "role": "assistant", "content": None if say.calls and not say.text else say.text, "refusal": say.refusal,
        "annotations": [],
    }  # fmt: skip
    if say.thoughts:
        message["reasoning_content"] = say.thoughts
    if say.calls:
        message["tool_calls"] = [_tool_call(asked, place, call) for place, call in enumerate(say.calls)]
    return {"message": message, "logprobs": _logprobs(asked, prose.tokens(say.text))}


def _logprobs(asked: Asked, pieces: list[str]) -> dict[str, Any] | None:
    if asked.logprobs is None:
        return None
    rows: list[dict[str, Any]] = []
    for piece in pieces:
        row = {"token": piece, "logprob": _LOGPROB, "bytes": list(piece.encode())}
        rows.append({**row, "top_logprobs": [row] if asked.logprobs else []})
    return {"content": rows, "refusal": None}


def _tool_call(asked: Asked, place: int, call: dict[str, Any]) -> dict[str, Any]:
    kind = "custom" if "input" in call else "function"
    return {"id": f"call_{asked.id[-8:]}{place}", "type": kind, kind: call}


def _finish(say: Say) -> str:
    return "tool_calls" if say.calls else say.finish


def _head(asked: Asked, kind: str) -> dict[str, Any]:
    prefix = "cmpl" if asked.kind == "completion" else "chatcmpl"
    return {
        "id": f"{prefix}-{asked.id}", "object": kind, "created": asked.created, "model": asked.model,
        "service_tier": "default", "system_fingerprint": "simulated",
    }  # fmt: skip


def output_tokens(say: Say) -> tuple[int, int]:
    """Of thoughts, and of all that is written."""
    reasoning = len(prose.tokens(say.thoughts))
    said = say.text + (say.refusal or "") + "".join(json.dumps(call) for call in say.calls)
    return reasoning, reasoning + len(prose.tokens(said))


def _usage(asked: Asked, say: Say, vendor: Vendor) -> dict[str, Any]:
    reasoning, output = (count * asked.choices for count in output_tokens(say))
    usage: dict[str, Any] = {
        "prompt_tokens": asked.input_tokens,
        "completion_tokens": output,
        "total_tokens": asked.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": asked.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    }  # fmt: skip
    if vendor.cache_fields:
        usage["prompt_cache_hit_tokens"] = asked.cached_tokens
        usage["prompt_cache_miss_tokens"] = asked.input_tokens - asked.cached_tokens
    return usage


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"
