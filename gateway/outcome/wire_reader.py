"""Replies in the wires that are not Chat's, read into Chat's terms for the meters: one reader a reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

import msgspec

from gateway.outcome.usage import in_parts
from gateway.outcome.wire import Choice, Event, Part, document_of, is_error

Document = Mapping[str, Any]


class WireReader(Protocol):
    """Reads a whole reply, or one event of a stream after the other."""

    over: bool  # the wire's own end was among them
    owed: bytes  # the event that had to come before the one just read, and did not

    def decode(self, data: bytes) -> Event | None:
        """None if the data is no event of this wire."""
        ...


class AnthropicReader:
    """Messages. Usage comes in two parts: what was read at the beginning, what was written with the end.

    llama.cpp leaves message_start out where its first token is no whole character; no SDK reads on then.
    """

    __slots__ = ("_begun", "_model", "_prompt_tokens", "_usage", "over", "owed")

    def __init__(self, model: str = "", prompt_tokens: int = 0) -> None:
        """For a beginning that does not come. `prompt_tokens`: estimated."""
        self.over = False
        self.owed = b""
        self._begun = False
        self._model = model
        self._prompt_tokens = prompt_tokens
        self._usage: dict[str, Any] = {}

    def decode(self, data: bytes) -> Event | None:
        """See WireReader."""
        read = document_of(data)
        if not isinstance(read, dict):
            return None
        kind = read.get("type")
        self.owed = b""
        if not self._begun and kind in _MESSAGE_EVENTS:
            self._begun = True
            self.owed = b"" if kind == "message_start" else self._beginning()
        if kind == "content_block_delta":
            return _said(_anthropic_delta(_object(read.get("delta"))))
        if kind == "content_block_start":
            return _said(_anthropic_block(_object(read.get("content_block"))))
        if kind == "message_start":
            begun = _object(_object(read.get("message")).get("usage"))
            written_later = {name: count for name, count in begun.items() if name != "output_tokens"}
            return self._counted({"usage": written_later}, _said(Part()))
        if kind == "message_delta":
            return self._counted(read, _finished(_object(read.get("delta")).get("stop_reason")))
        if kind == "message_stop":
            self.over = True
        if kind == "message":
            self.over = True
            return self._counted(read, _anthropic_whole(read))
        return Event(choices=[], error=read.get("error"))

    def _counted(self, holder: Document, event: Event) -> Event:
        self._usage = in_parts(self._usage, _object(holder.get("usage")))
        event.usage = self._usage or None
        return event

    def _beginning(self) -> bytes:
        message: dict[str, Any] = {
            "id": f"msg_{uuid4().hex}", "type": "message", "role": "assistant", "model": self._model, "content": [],
            "stop_reason": None, "stop_sequence": None,
            "usage": {"input_tokens": self._prompt_tokens, "output_tokens": 0},
        }  # fmt: skip
        told = msgspec.json.encode({"type": "message_start", "message": message})
        return b"event: message_start\ndata: %b\n\n" % told


class ResponsesReader:
    """OpenAI's Responses."""

    __slots__ = ("over",)
    owed = b""

    def __init__(self, model: str = "", prompt_tokens: int = 0) -> None:
        self.over = False

    def decode(self, data: bytes) -> Event | None:
        """See WireReader."""
        read = document_of(data)
        if not isinstance(read, dict):
            return None
        kind = str(read.get("type"))
        field = _RESPONSES_DELTAS.get(kind)
        if field is not None:
            return _said(Part(**{field: read.get("delta")}))
        if kind == "response.output_item.added":
            return _said(_responses_item(_object(read.get("item")), words=False))
        if kind in _RESPONSES_ENDS:
            return self._ended(_object(read.get("response")), whole=False)
        if read.get("object") == "response":
            return self._ended(read, whole=True)
        if kind == "error":
            self.over = True
            return Event(choices=[], error=read if not is_error(read.get("error")) else read["error"])
        return Event(choices=[], error=read.get("error"))

    def _ended(self, response: Document, *, whole: bool) -> Event:
        self.over = True
        if response.get("status") in ("failed", "cancelled"):
            error = response.get("error")
            return Event(choices=[], usage=response.get("usage"), error=error if is_error(error) else _NO_REASON)
        items = response.get("output")
        parts = [_responses_item(_object(item), words=True) for item in items] if isinstance(items, list) else []
        event = _said(_together(parts) if whole else Part())
        reason = _object(response.get("incomplete_details")).get("reason") or "incomplete"
        assert event.choices is not None
        event.choices[0].finish_reason = reason if response.get("status") == "incomplete" else "stop"
        event.usage = response.get("usage")
        return event


READERS: dict[str, type[AnthropicReader | ResponsesReader]] = {
    "anthropic": AnthropicReader,
    "openai_responses": ResponsesReader,
}

_MESSAGE_EVENTS = frozenset({"message_start", "message_delta", "message_stop",
                             "content_block_start", "content_block_delta", "content_block_stop"})  # fmt: skip
_NO_REASON = {"message": "the response failed, and why is not said"}
_RESPONSES_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_RESPONSES_DELTAS = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning_content",
    "response.reasoning_summary_text.delta": "reasoning_content",
}


def _object(value: object) -> Document:
    return value if isinstance(value, dict) else {}


def _said(part: Part) -> Event:
    return Event(choices=[Choice(delta=part)])


def _finished(reason: object) -> Event:
    return Event(choices=[Choice(delta=Part(), finish_reason=reason)])


def _together(parts: list[Part]) -> Part:
    """The parts of a whole reply as one message."""
    texts, thoughts, refusals = [], [], []
    called = False
    for part in parts:
        texts.append(part.content if isinstance(part.content, str) else "")
        thoughts.append(part.reasoning_content if isinstance(part.reasoning_content, str) else "")
        refusals.append(part.refusal if isinstance(part.refusal, str) else "")
        called = called or bool(part.tool_calls)
    return Part(
        content="".join(texts),
        reasoning_content="".join(thoughts) or None,
        refusal="".join(refusals) or None,
        tool_calls=[True] if called else None,
    )


def _anthropic_whole(reply: Document) -> Event:
    blocks = reply.get("content")
    parts = [_anthropic_block(_object(block)) for block in blocks] if isinstance(blocks, list) else []
    return Event(choices=[Choice(message=_together(parts), finish_reason=reply.get("stop_reason"))])


def _anthropic_block(block: Document) -> Part:
    kind = block.get("type")
    if kind == "text":
        return Part(content=block.get("text"))
    if kind == "thinking":
        return Part(reasoning_content=block.get("thinking"))
    if kind == "redacted_thinking":
        return Part(reasoning_content=" ")  # there, though nobody can read it
    return Part(tool_calls=[True])


def _anthropic_delta(delta: Document) -> Part:
    kind = delta.get("type")
    if kind == "text_delta":
        return Part(content=delta.get("text"))
    if kind == "thinking_delta":
        return Part(reasoning_content=delta.get("thinking"))
    return Part()


def _responses_item(item: Document, *, words: bool) -> Part:
    """`words`: with what it says, which a stream tells apart."""
    kind = item.get("type")
    if kind == "message":
        return _responses_content(item.get("content")) if words else Part()
    if kind == "reasoning":
        return _responses_thought(item) if words else Part()
    return Part(tool_calls=[True])


def _responses_content(content: object) -> Part:
    found = [_object(part) for part in content] if isinstance(content, list) else []
    texts = [str(part.get("text") or "") for part in found if part.get("type") == "output_text"]
    refusals = [str(part.get("refusal") or "") for part in found if part.get("type") == "refusal"]
    return Part(content="".join(texts), refusal="".join(refusals) or None)


def _responses_thought(item: Document) -> Part:
    lists = [value for name in ("content", "summary") if isinstance(value := item.get(name), list)]
    texts = [str(_object(part).get("text") or "") for value in lists for part in value]
    return Part(reasoning_content="".join(texts) or None)
