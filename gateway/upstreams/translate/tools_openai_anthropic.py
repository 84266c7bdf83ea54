"""Chat Completions to Messages: tools, and how they are chosen."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate.reading import Draft, items, known, mapping, text, wrong
from gateway.upstreams.translate.spec import Body, Untranslatable
from gateway.upstreams.translate.wrapping import SCHEMA, told

_HINTS = frozenset({"type", "cache_control"})
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


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
    inner = mapping(tool.get(kind), f"{path}.{kind}")
    if kind == "custom":
        return _custom(inner, f"{path}.custom", draft)
    known(inner, frozenset({"name", "description", "parameters", "strict"}), f"{path}.function")
    made: dict[str, Any] = {"name": text(inner.get("name"), f"{path}.function.name")}
    if inner.get("description") is not None:
        made["description"] = text(inner["description"], f"{path}.function.description")
    parameters = inner.get("parameters")
    schema = mapping({} if parameters is None else parameters, f"{path}.function.parameters")
    made["input_schema"] = {"type": "object", **schema} if schema else {"type": "object", "properties": {}}
    if inner.get("strict") is not None:
        made["strict"] = inner["strict"]
    return made


def _custom(tool: Any, path: str, draft: Draft) -> dict[str, Any]:
    known(tool, frozenset({"name", "description", "format"}), path)
    name, description = text(tool.get("name"), f"{path}.name"), tool.get("description")
    description = "" if description is None else text(description, f"{path}.description")
    form = mapping({"type": "text"} if tool.get("format") is None else tool["format"], f"{path}.format")
    if form.get("type") == "grammar":
        known(form, frozenset({"type", "grammar"}), f"{path}.format")
        place = f"{path}.format.grammar"
        grammar = mapping(form.get("grammar"), place)
        known(grammar, frozenset({"syntax", "definition"}), place)
        syntax = text(grammar.get("syntax"), f"{place}.syntax")
        description = told(description, syntax, text(grammar.get("definition"), f"{place}.definition"))
        draft.adapt(f"{path}.format", "grammar→description")
    elif form.get("type") == "text":
        known(form, frozenset({"type"}), f"{path}.format")
    else:
        raise Untranslatable(f"{path}.format.type", "must be `text` or `grammar`")
    return {"name": name, **({"description": description} if description else {}), "input_schema": SCHEMA}


def choose(body: Body, draft: Draft) -> None:
    """`tool_choice`, and with it `parallel_tool_calls`. Raises Untranslatable, GatewayError."""
    choice, parallel = body.get("tool_choice"), body.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise wrong("parallel_tool_calls", "true or false")
    if "tools" not in draft.body:
        if choice not in (None, "auto", "none"):
            raise Untranslatable("tool_choice", "asks for a tool, and `tools` holds none")
        return
    made = _choice(choice) if choice is not None else {}
    if parallel is False and made.get("type") != "none":
        made = {"type": "auto", **made, "disable_parallel_tool_use": True}
    if made:
        draft.body["tool_choice"] = made


def _choice(choice: object) -> dict[str, Any]:
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise Untranslatable("tool_choice", "must be `auto`, `required`, `none` or one tool")
        return {"type": _CHOICES[choice]}
    named = mapping(choice, "tool_choice")
    kind = named.get("type")
    if kind not in ("function", "custom"):
        words = "must be `function` or `custom`: the upstream chooses among all tools, or takes one"
        raise Untranslatable("tool_choice.type", words)
    known(named, frozenset({"type", kind}), "tool_choice")
    tool = mapping(named.get(kind), f"tool_choice.{kind}")
    known(tool, frozenset({"name"}), f"tool_choice.{kind}")
    return {"type": "tool", "name": text(tool.get("name"), f"tool_choice.{kind}.name")}
