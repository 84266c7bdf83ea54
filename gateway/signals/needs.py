"""What an endpoint must be able to do to serve a request, from the request's own fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from gateway.signals.decode import decoded
from gateway.signals.effort import DEFAULT, effort
from gateway.signals.effort import FIELDS as EFFORT_FIELDS
from gateway.signals.kept_places import IN_CONTENT, in_field, in_tools

# The caller runs these itself; a tool of any other type runs at the vendor.
_OWN_TOOLS: Final = ("function", "custom", "local_shell", "apply_patch", "bash_", "text_editor_", "memory_", "computer")
_PARTS: Final = {
    "image_url": ("vision",),
    "image": ("vision",),
    "input_image": ("vision",),
    "video_url": ("vision",),
    "input_video": ("vision",),
    "computer_screenshot": ("vision",),
    "input_audio": ("audio",),
    "audio_url": ("audio",),
    "file": ("file",),
    "input_file": ("file",),
    "document": ("file",),
    "container_upload": ("file", "stored_state"),
    "item_reference": ("stored_state",),
}
_UNTYPED: Final = frozenset(("image_url", "video_url", "audio_url", "input_audio", "input_image", "input_video"))
_MENTIONS: Final = (b'"type"', b'"id"', b'"audio"', *(f'"{name}"'.encode() for name in sorted(_UNTYPED)))
_CONTENT: Final = ("messages", "input", "system")


def measure(fields: Mapping[str, object]) -> frozenset[str]:
    """The needs of a decoded body, or of one whose values are still `msgspec.Raw`."""
    found: set[str] = set()
    for name in _FIELDS.keys() & fields.keys():
        found.update(_FIELDS[name](decoded(fields[name])))
    if effort(fields) not in (DEFAULT, "none"):
        found.add("reasoning")
    if "parallel_tools" in found and "tools" not in found:
        found.discard("parallel_tools")
    for name in _CONTENT:
        if name in fields:
            found.update(_content(fields[name], items=name == "input"))
    return frozenset(found)


def by_field(fields: Mapping[str, object], needs: frozenset[str]) -> dict[str, str]:
    """The fields that ask for one of these `needs`, each with one that it asks for."""
    asked = {name: measure({name: value}) & needs for name, value in fields.items()}
    return {name: min(found) for name, found in asked.items() if found}


def asked_by(field: str) -> frozenset[str]:
    """What a field of this name can ask for, whatever its value."""
    return frozenset(_ASKED_BY.get(field, ())) | (_REASONS if field in EFFORT_FIELDS else frozenset())


def refers(item: Mapping[str, object]) -> bool:
    """True for an item of `input` that is an id and nothing else: vendors take it for an `item_reference`."""
    return item.get("id") is not None and not any(item[name] is not None for name in item if name != "id")


def _content(value: object, *, items: bool) -> Iterator[str]:
    """Needs of the parts of messages, or of items; JSON that mentions no such part is not decoded."""
    if isinstance(value, str):
        return
    if isinstance(value, msgspec.Raw):
        raw = bytes(value)
        spelled = b"\\" in raw and b"\\u" in raw  # an escape may spell any word
        if not spelled and not any(name in raw for name in _MENTIONS):
            return
    waiting = [decoded(value)]
    if items and any(isinstance(item, dict) and refers(item) for item in _each(waiting[0])):
        yield "stored_state"
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from _part(part)
            waiting.extend(v for v in part.values() if isinstance(v, dict | list))
        elif isinstance(part, list):
            waiting.extend(v for v in part if isinstance(v, dict | list))


def _part(part: dict[str, object]) -> Iterator[str]:
    kind = part.get("type")
    if isinstance(kind, str):
        yield from _PARTS.get(kind, ())
    for name in _UNTYPED & part.keys():  # vendors tell a part by its name where the type is missing
        yield from _PARTS[name]
    if any(isinstance(part.get(name), str) for name in IN_CONTENT):
        yield "stored_state"
    if kind == "tool_search_output":
        yield from _tools(part.get("tools"))
    if part.get("role") == "assistant" and isinstance(part.get("audio"), dict):
        yield "stored_state"  # an earlier spoken answer, by its id


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _tools(value: object) -> Iterator[str]:
    for tool in value if isinstance(value, list) else (value,) if value else ():
        inner = tool.get("tools") if isinstance(tool, dict) and tool.get("type") == "namespace" else None
        for one in inner if isinstance(inner, list) else (tool,):
            kind = one.get("type", "function") if isinstance(one, dict) else "function"
            own = isinstance(kind, str) and kind.startswith(_OWN_TOOLS)
            yield "tools" if own else "hosted_tools"
    if any(True for _ in in_tools(value)):
        yield "stored_state"


def _kept(name: str, value: object) -> Iterator[str]:
    if any(True for _ in in_field(name, {name: value})):
        yield "stored_state"


def _choice(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value.get("disable_parallel_tool_use") is False:
        yield "parallel_tools"


def _schema(value: object) -> Iterator[str]:
    """`response_format` of chat, `text` of responses, `output_config` and `output_format` of Anthropic."""
    form = value.get("format", value) if isinstance(value, dict) else None
    if isinstance(form, dict) and form.get("type") == "json_schema":
        yield "json_schema"


def _include(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str) and item.endswith("logprobs"):
            yield "logprobs"
        elif item == "reasoning.encrypted_content":
            yield "reasoning"


def _when_set(need: str) -> Callable[[object], Iterator[str]]:
    def needs(value: object) -> Iterator[str]:
        if value not in (None, False, [], {}, ""):
            yield need

    return needs


def _when_given(need: str) -> Callable[[object], Iterator[str]]:
    def needs(value: object) -> Iterator[str]:
        if value is not None and value is not False:  # an empty object or a zero switches it on
            yield need

    return needs


def _modalities(value: object) -> Iterator[str]:
    if isinstance(value, list) and "audio" in value:
        yield "audio"


_FIELDS: Final[Mapping[str, Callable[[object], Iterator[str]]]] = {
    "tools": _tools,
    "functions": _when_set("tools"),
    "parallel_tool_calls": _when_set("parallel_tools"),
    "tool_choice": _choice,
    "response_format": _schema,
    "text": _schema,
    "output_format": _schema,
    "output_config": _schema,
    "logprobs": _when_given("logprobs"),  # completions take a number, and 0 is one
    "top_logprobs": _when_set("logprobs"),
    "include": _include,
    "modalities": _modalities,
    "audio": _when_set("audio"),
    "store": _when_set("stored_state"),
    "previous_response_id": _when_set("stored_state"),
    "conversation": _when_set("stored_state"),
    "background": _when_set("stored_state"),
    "prompt": lambda value: iter(("stored_state",) if isinstance(value, dict) else ()),  # a stored prompt, by its id
    "container": _when_set("stored_state"),
    "prompt_cache_options": lambda value: _kept("prompt_cache_options", value),
    "user_profile_id": _when_set("stored_state"),
    "mcp_servers": _when_set("hosted_tools"),
    "web_search_options": _when_given("hosted_tools"),
    "search_parameters": _when_given("hosted_tools"),
    "enable_search": _when_set("hosted_tools"),
    "data_sources": _when_set("hosted_tools"),
    "plugins": _when_set("hosted_tools"),
}
_REASONS: Final = frozenset({"reasoning"})
_ASKED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "response_format": ("json_schema",),
    "text": ("json_schema",),
    "output_format": ("json_schema",),
    "output_config": ("json_schema",),
    "parallel_tool_calls": ("parallel_tools",),
    "logprobs": ("logprobs",),
    "top_logprobs": ("logprobs",),
    "include": ("logprobs", "reasoning"),
    "modalities": ("audio",),
    "audio": ("audio",),
}
