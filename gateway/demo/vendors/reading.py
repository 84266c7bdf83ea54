"""Reads a request of any of the three wires, and of completions; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.demo.vendors.asked import Asked, Kind, Tool

KINDS: dict[str, Kind] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/messages": "messages",
    "/v1/responses": "responses",
}
_ANY_TOOL = frozenset({"required", "any"})


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said: by whom, its text, and which tools it calls."""

    role: str  # `tool` for what a tool said
    text: str
    calls: tuple[str, ...] = ()


def read(kind: Kind, body: dict[str, Any], **known: Any) -> Asked:
    """`known`: the fields of Asked that the body does not say.

    Raises ValueError, LookupError, TypeError, AttributeError for what cannot be read.
    """
    said = turns(kind, body)
    called, results = _since_the_user(said)
    choice, parallel = _choice(body.get("tool_choice"))
    return Asked(
        kind=kind,
        prompt=next((turn.text for turn in reversed(said) if turn.role == "user" and turn.text), said[-1].text),
        max_tokens=_limit(kind, body),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        choices=body.get("n") or 1,
        tools=tuple(_tool(tool) for tool in body.get("tools") or () if _is_ours(tool)),
        choice=choice,
        parallel=parallel and body.get("parallel_tool_calls") is not False,
        called=called,
        results=results,
        form=_form(kind, body),
        stops=_stops(body.get("stop") or body.get("stop_sequences")),
        logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") is True else None,
        thinks=_thinks(body),
        body=body,
        **known,
    )


def turns(kind: Kind, body: dict[str, Any]) -> list[Turn]:
    """What was said, in order; instructions first."""
    if kind == "completion":
        prompt = body["prompt"]
        return [Turn("user", prompt if isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False))]
    first = body.get("instructions") or body.get("system")
    said = [Turn("system", text_in(first))] if first else []
    listed = body["input"] if kind == "responses" else body["messages"]
    if isinstance(listed, str):
        return [*said, Turn("user", listed)]
    return [*said, *(turn for item in listed for turn in _turns(item))]


def text_in(content: Any) -> str:
    """A text, or the texts of parts; what a tool said in parts too."""
    if isinstance(content, list):
        return "\n".join(part.get("text") or "" for part in content)
    return content or ""


def _turns(item: dict[str, Any]) -> Iterator[Turn]:
    """Of one message or item."""
    kind = item.get("type")
    if kind in ("function_call", "custom_tool_call"):
        yield Turn("assistant", "", (item["name"],))
    elif kind in ("function_call_output", "custom_tool_call_output"):
        yield Turn("tool", text_in(item["output"]))
    elif "role" in item:
        yield from _message(item)


def _message(message: dict[str, Any]) -> Iterator[Turn]:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    results = [part for part in parts if part.get("type") == "tool_result"]
    yield from (Turn("tool", text_in(part.get("content"))) for part in results)
    calls = [(call.get("function") or call.get("custom"))["name"] for call in message.get("tool_calls") or ()]
    calls += [part["name"] for part in parts if part.get("type") == "tool_use"]
    if len(parts) > len(results) or not parts:  # words beside results are no new question
        yield Turn("system" if results else message["role"], text_in(content), tuple(calls))


def _since_the_user(said: list[Turn]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names of the tools that were called since then, and what tools said; nothing if the user spoke last."""
    last = max((place for place, turn in enumerate(said) if turn.role == "user" and turn.text), default=-1)
    later = said[last + 1 :]
    called = frozenset(name for turn in later for name in turn.calls)
    return called, tuple(turn.text for turn in later if turn.role == "tool")


def _is_ours(tool: dict[str, Any]) -> bool:
    """Tools of a vendor are never called here."""
    return tool.get("type", "custom") in ("function", "custom")


def _tool(tool: dict[str, Any]) -> Tool:
    inner = tool.get("function") or tool.get("custom") or tool
    schema = inner.get("parameters") or inner.get("input_schema")
    custom = tool.get("type") == "custom" and "input_schema" not in inner
    return Tool(inner["name"], schema or {}, inner.get("description") or "", custom)


def _choice(given: Any) -> tuple[str, bool]:
    """What is to be called, and if it may be several."""
    if not isinstance(given, dict):
        return ("required" if given in _ANY_TOOL else str(given or "auto")), True
    if given.get("type") == "allowed_tools":
        return _choice(given.get("mode") or (given.get("allowed_tools") or {}).get("mode"))
    inner = given.get("function") or given.get("custom") or given
    word = str(given.get("type", "auto"))
    named = inner.get("name") or ("required" if word in _ANY_TOOL else word)
    return str(named), not given.get("disable_parallel_tool_use")


def _limit(kind: Kind, body: dict[str, Any]) -> int | None:
    if kind == "messages":
        return int(body["max_tokens"])
    limit = body.get("max_completion_tokens") or body.get("max_output_tokens") or body.get("max_tokens")
    return int(limit) if limit is not None else None


def _form(kind: Kind, body: dict[str, Any]) -> dict[str, Any] | None:
    holder = {"messages": "output_config", "responses": "text"}.get(kind)
    form = (body.get(holder) or {}).get("format") if holder else body.get("response_format")
    if not form or form.get("type") not in ("json_object", "json_schema"):
        return None
    return {"type": form["type"], "schema": form.get("schema") or (form.get("json_schema") or {}).get("schema") or {}}


def _stops(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _thinks(body: dict[str, Any]) -> bool:
    efforts = (body.get("reasoning_effort"), (body.get("reasoning") or {}).get("effort"))
    thinking = body.get("thinking")
    switched_on = isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive")
    return switched_on or any(effort not in (None, "none", "minimal") for effort in efforts)
