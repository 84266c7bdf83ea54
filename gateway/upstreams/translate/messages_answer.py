"""A message of Messages as it is written: what whole ones have in common with streams."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.catalog.prices import Usage
from gateway.outcome.usage import read_usage
from gateway.upstreams.translate.spec import Memory

_encode = msgspec.json.Encoder().encode
_NO_USAGE = Usage()


def head(memory: Memory) -> dict[str, Any]:
    """What it begins with."""
    return {
        "id": f"msg_{memory.response_id}", "type": "message", "role": "assistant", "model": memory.model,
        "container": None,
    }  # fmt: skip


def beginning(memory: Memory) -> dict[str, Any]:
    """The message that a stream begins with, of which nothing has been said yet."""
    return {**head(memory), "content": [], **ending(None), "usage": usage(None)}


def text_block(words: str) -> dict[str, Any]:
    """As Anthropic writes one that cites nothing: without `citations`, although its document requires it."""
    return {"type": "text", "text": words}


def call_block(id: str, name: str, input: dict[str, Any]) -> dict[str, Any]:
    """Of a tool. `caller`: the model itself; SDKs make null of none, which Anthropic refuses when it comes back."""
    return {"type": "tool_use", "id": id, "name": name, "input": input, "caller": {"type": "direct"}}


def ending(reason: str | None, *, sequence: str | None = None, refusal: str = "") -> dict[str, Any]:
    """Why a message ends. `sequence`: of those that were to stop it; `refusal`: why the model refuses."""
    why = {"type": "refusal", "category": None, "explanation": refusal} if refusal else None
    return {"stop_reason": reason, "stop_sequence": sequence, "stop_details": why}


def arguments(written: object, *, cut: bool) -> dict[str, Any]:
    """Of a call, as an object. `cut`: the bound on tokens fell into them; what is not whole is left empty then."""
    if written in (None, ""):
        return {}
    if isinstance(written, dict):
        return written
    try:
        read = msgspec.json.decode(written if isinstance(written, str) else b"")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        read = None
    if isinstance(read, dict):
        return read
    if cut:
        return {}
    raise ValueError("the arguments of a tool call are no JSON object")


def usage(found: object) -> dict[str, Any]:
    """Messages counts apart what was read from a cache and what was written to one."""
    usage = (read_usage(found) if isinstance(found, dict) else None) or _NO_USAGE
    return {
        "input_tokens": max(usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, 0),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
        "cache_creation": None,  # for how long: nobody says
        "server_tool_use": None,
        "service_tier": None,
        "inference_geo": None,
    }


def event(kind: str, **fields: Any) -> bytes:
    """One event of a stream."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **fields}))
