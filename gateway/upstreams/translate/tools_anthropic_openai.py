"""Messages to Chat Completions: tools, and how they are chosen."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate.reading import Draft, items, known, mapping, text
from gateway.upstreams.translate.spec import Body, Untranslatable

MOST_NAME = 64
_CUSTOM = frozenset({
    "type", "name", "description", "input_schema", "strict", "cache_control", "eager_input_streaming",
    "input_examples", "defer_loading", "allowed_callers",
})  # fmt: skip
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def define(value: Any, draft: Draft) -> None:
    """`tools`. Raises Untranslatable, GatewayError."""
    tools = [{"type": "function", "function": function(tool, path)} for path, tool in items(value, "tools")]
    if tools:
        draft.body["tools"] = tools


def function(tool: Any, path: str, *, most_name: int = MOST_NAME) -> dict[str, Any]:
    """One tool, as OpenAI's dialects have it: `name`, `description`, `parameters`, and `strict` if it is said."""
    kind = tool.get("type")
    if kind not in (None, "custom"):
        raise Untranslatable(path, f"of type `{str(kind)[:60]}` runs at its vendor; the upstream has no such tool")
    known(tool, _CUSTOM, path)
    name = text(tool.get("name"), f"{path}.name")
    if len(name) > most_name:
        raise Untranslatable(f"{path}.name", f"is longer than the {most_name} characters that the upstream takes")
    if tool.get("input_examples") or tool.get("defer_loading"):
        which = "input_examples" if tool.get("input_examples") else "defer_loading"
        raise Untranslatable(f"{path}.{which}", "has no place in the upstream's dialect")
    if tool.get("allowed_callers") not in (None, ["direct"]):
        raise Untranslatable(f"{path}.allowed_callers", "names callers that the upstream has not")
    made: dict[str, Any] = {"name": name}
    if tool.get("description") is not None:
        made["description"] = text(tool["description"], f"{path}.description")
    made["parameters"] = mapping(tool.get("input_schema"), f"{path}.input_schema")
    if tool.get("strict") is not None:
        made["strict"] = tool["strict"]
    return made


def choose(body: Body, draft: Draft) -> None:
    """`tool_choice`. Raises Untranslatable, GatewayError."""
    if body.get("tool_choice") is None:
        return
    choice = mapping(body["tool_choice"], "tool_choice")
    known(choice, frozenset({"type", "name", "disable_parallel_tool_use"}), "tool_choice")
    kind = choice.get("type")
    if "tools" not in draft.body:
        if kind not in ("auto", "none"):
            raise Untranslatable("tool_choice", "asks for a tool, and `tools` holds none")
        return
    if kind == "tool":
        name = text(choice.get("name"), "tool_choice.name")
        draft.body["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif isinstance(kind, str) and kind in _CHOICES:
        draft.body["tool_choice"] = _CHOICES[kind]
    else:
        raise Untranslatable("tool_choice.type", "must be `auto`, `any`, `tool` or `none`")
    if choice.get("disable_parallel_tool_use") and kind != "none":
        draft.body["parallel_tool_calls"] = False
