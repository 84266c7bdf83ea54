"""Requests of Chat, Responses and Messages, read into an Ask. WrongRequest where its vendor would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from clients.script import Ask, WrongRequest, paired

ANY = {"properties": {"port": {"type": "string"}, "hour": {"type": "integer"}}}  # where no schema is sent


def chat(body: Any) -> Ask:
    """POST /chat/completions."""
    calls, results, text = [], [], ""
    for message in body["messages"]:
        if message["role"] == "user":
            text, results = _text(message["content"]), []
        elif message["role"] == "tool":
            paired(calls, [message["tool_call_id"]])
            results.append(_text(message["content"]))
        calls += [call["id"] for call in message.get("tool_calls") or ()]
    tools = {tool["function"]["name"]: tool["function"].get("parameters") for tool in body.get("tools") or ()}
    choice = body.get("tool_choice")
    forced = choice["function"]["name"] if isinstance(choice, dict) else "" if choice == "required" else None
    form = body.get("response_format") or {}
    schema = form.get("json_schema", {}).get("schema") or (ANY if form.get("type") == "json_object" else None)
    return _ask(body, text, tools, results, forced, schema)


def responses(body: Any) -> Ask:
    """POST /responses."""
    calls, results = [], []
    items = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
    text = ""
    for item in items:
        kind = item.get("type", "message")
        if kind == "message" and item["role"] == "user":
            text, results = _text(item["content"]), []
        elif kind == "function_call":
            calls.append(item["call_id"])
        elif kind == "function_call_output":
            paired(calls, [item["call_id"]])
            results.append(_text(item["output"]))
    tools = {tool["name"]: tool.get("parameters") for tool in body.get("tools") or () if tool["type"] == "function"}
    choice = body.get("tool_choice")
    forced = choice.get("name") if isinstance(choice, dict) else "" if choice == "required" else None
    return _ask(body, text, tools, results, forced, ((body.get("text") or {}).get("format") or {}).get("schema"))


def messages(body: Any) -> Ask:
    """POST /messages."""
    if "max_tokens" not in body:
        raise WrongRequest("max_tokens: Field required")
    calls, results, text = [], [], ""
    for message in body["messages"]:
        blocks = message["content"]
        blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        calls += [block["id"] for block in blocks if block["type"] == "tool_use"]
        told = [block for block in blocks if block["type"] == "tool_result"]
        paired(calls, [block["tool_use_id"] for block in told])
        if message["role"] == "user":
            said = _text([block for block in blocks if block["type"] == "text"])
            text, results = (text, [*results, *(_text(block.get("content")) for block in told)]) if told else (said, [])
    tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools") or () if "input_schema" in tool}
    choice = body.get("tool_choice") or {}
    forced = choice.get("name") if choice.get("type") == "tool" else "" if choice.get("type") == "any" else None
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return _ask(body, text, tools, results, forced, form.get("schema"))


READERS: dict[str, Callable[[Any], Ask]] = {
    "/chat/completions": chat,
    "/responses": responses,
    "/messages": messages,
}


def _ask(body: Any, text: str, tools: Mapping[str, Any], results: list[str], forced: str | None, schema: Any) -> Ask:
    stream = bool(body.get("stream"))
    return Ask(body["model"], text, tools, tuple(results), forced, schema, stream)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
    return "" if content is None else json.dumps(content)
