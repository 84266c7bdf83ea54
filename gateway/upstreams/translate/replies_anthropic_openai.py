"""Chat Completions to Messages, the reply: whole, and event by event."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.upstreams.translate.messages_answer import (
    arguments,
    beginning,
    call_block,
    ending,
    event,
    head,
    text_block,
    usage,
)
from gateway.upstreams.translate.reasoning_seal import MARK
from gateway.upstreams.translate.spec import Body, Memory

_encode = msgspec.json.Encoder().encode
_STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "function_call": "tool_use", "length": "max_tokens",
          "content_filter": "refusal"}  # fmt: skip


def whole(reply: Body, memory: Memory) -> dict[str, Any]:
    """Raises ValueError for what is no reply."""
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise ValueError("the reply holds no message")
    content: list[dict[str, Any]] = []
    thought = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thought, str) and thought:
        content.append({"type": "thinking", "thinking": thought, "signature": MARK})
    refusal = message.get("refusal") if isinstance(message.get("refusal"), str) else ""
    for said in (_said(message.get("content")), refusal):
        if said:
            content.append(text_block(said))
    calls = message.get("tool_calls")
    cut = choice.get("finish_reason") == "length"
    calls = calls if isinstance(calls, list) else []
    content += [_call(call, number, memory, cut=cut) for number, call in enumerate(calls)]
    return {
        **head(memory),
        "content": content,
        **_ending(choice.get("finish_reason"), choice, memory, called=bool(calls), refusal=refusal or ""),
        "usage": usage(reply.get("usage")),
    }


def _said(content: object) -> str:
    """A text, or the texts of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _call(call: object, number: int, memory: Memory, *, cut: bool) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise ValueError("a tool call has no name")
    given = arguments(function.get("arguments"), cut=cut)
    return call_block(_call_id(call, number, memory), function["name"], given)


def _call_id(call: Body, number: int, memory: Memory) -> str:
    given = call.get("id")
    return given if isinstance(given, str) and given else f"toolu_{memory.response_id}_{number}"


def _ending(reason: object, choice: Body, memory: Memory, *, called: bool, refusal: str) -> dict[str, Any]:
    """`stop_reason`, `stop_sequence`, `stop_details`."""
    stop = _STOPS.get(reason, "end_turn") if isinstance(reason, str) else "end_turn"
    if called and stop == "end_turn":
        stop = "tool_use"
    if refusal:
        return ending("refusal", refusal=refusal)
    match, wanted = choice.get("stop_reason"), memory.body.get("stop_sequences")
    if stop == "end_turn" and isinstance(match, str) and isinstance(wanted, list) and match in wanted:
        return ending("stop_sequence", sequence=match)
    return ending(stop)


class Stream:
    """Blocks of Messages cannot interleave: what follows the first tool call waits until all calls are whole."""

    def __init__(self, memory: Memory):
        self._memory = memory
        self._begun = False
        self._index = -1  # of the block that is open, or was
        self._open = ""  # its kind
        self._calls: dict[object, dict[str, Any]] = {}  # by the vendor's index, in order
        self._open_calls: list[dict[str, Any]] = []  # of them, those that are not over
        self._turn = 0  # the number of the call that is told as it comes
        self._finish: object = None
        self._choice: Body = {}
        self._refusal: list[str] = []
        self._usage: object = None
        self._ended = False

    def feed(self, name: str, data: Body) -> bytes:
        """See StreamTranslator."""
        out = [] if self._begun else [self._start()]
        if data.get("usage") is not None:
            self._usage = data["usage"]
        choices = data.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                out += self._choose(choice)
        return b"".join(out)

    def end(self) -> bytes:
        """See StreamTranslator. Once."""
        if self._ended:
            return b""
        self._ended = True
        out = [] if self._begun else [self._start()]
        out += self._finish_calls()
        out += self._close()
        end = _ending(
            self._finish, self._choice, self._memory, called=bool(self._calls), refusal="".join(self._refusal)
        )
        out.append(event("message_delta", delta={**end, "container": None}, usage=usage(self._usage)))
        out.append(event("message_stop"))
        return b"".join(out)

    def _start(self) -> bytes:
        self._begun = True
        return event("message_start", message=beginning(self._memory))

    def _choose(self, choice: Body) -> list[bytes]:
        delta = choice.get("delta")
        out: list[bytes] = []
        if choice.get("finish_reason") is not None:
            self._finish, self._choice = choice["finish_reason"], choice
        if not isinstance(delta, dict):
            return out
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str) and thought:
            out += self._say("thinking", thought)
        if said := _said(delta.get("content")):
            out += self._say("text", said)
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._refusal.append(refusal)
            out += self._say("text", refusal)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                out += self._call(call)
        return out

    def _say(self, kind: str, words: str) -> list[bytes]:
        out = []
        if self._open != kind:
            out += [*self._finish_calls(), *self._close()]
            empty = {"type": kind, "thinking": "", "signature": ""} if kind == "thinking" else text_block("")
            out.append(self._begin(kind, empty))
        name = "text" if kind == "text" else "thinking"
        out.append(self._delta({"type": f"{kind}_delta", name: words}))
        return out

    def _call(self, call: Body) -> list[bytes]:
        place = call.get("index", len(self._calls)) if isinstance(call.get("index", 0), int | str) else 0
        kept = self._calls.get(place)
        if kept is None:
            kept = self._calls[place] = {
                "number": len(self._calls), "id": "", "name": "", "waiting": [], "written": False, "over": False,
            }  # fmt: skip
            self._open_calls.append(kept)
        given = call.get("function")
        function: Body = given if isinstance(given, dict) else {}
        kept["id"] = kept["id"] or (call["id"] if isinstance(call.get("id"), str) else "")
        kept["name"] = kept["name"] or (function["name"] if isinstance(function.get("name"), str) else "")
        more = function.get("arguments")
        if isinstance(more, dict):
            more = _encode(more).decode()
        if isinstance(more, str) and more:
            if kept["over"]:
                raise ValueError("arguments came for a tool call that was over")
            kept["waiting"].append(more)
        return self._write(kept) if kept["number"] == self._turn and kept["name"] else []

    def _write(self, call: dict[str, Any]) -> list[bytes]:
        """What has come of a call, if it is the one whose turn it is."""
        out = []
        if not call["written"]:
            call["written"] = True
            out += self._close()
            block = call_block(_call_id(call, call["number"], self._memory), call["name"], {})
            out.append(self._begin("tool_use", block))
        if call["waiting"]:
            words = "".join(call["waiting"])
            call["waiting"].clear()
            out.append(self._delta({"type": "input_json_delta", "partial_json": words}))
        return out

    def _finish_calls(self) -> list[bytes]:
        out: list[bytes] = []
        for call in self._open_calls:
            if call["name"]:
                out += [*self._write(call), *self._close()]
            call["over"] = True
        self._open_calls.clear()
        self._turn = len(self._calls)
        return out

    def _begin(self, kind: str, block: dict[str, Any]) -> bytes:
        self._index += 1
        self._open = kind
        return event("content_block_start", index=self._index, content_block=block)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return event("content_block_delta", index=self._index, delta=delta)

    def _close(self) -> list[bytes]:
        if not self._open:
            return []
        out = [self._delta({"type": "signature_delta", "signature": MARK})] if self._open == "thinking" else []
        self._open = ""
        return [*out, event("content_block_stop", index=self._index)]
