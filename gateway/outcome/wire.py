"""The few fields of an OpenAI-compatible reply that we act on; everything else passes as bytes."""

from __future__ import annotations

from typing import Any

import msgspec


class Part(msgspec.Struct):
    """A `message` of a whole reply or a `delta` of a stream."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    audio: Any = None


class Choice(msgspec.Struct):
    """One of the n answers."""

    index: Any = 0
    message: Part | None = None
    delta: Part | None = None
    text: Any = None  # completions
    finish_reason: Any = None


class Event(msgspec.Struct):
    """A whole reply, or one event of a stream."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    data: msgspec.Raw = msgspec.Raw()  # embeddings
    base_resp: Any = None  # MiniMax: an error inside HTTP 200


_DECODER = msgspec.json.Decoder(Event)


def decode(data: bytes | memoryview) -> Event | None:
    """None if the data is not a reply that we can read."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
