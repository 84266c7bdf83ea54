"""Responses to Messages, the reply: whole, and event by event."""

from __future__ import annotations

from typing import Any

from gateway.errors import GatewayError
from gateway.interfaces.dialects import ANTHROPIC
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
from gateway.upstreams.translate.reasoning_seal import wrapped
from gateway.upstreams.translate.responses_reading import Piece, Reading, said_in
from gateway.upstreams.translate.spec import Body, Memory

_BETWEEN = "\n\n"  # of two parts of reasoning, which Messages have as one block
_OF_ITEM = ("type", "id", "summary", "content", "encrypted_content")  # of reasoning, that its vendor takes back


def whole(reply: Body, memory: Memory) -> dict[str, Any]:
    """Raises ValueError for what is no reply, or has failed."""
    reading = Reading()
    items = [piece.item for piece in reading.whole(reply) if piece.kind == "end"]
    refusal = "".join(words for item in items for kind, _, words in said_in(item) if kind == "refusal")
    return {
        **head(memory),
        "content": [block for item in items for block in _blocks(item, memory.vendor, cut=reading.cut is not None)],
        **_ending(reading, refusal, called=any(item["type"] == "function_call" for item in items)),
        "usage": usage(reply.get("usage")),
    }


def _blocks(item: Body, vendor: str, *, cut: bool) -> list[dict[str, Any]]:
    if item["type"] == "message":
        return [text_block(words) for _, _, words in said_in(item) if words]
    if item["type"] == "function_call":
        return [{**_call(item), "input": arguments(item.get("arguments"), cut=cut)}]
    if item["type"] == "custom_tool_call":
        raise ValueError("the reply calls a tool of a kind that was not asked for")
    thought = _BETWEEN.join(words for _, _, words in said_in(item) if words)
    if thought:
        return [{"type": "thinking", "thinking": thought, "signature": _sealed(item, vendor)}]
    return [_hidden(item, vendor)] if item.get("encrypted_content") else []


def _call(item: Body) -> dict[str, Any]:
    return call_block(item["call_id"], item["name"], {})


def _sealed(item: Body, vendor: str) -> str:
    return wrapped({name: item[name] for name in _OF_ITEM if item.get(name) is not None}, vendor)


def _hidden(item: Body, vendor: str) -> dict[str, Any]:
    """Reasoning that nobody but its vendor can read."""
    return {"type": "redacted_thinking", "data": _sealed(item, vendor)}


def _ending(reading: Reading, refusal: str, *, called: bool) -> dict[str, Any]:
    """`stop_reason`, `stop_sequence`, and why the model refuses."""
    if reading.cut is not None and reading.cut != "content_filter":
        stop = "max_tokens"
    elif reading.cut is not None or refusal:
        stop = "refusal"
    else:
        stop = "tool_use" if called else "end_turn"
    return ending(stop, refusal=refusal if stop == "refusal" else "")


class Stream:
    """Ends with response.completed or response.incomplete alone."""

    def __init__(self, memory: Memory):
        self._memory = memory
        self._reading = Reading()
        self._begun = False
        self._over = False
        self._index = -1  # of the block that is open, or was
        self._open: object = None  # what it is of: an item, and of a message the part
        self._part: object = None  # of reasoning, that was told last
        self._called = False
        self._refusal: list[str] = []

    def feed(self, name: str, data: Body) -> bytes:
        """See StreamTranslator. Raises ValueError for what is no stream of a Response."""
        if self._over:
            return b""
        out = [each for piece in self._reading.feed(name, data) for each in self._tell(piece)]
        if self._reading.failed:
            return b""
        if not self._begun:
            self._begun = True
            out.insert(0, event("message_start", message=beginning(self._memory)))
        if self._reading.response is not None:
            out += self._finish(self._reading.response)
        return b"".join(out)

    def end(self) -> bytes:
        """See StreamTranslator."""
        if self._over or self._reading.failed:
            return b""
        self._over = True
        return ANTHROPIC.error_event(GatewayError("upstreams_exhausted", "the reply broke off before its end"), b"")

    def _finish(self, response: Body) -> list[bytes]:
        self._over = True
        end = _ending(self._reading, "".join(self._refusal), called=self._called)
        delta, told = {**end, "container": None}, usage(response.get("usage"))
        return [*self._close(), event("message_delta", delta=delta, usage=told), event("message_stop")]

    def _tell(self, piece: Piece) -> list[bytes]:
        kind, item = piece.kind, piece.item
        if kind in ("text", "refusal"):
            if kind == "refusal":
                self._refusal.append(piece.words)
            return [
                *self._at((id(item), kind, piece.part), text_block("")),
                self._delta("text_delta", text=piece.words),
            ]
        if kind in ("summary", "thought"):
            return self._think(piece)
        if kind == "arguments":
            return [self._delta("input_json_delta", partial_json=piece.words)]
        if item["type"] == "custom_tool_call":
            raise ValueError("the reply calls a tool of a kind that was not asked for")
        if kind == "begin" and item["type"] == "function_call":
            self._called = True
            return self._at(id(item), _call(item))
        return self._end(item) if kind == "end" else []

    def _think(self, piece: Piece) -> list[bytes]:
        part = (piece.kind, piece.part)
        fresh = self._open != id(piece.item)
        before = "" if fresh or self._part == part else _BETWEEN
        self._part = part
        begin = self._at(id(piece.item), {"type": "thinking", "thinking": "", "signature": ""})
        return [*begin, self._delta("thinking_delta", thinking=before + piece.words)]

    def _end(self, item: Body) -> list[bytes]:
        if item["type"] == "reasoning" and self._open == id(item):
            return [self._delta("signature_delta", signature=_sealed(item, self._memory.vendor)), *self._close()]
        if item["type"] == "reasoning" and item.get("encrypted_content"):
            return [*self._at(id(item), _hidden(item, self._memory.vendor)), *self._close()]
        return self._close()

    def _at(self, place: object, block: dict[str, Any]) -> list[bytes]:
        """The events that open a block there, if it is not open."""
        if self._open == place:
            return []
        out = self._close()
        self._open = place
        self._index += 1
        return [*out, event("content_block_start", index=self._index, content_block=block)]

    def _delta(self, kind: str, **words: str) -> bytes:
        return event("content_block_delta", index=self._index, delta={"type": kind, **words})

    def _close(self) -> list[bytes]:
        if self._open is None:
            return []
        self._open = None
        return [event("content_block_stop", index=self._index)]
