"""Custom tools, which take a text, as functions with one argument `input`, for dialects that know only functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

SCHEMA = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


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
