"""A reply of OpenAI's Responses, whole or streamed: each field that the specification requires; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from gateway.demo.vendors import prose, wire
from gateway.demo.vendors.asked import Asked
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say

error = wire.error
_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter", "sensitive": "content_filter"}
_REST: dict[str, Any] = {
    "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {}, "temperature": 1.0,
    "parallel_tool_calls": True, "presence_penalty": 0.0, "frequency_penalty": 0.0, "previous_response_id": None,
    "prompt_cache_key": None, "safety_identifier": None, "store": True, "tool_choice": "auto", "top_logprobs": 0,
    "top_p": 1.0, "truncation": "disabled", "background": False,
}  # fmt: skip
_FUNCTION: dict[str, Any] = {"description": None, "parameters": None, "strict": True}


def whole(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> bytes:
    """A reply that is not streamed."""
    return json.dumps(_ended(asked, say, usage=usage), ensure_ascii=False).encode()


def chunks(asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> Iterator[bytes]:
    """The events of a streamed reply."""
    number = count()

    def event(kind: str, **fields: Any) -> bytes:
        document = {"type": f"response.{kind}", "sequence_number": next(number), **fields}
        return f"event: response.{kind}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n".encode()

    begun = _response(asked, "in_progress", [], usage=None)
    yield event("created", response=begun)
    yield event("in_progress", response=begun)
    for place, item in enumerate(_items(asked, say)):
        at = {"output_index": place}
        yield event("output_item.added", **at, item=_empty(item))
        for kind, fields in _told(item):
            yield event(kind, **at, item_id=item["id"], **fields)
        yield event("output_item.done", **at, item=item)
    ended = _ended(asked, say, usage=usage)
    yield event(ended["status"], response=ended)


def _told(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of an item between its first and its last."""
    if item["type"] in ("function_call", "custom_tool_call"):
        name, field = ("function_call_arguments", "arguments")
        if item["type"] == "custom_tool_call":
            name, field = ("custom_tool_call_input", "input")
        yield f"{name}.delta", {"delta": item[field]}
        yield f"{name}.done", {field: item[field]}
        return
    reasoning = item["type"] == "reasoning"
    place, what = ("summary_index", "reasoning_summary_part") if reasoning else ("content_index", "content_part")
    for index, part in enumerate(item["summary" if reasoning else "content"]):
        kind = "reasoning_summary_text" if reasoning else part["type"]
        field = "refusal" if kind == "refusal" else "text"
        beside: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
        yield f"{what}.added", {place: index, "part": {**part, field: ""}}
        for piece in prose.tokens(part[field]):
            yield f"{kind}.delta", {place: index, "delta": piece, **beside}
        yield f"{kind}.done", {place: index, field: part[field], **beside}
        yield f"{what}.done", {place: index, "part": part}


def _items(asked: Asked, say: Say) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if say.thoughts:
        items.append(_reasoning(asked, say))
    parts: list[dict[str, Any]] = []
    if say.text:
        parts.append({"type": "output_text", "text": say.text, "annotations": [], "logprobs": []})
    if say.refusal is not None:
        parts.append({"type": "refusal", "refusal": say.refusal})
    status = "incomplete" if say.finish in _REASONS else "completed"
    if parts or not say.calls:
        items.append({"type": "message", "role": "assistant", "status": status, "content": parts})
    for place, call in enumerate(say.calls):
        kind = "custom_tool_call" if "input" in call else "function_call"
        items.append({"type": kind, "status": "completed", "call_id": f"call_{asked.id[-8:]}{place}", **call})
    prefixes = {"message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc"}
    return [{"id": f"{prefixes[item['type']]}_{asked.id}{place}", **item} for place, item in enumerate(items)]


def _reasoning(asked: Asked, say: Say) -> dict[str, Any]:
    """A summary for those who ask for one; what is encrypted for those who bring it back."""
    wanted = (asked.body.get("reasoning") or {}).get("summary")
    item: dict[str, Any] = {"type": "reasoning", "summary": []}
    if wanted:
        item["summary"] = [{"type": "summary_text", "text": say.thoughts}]
    if "reasoning.encrypted_content" in (asked.body.get("include") or ()):
        item["encrypted_content"] = "c2ltdWxhdGVk"
    return item


def _empty(item: dict[str, Any]) -> dict[str, Any]:
    """As it begins."""
    nothing = {"content": [], "summary": [], "arguments": "", "input": ""}
    begun = {**item, **{name: value for name, value in nothing.items() if name in item}}
    return {**begun, "status": "in_progress"} if "status" in item else begun


def _ended(asked: Asked, say: Say, *, usage: bool) -> dict[str, Any]:
    reason = _REASONS.get(say.finish)
    details = {"reason": reason} if reason else None
    status = "incomplete" if reason else "completed"
    told = _response(asked, status, _items(asked, say), usage=_usage(asked, say) if usage else None)
    return {**told, "incomplete_details": details, "completed_at": None if reason else asked.created}


def _response(asked: Asked, status: str, output: list[Any], *, usage: dict[str, Any] | None) -> dict[str, Any]:
    body = asked.body
    return {
        "id": f"resp_{asked.id}",
        "object": "response",
        "created_at": asked.created,
        "completed_at": None,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": asked.model,
        "output": output,
        **{name: rest if body.get(name) is None else body[name] for name, rest in _REST.items()},
        "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
        "service_tier": "default",
        "text": {"format": {"type": "text"}, "verbosity": "medium", **(body.get("text") or {})},
        "tools": [
            {**_FUNCTION, **tool} if tool.get("type") == "function" else tool for tool in body.get("tools") or ()
        ],
        "usage": usage,
    }


def _usage(asked: Asked, say: Say) -> dict[str, Any]:
    reasoning, output = wire.output_tokens(say)
    return {
        "input_tokens": asked.input_tokens,
        "input_tokens_details": {"cached_tokens": asked.cached_tokens},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": asked.input_tokens + output,
    }
