"""Responses to Chat Completions, the reply: whole, and event by event."""

from __future__ import annotations

from typing import Any

from gateway.errors import GatewayError
from gateway.interfaces.dialects import OPENAI
from gateway.upstreams.translate.chat_answer import DONE, chunk, event, head, usage_in
from gateway.upstreams.translate.responses_reading import CALLS, Piece, Reading
from gateway.upstreams.translate.spec import Body, Memory
from gateway.upstreams.translate.wrapping import text_in

_FIELDS = {"text": "content", "refusal": "refusal", "summary": "reasoning_content", "thought": "reasoning_content"}
_BETWEEN = "\n\n"  # of two parts of reasoning, which Chat has as one text


def whole(reply: Body, memory: Memory) -> dict[str, Any]:
    """Raises ValueError for what is no reply, or has failed."""
    reading, telling = Reading(), _Telling()
    said: dict[str, list[str]] = {"content": [], "refusal": [], "reasoning_content": []}
    calls: list[dict[str, Any]] = []
    for piece in reading.whole(reply):
        field, words = telling.words(piece)
        if field:
            said[field].append(words)
        elif piece.kind == "end" and piece.item["type"] in CALLS:
            item = _unwrapped(piece.item, memory)
            calls.append(_call(item, given=item.get("arguments") or ("" if reading.cut else "{}")))
    message: dict[str, Any] = {"role": "assistant", **{name: "".join(words) or None for name, words in said.items()}}
    if message["reasoning_content"] is None:
        del message["reasoning_content"]
    message["annotations"] = []
    finish = _finish(reading, called=bool(calls))
    if message["content"] is None and finish in ("stop", "length") and message["refusal"] is None and not calls:
        message["content"] = ""
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    made = {**head(memory, "chat.completion"), "choices": [choice], **_tier(reply)}
    if (usage := usage_in(reply.get("usage"))) is not None:
        made["usage"] = usage
    return made


class Stream:
    """Ends with response.completed or response.incomplete alone: what was cut, or failed, has no finish, no [DONE]."""

    def __init__(self, memory: Memory):
        self._memory = memory
        self._head = head(memory, "chat.completion.chunk")
        self._reading = Reading()
        self._telling = _Telling()
        self._begun = False
        self._over = False
        self._calls = 0

    def feed(self, name: str, data: Body) -> bytes:
        """See StreamTranslator. Raises ValueError for what is no stream of a Response."""
        if self._over:
            return b""
        out = [each for piece in self._reading.feed(name, data) for each in self._tell(piece)]
        if self._reading.failed:
            return b""
        if not self._begun:
            self._begun = True
            out.insert(0, chunk(self._head, {"role": "assistant", "content": ""}))
        if self._reading.response is not None:
            out += self._finish(self._reading.response)
        return b"".join(out)

    def end(self) -> bytes:
        """See StreamTranslator."""
        if self._over or self._reading.failed:
            return b""
        self._over = True
        return OPENAI.error_event(GatewayError("upstreams_exhausted", "the reply broke off before its end"), b"")

    def _tell(self, piece: Piece) -> list[bytes]:
        field, words = self._telling.words(piece)
        if field:
            return [chunk(self._head, {field: words})]
        item, kind = piece.item, piece.item["type"]
        if kind == "custom_tool_call" or _is_wrapped(item, self._memory):
            return self._custom(piece)
        if kind == "function_call" and piece.kind == "begin":
            self._calls += 1
            return [self._chunk(_call(item))]
        if piece.kind == "arguments":
            return [self._chunk({"function": {"arguments": piece.words}})]
        if kind == "function_call" and not item.get("arguments") and self._reading.cut is None:
            return [self._chunk({"function": {"arguments": "{}"}})]
        return []

    def _custom(self, piece: Piece) -> list[bytes]:
        """Chat has no events for one that is not whole."""
        if piece.kind != "end":
            return []
        self._calls += 1
        return [self._chunk(_call(_unwrapped(piece.item, self._memory)))]

    def _chunk(self, call: dict[str, Any]) -> bytes:
        return chunk(self._head, {"tool_calls": [{"index": self._calls - 1, **call}]})

    def _finish(self, response: Body) -> list[bytes]:
        self._over = True
        self._head |= _tier(response)
        out = [chunk(self._head, {}, _finish(self._reading, called=self._calls > 0))]
        options = self._memory.body.get("stream_options")
        asked = isinstance(options, dict) and options.get("include_usage")
        if asked and (usage := usage_in(response.get("usage"))) is not None:
            out.append(event({**self._head, "choices": [], "usage": usage}))
        return [*out, DONE]


class _Telling:
    """Which field of a message a piece belongs to."""

    def __init__(self) -> None:
        self._thought: object = None  # the part of reasoning that was told last

    def words(self, piece: Piece) -> tuple[str, str]:
        """`("", "")` for what is no text."""
        field = _FIELDS.get(piece.kind, "")
        if field != "reasoning_content":
            return field, piece.words if field else ""
        part = (id(piece.item), piece.kind, piece.part)
        before = _BETWEEN if self._thought not in (None, part) else ""
        self._thought = part
        return field, before + piece.words


def _is_wrapped(item: Body, memory: Memory) -> bool:
    return item["type"] == "function_call" and item["name"] in memory.wrapped_tools


def _unwrapped(item: Body, memory: Memory) -> Body:
    """What is whole: a call of a function that was a custom tool, as one of that tool; others as they are."""
    if not _is_wrapped(item, memory):
        return item
    return {**item, "type": "custom_tool_call", "input": text_in(item.get("arguments") or "")}


def _call(item: Body, given: str = "") -> dict[str, Any]:
    """`given`: the arguments, where they are not told apart."""
    if item["type"] == "custom_tool_call":
        return {
            "id": item["call_id"],
            "type": "custom",
            "custom": {"name": item["name"], "input": item.get("input") or ""},
        }
    return {"id": item["call_id"], "type": "function", "function": {"name": item["name"], "arguments": given}}


def _finish(reading: Reading, *, called: bool) -> str:
    if reading.cut is not None:
        return "content_filter" if reading.cut == "content_filter" else "length"
    return "tool_calls" if called else "stop"


def _tier(response: Body) -> dict[str, Any]:
    tier = response.get("service_tier")
    return {"service_tier": tier} if isinstance(tier, str) else {}
