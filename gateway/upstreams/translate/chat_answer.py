"""A completion of Chat as it is written: what whole ones have in common with chunks."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.outcome.usage import read_usage
from gateway.upstreams.translate.spec import Memory

DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


def head(memory: Memory, kind: str) -> dict[str, Any]:
    """What a completion, or each chunk of one, begins with."""
    return {
        "id": f"chatcmpl-{memory.response_id}", "object": kind, "created": memory.created_at, "model": memory.model,
    }  # fmt: skip


def usage_in(found: object) -> dict[str, Any] | None:
    """Chat counts what was read from a cache, and what was written to one, as input."""
    usage = read_usage(found) if isinstance(found, dict) else None
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }  # fmt: skip


def chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One event of a stream."""
    return event({**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})


def event(document: dict[str, Any]) -> bytes:
    """Of Chat, whose events have no names."""
    return b"data: %b\n\n" % _encode(document)
