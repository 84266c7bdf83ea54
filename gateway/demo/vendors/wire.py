"""A reply in OpenAI's dialect, whole or streamed, with the vendors' own extra fields; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.demo.vendors import prose
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that a vendor acts on."""

    kind: str  # chat or completion
    prompt: str  # the last thing the user said
    input_tokens: int
    cached_tokens: int
    max_tokens: int | None
    stream: bool
    include_usage: bool
    choices: int
    id: str


def cut_to_length(say: Say, max_tokens: int | None) -> Say:
    """Thoughts and text together keep to `max_tokens`."""
    thoughts, text = prose.tokens(say.thoughts), prose.tokens(say.text)
    if max_tokens is None or len(thoughts) + len(text) <= max_tokens:
        return say
    left = max(0, max_tokens - len(thoughts))
    return Say("".join(text[:left]), finish="length", thoughts="".join(thoughts[:max_tokens]), refusal=say.refusal)


def whole(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> bytes:
    """A reply that is not streamed."""
    choices = [{"index": at, **_whole_choice(asked, say), "finish_reason": _finish(say)} for at in range(asked.choices)]
    kind = "chat.completion" if asked.kind == "chat" else "text_completion"
    reply = {**_head(asked, vendor, kind), "choices": choices}
    if usage:
        reply["usage"] = _usage(asked, say, vendor)
    return json.dumps(reply, ensure_ascii=False).encode()


def chunks(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> Iterator[bytes]:
    """The events of a streamed reply, `[DONE]` included."""
    kind = "chat.completion.chunk" if asked.kind == "chat" else "text_completion"
    head = _head(asked, vendor, kind)

    def event(choice: dict[str, Any], at: int, finish: str | None = None) -> bytes:
        return _event({**head, "choices": [{"index": at, **choice, "finish_reason": finish}]})

    for at in range(asked.choices):
        for piece in _pieces(asked, say):
            yield event(piece, at)
        yield event({"text": ""} if asked.kind == "completion" else {"delta": {}}, at, _finish(say))
    if usage and asked.include_usage:
        yield _event({**head, "choices": [], "usage": _usage(asked, say, vendor)})
    yield b"data: [DONE]\n\n"


def _pieces(asked: Asked, say: Say) -> Iterator[dict[str, Any]]:
    if asked.kind == "completion":
        yield from ({"text": piece} for piece in prose.tokens(say.text))
        return
    yield {"delta": {"role": "assistant", "content": ""}}
    yield from ({"delta": {"reasoning_content": piece}} for piece in prose.tokens(say.thoughts))
    yield from ({"delta": {"content": piece}} for piece in prose.tokens(say.text))
    if say.refusal is not None:
        yield from ({"delta": {"refusal": piece}} for piece in prose.tokens(say.refusal))
    if say.tool_call is not None:
        yield {"delta": {"tool_calls": [{"index": 0, **_tool_call(asked, say.tool_call)}]}}


def _whole_choice(asked: Asked, say: Say) -> dict[str, Any]:
    if asked.kind == "completion":
        return {"text": say.text}
    message: dict[str, Any] = {"role": "assistant", "content": say.text, "refusal": say.refusal}
    if say.thoughts:
        message["reasoning_content"] = say.thoughts
    if say.tool_call is not None:
        message |= {"content": None, "tool_calls": [_tool_call(asked, say.tool_call)]}
    return {"message": message}


def _tool_call(asked: Asked, call: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"call-{asked.id[-8:]}", "type": "function", "function": call}


def _finish(say: Say) -> str:
    return "tool_calls" if say.tool_call is not None else say.finish


def _head(asked: Asked, vendor: Vendor, kind: str) -> dict[str, Any]:
    return {"id": asked.id, "object": kind, "created": 0, "model": vendor.model, "system_fingerprint": "simulated"}


def _usage(asked: Asked, say: Say, vendor: Vendor) -> dict[str, Any]:
    reasoning = len(prose.tokens(say.thoughts)) * asked.choices
    output = reasoning + len(prose.tokens(say.text + (say.refusal or ""))) * asked.choices
    if say.tool_call is not None:
        output += len(prose.tokens(json.dumps(say.tool_call))) * asked.choices
    usage: dict[str, Any] = {
        "prompt_tokens": asked.input_tokens,
        "completion_tokens": output,
        "total_tokens": asked.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": asked.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    if vendor.cache_fields:
        usage["prompt_cache_hit_tokens"] = asked.cached_tokens
        usage["prompt_cache_miss_tokens"] = asked.input_tokens - asked.cached_tokens
    return usage


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"
