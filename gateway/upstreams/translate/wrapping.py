"""Custom tools, which take a text, as functions with one argument `input`, for dialects that know only functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.upstreams.translate.spec import Body

SCHEMA = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


def custom_names(body: Body) -> frozenset[str]:
    """Of Chat's tools that take a text; after they are defined."""
    tools = [tool["custom"] for tool in body.get("tools") or () if tool.get("type") == "custom"]
    return frozenset(tool["name"] for tool in tools)


def packed(words: str) -> str:
    """A text as the arguments of the function that its tool became."""
    return msgspec.json.encode({"input": words}).decode()


def told(description: str, syntax: str, definition: str) -> str:
    """A description that ends with the grammar, which can be enforced no more."""
    grammar = f"`input` must follow this grammar ({syntax}):\n{definition}"
    return f"{description}\n\n{grammar}" if description else grammar


def unwrapped(arguments: Mapping[str, Any]) -> str:
    """The text; where a model kept to no argument `input`, what it gave instead, as JSON."""
    given = arguments.get("input")
    return given if isinstance(given, str) else msgspec.json.encode(arguments).decode()


def text_in(arguments: str) -> str:
    """The text in what came of them; what is no whole object is handed on as it is, as the end says."""
    try:
        read = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return arguments
    return unwrapped(read) if isinstance(read, dict) else arguments
