"""Messages to Chat Completions, a whole reply, and what streams have in common with it."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.outcome.finishes import Meaning, meaning_of, said_of
from gateway.upstreams.translate.chat_answer import head, usage_in
from gateway.upstreams.translate.spec import Body, Memory
from gateway.upstreams.translate.wrapping import unwrapped

_encode = msgspec.json.Encoder().encode
_FINISHES: dict[Meaning | None, str] = {None: "stop", "length": "length", "cut": "length", "context": "length",
             "filtered": "content_filter", "declined": "content_filter"}  # fmt: skip
_NO_ENDS = frozenset({"pause_turn", "compaction"})  # of tools that run at the vendor, which were not asked for


def whole(reply: Body, memory: Memory) -> dict[str, Any]:
    """Raises ValueError for what is no reply."""
    blocks = reply.get("content")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ValueError("the reply holds no content")
    said: dict[str, list[str]] = {"text": [], "thinking": []}
    calls = []
    for block in blocks:
        kind = kind_of(block)
        if kind == "tool_use":
            given = block.get("input")
            calls.append(_call(block, given if isinstance(given, dict) else {}, memory))
        elif kind in said:
            said[kind].append(words_in(block, kind))
    finish, refusal = ending(reply, called=bool(calls))
    words, thought = "".join(said["text"]), "".join(said["thinking"])
    nothing = None if calls or finish == "content_filter" else ""
    message: dict[str, Any] = {"role": "assistant", "content": words or nothing, "refusal": refusal or None}
    message["annotations"] = []
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    made = {**head(memory, "chat.completion"), "choices": [choice]}
    if (usage := usage_in(reply.get("usage"))) is not None:
        made["usage"] = usage
    if memory.body.get("metadata") is not None:
        made["metadata"] = memory.body["metadata"]
    return made


def kind_of(block: Body) -> str:
    """Raises ValueError for a block that Chat has no place for: tools that run at the vendor were never asked for."""
    kind = block.get("type")
    if kind in ("text", "thinking", "tool_use", "redacted_thinking"):
        return str(kind)
    raise ValueError("the reply holds a block of a kind that was not asked for")


def words_in(block: Body, name: str) -> str:
    """A text, if that is what stands there."""
    words = block.get(name)
    return words if isinstance(words, str) else ""


def _call(block: Body, arguments: Body, memory: Memory) -> dict[str, Any]:
    begun = call_head(block, memory)
    if begun["type"] == "custom":
        begun["custom"]["input"] = unwrapped(arguments)
    else:
        begun["function"]["arguments"] = _encode(arguments).decode()
    return begun


def call_head(block: Body, memory: Memory) -> dict[str, Any]:
    """A call of which the arguments are still to be said."""
    id, name = block.get("id"), block.get("name")
    if not isinstance(name, str) or not isinstance(id, str) or not name or not id:
        raise ValueError("a tool call has no name or no id")
    kind = "custom" if name in memory.wrapped_tools else "function"
    return {"id": id, "type": kind, kind: {"name": name}}


def ending(said: Body, *, called: bool) -> tuple[str, str]:
    """The finish reason, and why the model refuses. Raises ValueError for an end that is none."""
    reason = said_of(said.get("stop_reason"))
    finish = _FINISHES.get(meaning_of(reason)) if reason is not None and reason not in _NO_ENDS else None
    if finish is None:
        raise ValueError("the reply has no stop reason that means an end")
    if finish == "stop" and called:
        finish = "tool_calls"
    details = said.get("stop_details")
    if finish != "content_filter" or not isinstance(details, dict):
        return finish, ""
    return finish, words_in(details, "explanation")
