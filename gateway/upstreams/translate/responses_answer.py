"""A Response as it is written: items one after the other, each event told as it happens, and the whole at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gateway.catalog.prices import Usage
from gateway.upstreams.translate.spec import Memory

Status = Literal["completed", "incomplete"]
Item = dict[str, Any]
_encode = msgspec.json.Encoder().encode
_PARTS = {  # kind of part: of which item, in which list of it, what its events are called, which field has the words
    "output_text": ("message", "content", "output_text", "text"),
    "refusal": ("message", "content", "refusal", "refusal"),
    "reasoning_text": ("reasoning", "content", "reasoning_text", "text"),
    "summary_text": ("reasoning", "summary", "reasoning_summary_text", "text"),
}
_LISTS = {  # list of an item: what counts its parts, what events of a part are called
    "content": ("content_index", "content_part"),
    "summary": ("summary_index", "reasoning_summary_part"),
}
_CALLS = {  # kind of call: what its events are called, which field holds what it is given
    "function_call": ("function_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
}
_PREFIXES = {"message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc"}
_ECHOES = ("instructions", "max_output_tokens", "prompt_cache_key", "safety_identifier", "user")
_USUAL = {
    "temperature": 1.0,
    "top_p": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}  # where none is asked for


class Answer:
    """One item is open at a time; it is over when another begins, or the answer ends."""

    def __init__(self, memory: Memory, *, told: bool):
        """`told`: by events; else only the whole Response is wanted."""
        self._memory = memory
        self._told = told
        self._events: list[bytes] = []  # that nobody has taken yet
        self._sequence = 0
        self._begun = False
        self._over: list[Item] = []
        self._item: Item | None = None  # that is open
        self._part = ""  # of which kind the open part of it is
        self._said: list[str] = []  # in that part, or given to that call
        self.ended = False
        self.service_tier: object = None  # that the upstream names

    def take(self) -> bytes:
        """The events since the last time."""
        events, self._events = self._events, []
        return b"".join(events)

    def begin(self) -> None:
        """Once; the first thing that is told."""
        if not self._begun:
            self._begun = True
            if self._told:
                response = self._response("in_progress", [])
                self._event("response.created", response=response)
                self._event("response.in_progress", response=response)

    def say(self, kind: str, words: str) -> None:
        """More of a text: `output_text`, `refusal`, `reasoning_text` or `summary_text`."""
        owner, parts, name, _ = _PARTS[kind]
        if self._item is None or self._item["type"] != owner:
            self.think() if owner == "reasoning" else self._add({"type": owner, "role": "assistant", "content": []})
        if self._part != kind:
            self.end_part()
            self._part = kind
            if self._told:
                self._event(f"response.{_LISTS[parts][1]}.added", **self._place(), part=_part(kind, ""))
        self._said.append(words)
        if self._told:
            self._event(f"response.{name}.delta", **self._place(), delta=words, **_beside(kind))

    def think(self) -> None:
        """Begins an item of reasoning, of which perhaps nothing can be read."""
        self._add({"type": "reasoning", "summary": [], "content": []})

    def seal(self, encrypted: str) -> None:
        """What the open item of reasoning goes back with."""
        assert self._item is not None
        self._item["encrypted_content"] = encrypted

    def call(self, kind: str, call_id: str, name: str) -> None:
        """Begins a `function_call` or a `custom_tool_call`."""
        namespace, own = self._memory.namespaced.get(name, ("", name))
        within = {"namespace": namespace} if namespace else {}
        self._add({"type": kind, "call_id": call_id, "name": own, **within, _CALLS[kind][1]: ""})

    def give(self, words: str) -> None:
        """More of what the call that is open is given."""
        assert self._item is not None
        self._said.append(words)
        if self._told:
            self._event(f"response.{_CALLS[self._item['type']][0]}.delta", **self._place(), delta=words)

    def finish(self, status: Status, reason: str | None, usage: Usage | None) -> dict[str, Any]:
        """The whole Response. `reason`: why it is incomplete; then the last item is so too."""
        self.begin()
        self._end_item(status)
        details = {"reason": reason} if reason else None
        at = self._completed_at() if status == "completed" else None
        response = self._response(status, self._over, completed_at=at, incomplete_details=details, usage=_usage(usage))
        self._event(f"response.{status}", response=response)
        self.ended = True
        return response

    def fail(self, code: str, message: str) -> None:
        """What had come stays, the item that was open as incomplete. `code`: of the SDK's closed list.

        OpenAI's SDKs raise on the `error` event alone, others wait for the failed response.
        """
        self.begin()
        flat = {"code": code, "message": message, "param": None}
        self._event("error", **flat, error={"type": "server_error", **flat})
        output = self._over if self._item is None else [*self._over, self._whole_item("incomplete")]
        error = {"code": code, "message": message}
        self._event("response.failed", response=self._response("failed", output, error=error))
        self.ended = True

    def _add(self, item: Item) -> None:
        self.begin()
        self._end_item("completed")
        id = f"{_PREFIXES[item['type']]}_{self._memory.response_id}_{len(self._over)}"
        self._item = {"id": id, **item, "status": "in_progress"}
        self._event("response.output_item.added", output_index=len(self._over), item=self._item)

    def _place(self) -> dict[str, Any]:
        assert self._item is not None
        place = {"item_id": self._item["id"], "output_index": len(self._over)}
        if not self._part:
            return place
        parts = _PARTS[self._part][1]
        return {**place, _LISTS[parts][0]: len(self._item[parts])}

    def end_part(self) -> None:
        """What is said next of its kind is another part."""
        if not self._part or self._item is None:
            return
        _, parts, name, field = _PARTS[self._part]
        part = _part(self._part, "".join(self._said))
        if self._told:
            self._event(f"response.{name}.done", **self._place(), **{field: part[field]}, **_beside(self._part))
            self._event(f"response.{_LISTS[parts][1]}.done", **self._place(), part=part)
        self._item[parts].append(part)
        self._part, self._said = "", []

    def _end_item(self, status: Status) -> None:
        if self._item is None:
            return
        self.end_part()
        item = self._whole_item(status)
        if self._told and item["type"] in _CALLS:
            name, field = _CALLS[item["type"]]
            self._event(f"response.{name}.done", **self._place(), **{field: item[field]})
        self._event("response.output_item.done", output_index=len(self._over), item=item)
        self._over.append(item)
        self._item, self._said = None, []

    def _whole_item(self, status: Status) -> Item:
        """The item that is open, with what has been said in it so far."""
        assert self._item is not None
        item, words = {**self._item, "status": status}, "".join(self._said)
        if item["type"] in _CALLS:
            item[_CALLS[item["type"]][1]] = words
        elif self._part:
            parts = _PARTS[self._part][1]
            item[parts] = [*item[parts], _part(self._part, words)]
        return item

    def _completed_at(self) -> int | None:
        clock = self._memory.clock
        return int(clock()) if clock is not None else None

    def _response(self, status: str, output: list[Item], **rest: Any) -> dict[str, Any]:
        memory, body = self._memory, self._memory.body
        tier = self.service_tier if isinstance(self.service_tier, str) else body.get("service_tier")
        usual = {name: usual if body.get(name) is None else body[name] for name, usual in _USUAL.items()}
        return {
            "id": f"resp_{memory.response_id}",
            "object": "response",
            "created_at": memory.created_at,
            "completed_at": None,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            **{name: body.get(name) for name in _ECHOES},
            **usual,
            "max_tool_calls": None,
            "metadata": body.get("metadata") or {},
            "model": memory.model,
            "output": list(output),
            "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
            "service_tier": "default" if tier in (None, "auto") else tier,
            "store": False,
            "text": _text(body.get("text") or {}),
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": [_tool(tool) for tool in body.get("tools") or ()],
            "top_logprobs": 0,
            "truncation": "disabled",
            "usage": None,
            **rest,
        }

    def _event(self, kind: str, **fields: Any) -> None:
        if self._told:
            document = {"type": kind, "sequence_number": self._sequence, **fields}
            self._events.append(b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode(document)))
            self._sequence += 1


def _part(kind: str, words: str) -> Item:
    annotations: Item = {"annotations": []} if kind == "output_text" else {}
    return {"type": kind, _PARTS[kind][3]: words, **annotations, **_beside(kind)}


def _beside(kind: str) -> Item:
    """What the SDK wants beside a text; none are asked for."""
    return {"logprobs": []} if kind == "output_text" else {}


def _text(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"format": asked.get("format") or {"type": "text"}, "verbosity": asked.get("verbosity") or "medium"}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Functions have all of their fields in a Response."""
    rest: Item = {"description": None, "parameters": None, "strict": False} if tool.get("type") == "function" else {}
    return {**rest, **{name: value for name, value in tool.items() if value is not None}}


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    cached = {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": cached,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
