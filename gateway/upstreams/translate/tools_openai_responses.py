"""Chat Completions to Responses: tools, and how they are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Untranslatable
from gateway.upstreams.translate.wrapping import SCHEMA, told

_HINTS = frozenset({"type", "cache_control"})
NO_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def define(value: Any, draft: Draft) -> None:
    """`tools`. Raises Untranslatable, GatewayError."""
    tools = [_tool(tool, path, draft) for path, tool in items(value, "tools")]
    if tools:
        draft.body["tools"] = tools


def _tool(tool: Any, path: str, draft: Draft) -> dict[str, Any]:
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise Untranslatable(path, f"of type `{str(kind)[:60]}` runs at its vendor; the upstream has no such tool")
    known(tool, _HINTS | {kind}, path)
    path = f"{path}.{kind}"
    inner = mapping(tool.get(kind), path)
    more = {"parameters", "strict"} if kind == "function" else {"format"}
    known(inner, frozenset({"name", "description", *more}), path)
    made: dict[str, Any] = {"type": kind, "name": text(inner.get("name"), f"{path}.name")}
    if inner.get("description") is not None:
        made["description"] = text(inner["description"], f"{path}.description")
    if kind == "custom":
        form = None if inner.get("format") is None else _format(inner["format"], f"{path}.format")
        return _custom(made, form, path, draft)
    if inner.get("strict") not in (None, True, False):
        raise wrong(f"{path}.strict", "true or false")
    parameters = inner.get("parameters")
    made["parameters"] = NO_PARAMETERS if parameters is None else mapping(parameters, f"{path}.parameters")
    made["strict"] = inner.get("strict") is True  # Responses are strict unless they are told not to be
    return made


def _custom(made: dict[str, Any], form: dict[str, Any] | None, path: str, draft: Draft) -> dict[str, Any]:
    if draft.upstream.custom_tools:
        return made if form is None else {**made, "format": form}
    if form is not None and form["type"] == "grammar":
        draft.adapt(f"{path}.format", "grammar→description")
        made["description"] = told(made.get("description", ""), form["syntax"], form["definition"])
    return {**made, "type": "function", "parameters": SCHEMA, "strict": False}


def _format(value: object, path: str) -> dict[str, Any]:
    form = mapping(value, path)
    if form.get("type") == "text":
        known(form, frozenset({"type"}), path)
        return {"type": "text"}
    if form.get("type") != "grammar":
        raise Untranslatable(f"{path}.type", "must be `text` or `grammar`")
    known(form, frozenset({"type", "grammar"}), path)
    grammar = mapping(form.get("grammar"), f"{path}.grammar")
    known(grammar, frozenset({"syntax", "definition"}), f"{path}.grammar")
    given = {name: text(grammar.get(name), f"{path}.grammar.{name}") for name in ("syntax", "definition")}
    return {"type": "grammar", **given}


def choose(value: Any, draft: Draft) -> None:
    """`tool_choice`. Raises Untranslatable, GatewayError."""
    if isinstance(value, str):
        if value not in ("auto", "required", "none"):
            raise Untranslatable("tool_choice", "must be `auto`, `required`, `none`, one tool or `allowed_tools`")
        draft.body["tool_choice"] = value
        return
    asked = mapping(value, "tool_choice")
    if asked.get("type") != "allowed_tools":
        draft.body["tool_choice"] = _named(asked, "tool_choice", draft)
        return
    known(asked, frozenset({"type", "allowed_tools"}), "tool_choice")
    allowed = mapping(asked.get("allowed_tools"), "tool_choice.allowed_tools")
    known(allowed, frozenset({"mode", "tools"}), "tool_choice.allowed_tools")
    if allowed.get("mode") not in ("auto", "required"):
        raise wrong("tool_choice.allowed_tools.mode", "`auto` or `required`")
    tools = [_named(tool, path, draft) for path, tool in items(allowed.get("tools"), "tool_choice.allowed_tools.tools")]
    draft.body["tool_choice"] = {"type": "allowed_tools", "mode": allowed["mode"], "tools": tools}


def _named(tool: Mapping[str, Any], path: str, draft: Draft) -> dict[str, Any]:
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise Untranslatable(path, f"of type `{str(kind)[:60]}` runs at its vendor; the upstream has no such tool")
    known(tool, frozenset({"type", kind}), path)
    named = mapping(tool.get(kind), f"{path}.{kind}")
    known(named, frozenset({"name"}), f"{path}.{kind}")
    goes = kind if draft.upstream.custom_tools else "function"
    return {"type": goes, "name": text(named.get("name"), f"{path}.{kind}.name")}
