"""Messages to Responses, the reply: whole, and event by event."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.outcome.usage import in_parts, read_usage
from gateway.upstreams.translate.reasoning_seal import wrapped
from gateway.upstreams.translate.replies_openai_anthropic import call_head, ending, kind_of, words_in
from gateway.upstreams.translate.responses_answer import Answer, Status
from gateway.upstreams.translate.spec import Body, Memory
from gateway.upstreams.translate.wrapping import text_in

_encode = msgspec.json.Encoder().encode
_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
_DELTAS = {  # what a delta is for: the kind of its block, and which field of both has its words
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("thinking", "signature"),
    "input_json_delta": ("tool_use", "partial_json"),
}
_CUT = "the reply broke off before its message_stop"


def whole(reply: Body, memory: Memory) -> dict[str, Any]:
    """Raises ValueError for what is no reply."""
    blocks = reply.get("content")
    if not isinstance(blocks, list):
        raise ValueError("the reply holds no content")
    reading = _Reading(memory, told=False)
    for block in blocks:
        reading.begin(block)
        reading.stop()
    reading.count(reply)
    return reading.finish(reply)


class Stream:
    """Ends with exactly one of response.completed, response.incomplete and response.failed."""

    def __init__(self, memory: Memory):
        self._reading = _Reading(memory, told=True)
        self._place: object = None  # of the block that is open
        self._next = 0
        self._ending: dict[str, Any] = {}
        self._failed = False

    def feed(self, name: str, data: Body) -> bytes:
        """See StreamTranslator. Raises ValueError for what is no stream of Messages."""
        kind, answer = data.get("type") or name, self._reading.answer
        if answer.ended or self._failed or kind == "ping":
            return b""
        if kind == "error":
            self._failed = True
            return b""
        answer.begin()
        if kind == "message_start":
            self._reading.count(data.get("message"))
        elif kind == "content_block_start":
            self._block(data.get("index"), data.get("content_block"))
        elif kind == "content_block_delta":
            self._delta(data.get("index"), data.get("delta"))
        elif kind == "content_block_stop" and data.get("index") == self._place:
            self._stop()
        elif kind == "message_delta":
            self._reading.count(data)
            if isinstance(data.get("delta"), dict):
                self._ending |= {field: value for field, value in data["delta"].items() if value is not None}
        elif kind == "message_stop":
            self._stop()
            self._reading.finish(self._ending)
        return answer.take()

    def end(self) -> bytes:
        """See StreamTranslator."""
        return b"" if self._failed else self.fail("server_error", _CUT)

    def fail(self, code: str, message: str) -> bytes:
        """See TellsFailure."""
        answer = self._reading.answer
        if not answer.ended:
            answer.fail(code, message)
        return answer.take()

    def _block(self, index: object, block: object) -> None:
        self._stop()
        if index != self._next:
            raise ValueError("a block has no place of its own")
        self._place = index
        self._next += 1
        self._reading.begin(block)

    def _delta(self, index: object, delta: object) -> None:
        if not isinstance(delta, dict) or self._place is None or index != self._place:
            raise ValueError("a delta came for no block")
        self._reading.more(delta)

    def _stop(self) -> None:
        if self._place is not None:
            self._reading.stop()
            self._place = None


class _Reading:
    """Blocks come one after the other. A call stays open until the next begins: only the end tells if it was cut."""

    def __init__(self, memory: Memory, *, told: bool):
        self.answer = Answer(memory, told=told)
        self._memory = memory
        self._block: dict[str, Any] = {}  # that is open, or was: without what came in pieces
        self._pieces: list[str] = []  # of a call's arguments that are not told
        self._thought: dict[str, list[str]] = {}  # of a block of thinking, by its fields
        self._call = ""  # of which kind the call is that is open
        self._given = False  # anything, to that call
        self._called = False
        self._usage: dict[str, Any] = {}

    def count(self, holder: object) -> None:
        """The counts of the end overwrite those of the beginning, and are never added to them."""
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict):
            self._usage = in_parts(self._usage, usage)

    def begin(self, block: object) -> None:
        """A block, with what it holds already. Raises ValueError for one of a kind that was not asked for."""
        if not isinstance(block, dict):
            raise ValueError("a block is no object")
        kind = kind_of(block)
        self._end_call(cut=False)
        self._block = block
        if kind == "text":
            self._say("output_text", words_in(block, "text"))
        elif kind == "tool_use":
            self._begin_call(block)
        else:
            self.answer.think()
            self._thought = {"thinking": [], "signature": []}
            for field in self._thought:
                self._think(field, words_in(block, field))

    def more(self, delta: Body) -> None:
        """Raises ValueError for a delta of another kind of block."""
        kind = delta.get("type")
        owner, field = _DELTAS.get(kind, ("", "")) if isinstance(kind, str) else ("", "")
        words = words_in(delta, field)
        if not owner:
            return  # citations, which were not asked for
        if owner != self._block["type"]:
            raise ValueError("a delta came for a block of another kind")
        if owner == "text":
            self._say("output_text", words)
        elif owner == "thinking":
            self._think(field, words)
        else:
            self._give(words)

    def stop(self) -> None:
        """The block is whole, unless it was cut."""
        kind = self._block["type"]
        if kind == "text":
            self.answer.end_part()
        elif kind == "redacted_thinking":
            self.answer.seal(wrapped({"type": kind, "data": words_in(self._block, "data")}, self._memory.vendor))
        elif kind == "thinking":
            thought = {field: "".join(words) for field, words in self._thought.items()}
            if thought["signature"]:
                self.answer.seal(wrapped({"type": kind, **thought}, self._memory.vendor))

    def finish(self, said: Body) -> dict[str, Any]:
        """The whole Response. Raises ValueError for an end that is none."""
        finish, refusal = ending(said, called=self._called)
        reason = _REASONS.get(finish)
        self._end_call(cut=reason is not None)
        if refusal:
            self.answer.say("refusal", refusal)
        status: Status = "incomplete" if reason else "completed"
        return self.answer.finish(status, reason, read_usage(self._usage) if self._usage else None)

    def _say(self, kind: str, words: str) -> None:
        if words:
            self.answer.say(kind, words)

    def _think(self, field: str, words: str) -> None:
        if words:
            self._thought[field].append(words)
        if field == "thinking":
            self._say("summary_text", words)

    def _begin_call(self, block: Body) -> None:
        begun = call_head(block, self._memory)
        self._call = "custom_tool_call" if begun["type"] == "custom" else "function_call"
        self._called, self._given = True, False
        self._pieces = []
        self.answer.call(self._call, begun["id"], str(block["name"]))
        if isinstance(block.get("input"), dict) and block["input"]:
            self._give(_encode(block["input"]).decode())

    def _give(self, words: str) -> None:
        """A text has to be taken out of its arguments, once they are whole."""
        if not words:
            return
        self._given = True
        if self._call == "custom_tool_call":
            self._pieces.append(words)
        else:
            self.answer.give(words)

    def _end_call(self, *, cut: bool) -> None:
        if not self._call:
            return
        if self._pieces:
            self._say_input(text_in("".join(self._pieces)))
        elif self._call == "function_call" and not self._given and not cut:
            self.answer.give("{}")
        self._call, self._pieces = "", []

    def _say_input(self, words: str) -> None:
        if words:
            self.answer.give(words)
