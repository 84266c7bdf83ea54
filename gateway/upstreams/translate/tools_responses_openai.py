"""Responses to Chat Completions: tools, and how they are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.upstreams.translate.namespaces import listed
from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Untranslatable
from gateway.upstreams.translate.wrapping import SCHEMA, told

Tool = Mapping[str, Any]
_ANY = frozenset({"type", "name", "description", "allowed_callers", "defer_loading", "async"})
_CHOICES = ("auto", "required", "none")


def define(value: Any, draft: Draft) -> None:
    """`tools`. Raises Untranslatable, GatewayError."""
    tools = [read_tool(tool, path, draft) for path, tool in listed(value, draft)]
    if tools:
        draft.body["tools"] = tools


def wrapped_names(body: Body, draft: Draft) -> frozenset[str]:
    """Of custom tools that go as functions; after `define`."""
    if draft.upstream.custom_tools:
        return frozenset()
    names = [tool["name"] for tool in body.get("tools") or () if tool.get("type") == "custom"]
    spaces = [tool for tool in body.get("tools") or () if tool.get("type") == "namespace"]
    inner = [(space["name"], tool["name"]) for space in spaces for tool in space["tools"] if tool["type"] == "custom"]
    return frozenset([*names, *(draft.flat[both] for both in inner)])


def read_tool(tool: Tool, path: str, draft: Draft) -> dict[str, Any]:
    """One tool, as Chat has it."""
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise Untranslatable(path, f"of type `{str(kind)[:60]}` runs at its vendor; the upstream has no such tool")
    more = {"parameters", "strict", "output_schema"} if kind == "function" else {"format"}
    known(tool, _ANY | more, path)
    for name in ("defer_loading", "async", "output_schema"):
        if tool.get(name):
            raise Untranslatable(f"{path}.{name}", "has no place in the upstream's dialect")
    if tool.get("allowed_callers") not in (None, ["direct"]):
        raise Untranslatable(f"{path}.allowed_callers", "names callers that the upstream has not")
    made: dict[str, Any] = {"name": text(tool.get("name"), f"{path}.name")}
    if tool.get("description") is not None:
        made["description"] = text(tool["description"], f"{path}.description")
    if kind == "custom":
        return _custom(tool, path, draft, made)
    if tool.get("parameters") is not None:
        made["parameters"] = mapping(tool["parameters"], f"{path}.parameters")
    if tool.get("strict") is not None:
        made["strict"] = tool["strict"]
    return {"type": "function", "function": made}


def _custom(tool: Tool, path: str, draft: Draft, made: dict[str, Any]) -> dict[str, Any]:
    form = mapping({"type": "text"} if tool.get("format") is None else tool["format"], f"{path}.format")
    kind = form.get("type")
    if kind == "grammar":
        known(form, frozenset({"type", "syntax", "definition"}), f"{path}.format")
        grammar = {name: text(form.get(name), f"{path}.format.{name}") for name in ("syntax", "definition")}
    elif kind == "text":
        known(form, frozenset({"type"}), f"{path}.format")
        grammar = {}
    else:
        raise Untranslatable(f"{path}.format.type", "must be `text` or `grammar`")
    if draft.upstream.custom_tools:
        if tool.get("format") is not None:
            made["format"] = {"type": "grammar", "grammar": grammar} if grammar else {"type": "text"}
        return {"type": "custom", "custom": made}
    if grammar:
        draft.adapt(f"{path}.format", "grammar→description")
        made["description"] = told(made.get("description", ""), grammar["syntax"], grammar["definition"])
    return {"type": "function", "function": {**made, "parameters": SCHEMA}}


def choose(body: Body, draft: Draft) -> None:
    """`tool_choice` and `parallel_tool_calls`. Raises Untranslatable, GatewayError."""
    choice, parallel = body.get("tool_choice"), body.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise wrong("parallel_tool_calls", "true or false")
    if "tools" not in draft.body:
        if choice not in (None, "auto", "none"):
            raise Untranslatable("tool_choice", "asks for a tool, and `tools` holds none")
        return
    if choice is not None:
        draft.body["tool_choice"] = _choice(choice, draft)
    if parallel is not None:
        draft.body["parallel_tool_calls"] = parallel


def _choice(choice: object, draft: Draft) -> str | dict[str, Any]:
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise Untranslatable("tool_choice", "must be `auto`, `required`, `none`, one tool or `allowed_tools`")
        return choice
    asked = mapping(choice, "tool_choice")
    if asked.get("type") != "allowed_tools":
        return _named(asked, "tool_choice", draft)
    known(asked, frozenset({"type", "mode", "tools"}), "tool_choice")
    if asked.get("mode") not in ("auto", "required"):
        raise wrong("tool_choice.mode", "`auto` or `required`")
    tools = [_named(tool, path, draft) for path, tool in items(asked.get("tools"), "tool_choice.tools")]
    return {"type": "allowed_tools", "allowed_tools": {"mode": asked["mode"], "tools": tools}}


def _named(tool: Tool, path: str, draft: Draft) -> dict[str, Any]:
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise Untranslatable(path, f"of type `{str(kind)[:60]}` runs at its vendor; the upstream has no such tool")
    known(tool, frozenset({"type", "name"}), path)
    goes = "custom" if kind == "custom" and draft.upstream.custom_tools else "function"
    return {"type": goes, goes: {"name": text(tool.get("name"), f"{path}.name")}}
