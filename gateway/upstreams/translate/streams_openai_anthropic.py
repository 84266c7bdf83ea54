"""Messages to Chat Completions, a reply event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.errors import GatewayError
from gateway.interfaces.dialects import OPENAI
from gateway.outcome.usage import in_parts
from gateway.upstreams.translate.chat_answer import DONE, chunk, event, head, usage_in
from gateway.upstreams.translate.replies_openai_anthropic import call_head, ending, kind_of, words_in
from gateway.upstreams.translate.spec import Body, Memory
from gateway.upstreams.translate.wrapping import unwrapped

_encode = msgspec.json.Encoder().encode
_DELTAS = {"text_delta": ("text", "content"), "thinking_delta": ("thinking", "reasoning_content")}


@dataclass(slots=True)
class _Call:
    """A tool call that comes in pieces."""

    block: Body  # that began it
    begun: dict[str, Any]
    number: int = 0  # among the calls that were told of
    written: list[str] = field(default_factory=list)  # its arguments so far
    over: bool = False

    @property
    def custom(self) -> bool:
        """Told at once, when it is whole: a text has to be taken out of its arguments."""
        return bool(self.begun["type"] == "custom")

    def arguments(self) -> str:
        """Some servers tell all of them where the call begins."""
        given = self.block.get("input")
        return "".join(self.written) or _encode(given if isinstance(given, dict) else {}).decode()

    def beginning(self, number: int) -> dict[str, Any]:
        """`number`: its place among the calls that are told of."""
        self.number = number
        if not self.custom:
            function = {**self.begun["function"], "arguments": ""}
            return {"index": self.number, **self.begun, "function": function}
        words = self.arguments()
        try:
            read = msgspec.json.decode(words)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            read = None  # cut, as the finish says
        text = unwrapped(read) if isinstance(read, dict) else words
        return {"index": self.number, **self.begun, "custom": {**self.begun["custom"], "input": text}}


class Stream:
    """Ends with message_stop alone: a stream that was cut, or broke, has no finish and no [DONE]."""

    def __init__(self, memory: Memory):
        self._memory = memory
        self._head = head(memory, "chat.completion.chunk")
        self._begun = False
        self._calls: dict[int, _Call] = {}  # by the index of their blocks, in order
        self._told = 0  # calls
        self._usage: dict[str, Any] = {}
        self._ending: dict[str, Any] = {}
        self._over = False

    def feed(self, name: str, data: Body) -> bytes:
        """See StreamTranslator. Raises ValueError for what is no Messages stream."""
        kind = data.get("type") or name
        if self._over or kind == "ping":
            return b""
        if kind == "error":
            self._over = True
            return b""
        out = [] if self._begun else [self._start()]
        if kind == "message_start":
            self._count(data.get("message"))
        elif kind == "content_block_start":
            out += self._block(data.get("index"), data.get("content_block"))
        elif kind == "content_block_delta":
            out += self._delta(data.get("index"), data.get("delta"))
        elif kind == "content_block_stop" and (call := self._call_at(data.get("index"))) is not None:
            out += self._rest(call)
        elif kind == "message_delta":
            self._count(data)
            if isinstance(data.get("delta"), dict):
                self._ending |= {field: value for field, value in data["delta"].items() if value is not None}
        elif kind == "message_stop":
            out += self._finish()
        return b"".join(out)

    def end(self) -> bytes:
        """See StreamTranslator. Without message_stop it is no success, even where a stop reason had come."""
        if self._over:
            return b""
        self._over = True
        return OPENAI.error_event(
            GatewayError("upstreams_exhausted", "the reply broke off before its message_stop"), b""
        )

    def _start(self) -> bytes:
        self._begun = True
        return self._chunk({"role": "assistant", "content": ""})

    def _block(self, index: object, block: object) -> list[bytes]:
        if not isinstance(block, dict):
            raise ValueError("a block is no object")
        kind = kind_of(block)
        if kind == "tool_use":
            if not isinstance(index, int) or index in self._calls:
                raise ValueError("a tool call has no place of its own")
            call = self._calls[index] = _Call(block, call_head(block, self._memory))
            return [] if call.custom else [self._begin(call)]
        to = {"text": "content", "thinking": "reasoning_content"}.get(kind)
        return self._say(to, words_in(block, kind)) if to is not None else []

    def _begin(self, call: _Call) -> bytes:
        self._told += 1
        return self._chunk({"tool_calls": [call.beginning(self._told - 1)]})

    def _call_at(self, index: object) -> _Call | None:
        return self._calls.get(index) if isinstance(index, int) else None

    def _delta(self, index: object, delta: object) -> list[bytes]:
        if not isinstance(delta, dict):
            raise ValueError("a delta is no object")
        kind = delta.get("type")
        if kind == "input_json_delta":
            call, words = self._call_at(index), words_in(delta, "partial_json")
            if call is None or call.over:
                raise ValueError("arguments came for no tool call")
            if words:
                call.written.append(words)
            return [] if call.custom or not words else [self._arguments(call, words)]
        if isinstance(kind, str) and kind in _DELTAS:
            field, to = _DELTAS[kind]
            return self._say(to, words_in(delta, field))
        return []  # signatures and citations have no place in Chat

    def _rest(self, call: _Call) -> list[bytes]:
        """What is still to be said of a call that is whole."""
        if call.over:
            return []
        call.over = True
        if call.custom:
            return [self._begin(call)]
        return [] if call.written else [self._arguments(call, call.arguments())]

    def _finish(self) -> list[bytes]:
        self._over = True
        finish, refusal = ending(self._ending, called=bool(self._calls))
        out = [chunk for call in self._calls.values() for chunk in self._rest(call)]
        out += self._say("refusal", refusal)
        out.append(self._chunk({}, finish))
        options = self._memory.body.get("stream_options")
        asked = isinstance(options, dict) and options.get("include_usage")
        if asked and (usage := usage_in(self._usage)) is not None:
            out.append(event({**self._head, "choices": [], "usage": usage}))
        out.append(DONE)
        return out

    def _count(self, holder: object) -> None:
        """The counts of the end overwrite those of the beginning, and are never added to them."""
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict):
            self._usage = in_parts(self._usage, usage)

    def _say(self, field: str, words: str) -> list[bytes]:
        return [self._chunk({field: words})] if words else []

    def _arguments(self, call: _Call, words: str) -> bytes:
        return self._chunk({"tool_calls": [{"index": call.number, "function": {"arguments": words}}]})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return chunk(self._head, delta, finish)
