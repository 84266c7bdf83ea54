"""Reads the usage block of a reply, whichever vendor wrote it, into one meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.catalog.prices import Usage

MOST = 1_000_000_000  # tokens of one reply; whoever reports more is not believed
_COUNTED = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")
_PLAIN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})


def read_usage(block: Mapping[str, Any]) -> Usage | None:
    """None if the block counts nothing we know, or what cannot be. Explicit zeros are believed.

    Input includes cached and cache-write tokens, output includes reasoning tokens; wires that count otherwise
    (Anthropic's cached tokens, xAI's reasoning tokens) are normalised here.
    """
    if not all(_believable(block[name]) for name in _COUNTED if name in block):
        return None
    if "prompt_tokens" in block or "completion_tokens" in block:
        return _openai(block)
    if "cache_read_input_tokens" in block or "cache_creation_input_tokens" in block:
        return _anthropic(block)
    if "input_tokens" in block or "output_tokens" in block:
        return _responses(block)
    return None


def _openai(block: Mapping[str, Any]) -> Usage:
    prompt, completion = _count(block, "prompt_tokens"), _count(block, "completion_tokens")
    if block.keys() <= _PLAIN:
        return Usage(input_tokens=prompt, output_tokens=completion)
    given, made = _details(block, "prompt_tokens_details"), _details(block, "completion_tokens_details")
    cached = (
        _count(given, "cached_tokens")
        or _count(block, "prompt_cache_hit_tokens")  # DeepSeek
        or _count(block, "cached_tokens")  # Moonshot
    )
    reasoning = _count(made, "reasoning_tokens") or _count(block, "reasoning_tokens")
    if reasoning and _count(block, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning  # xAI counts reasoning beside the completion
    return Usage(
        input_tokens=prompt,
        cached_tokens=min(cached, prompt),
        output_tokens=max(completion, reasoning),
        reasoning_tokens=reasoning,
        audio_tokens=_count(given, "audio_tokens") + _count(made, "audio_tokens"),
    )


def _anthropic(block: Mapping[str, Any]) -> Usage:
    read, written = _count(block, "cache_read_input_tokens"), _count(block, "cache_creation_input_tokens")
    return Usage(
        input_tokens=_count(block, "input_tokens") + read + written,
        cached_tokens=read,
        cache_write_tokens=written,
        output_tokens=_count(block, "output_tokens"),
    )


def _responses(block: Mapping[str, Any]) -> Usage:
    given, made = _details(block, "input_tokens_details"), _details(block, "output_tokens_details")
    return Usage(
        input_tokens=_count(block, "input_tokens"),
        cached_tokens=min(_count(given, "cached_tokens"), _count(block, "input_tokens")),
        output_tokens=_count(block, "output_tokens"),
        reasoning_tokens=_count(made, "reasoning_tokens"),
    )


def _details(block: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = block.get(name)
    return value if isinstance(value, dict) else {}


def _count(block: Mapping[str, Any], name: str) -> int:
    value = block.get(name, 0)
    return int(value) if isinstance(value, (int, float)) and 0 < value <= MOST else 0


def _believable(count: Any) -> bool:
    return count is None or (isinstance(count, (int, float)) and 0 <= count <= MOST)
