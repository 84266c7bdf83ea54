"""Which tools a simulated model calls: those that fit the question, or that it must call; pure."""

from __future__ import annotations

import re
from typing import Any

from gateway.demo.vendors import shaped
from gateway.demo.vendors.asked import Asked, Tool

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_GENERAL = frozenset(  # words of a name that fit any question
    """
    a an and the of for to by in on with get set list fetch find search look lookup up run call make create update
    delete read write current tool function query do ask new all item items data info information value mcp api
    """.split()
)
_STEM = 5  # letters that two forms of a word have in common


def calls(asked: Asked) -> list[dict[str, Any]]:
    """`{"name", "arguments"}` of each call, for a tool that takes a text `{"name", "input"}`; none: it answers."""
    found = " ".join(asked.results) or asked.prompt
    return [_call(tool, asked.prompt if fits(tool, asked.prompt) else found) for tool in _chosen(asked)]


def _chosen(asked: Asked) -> list[Tool]:
    if asked.choice == "none" or not asked.tools:
        return []
    named = [tool for tool in asked.tools if tool.name == asked.choice]
    if named:
        return named[:1]
    left = [tool for tool in asked.tools if tool.name not in asked.called]
    fitting = [tool for tool in left if fits(tool, asked.prompt)]
    if fitting:
        return fitting if asked.parallel else fitting[:1]
    must = asked.choice == "required"
    return (left or list(asked.tools))[-1:] if must else []  # the last: agents put there what takes their answer


def fits(tool: Tool, prompt: str) -> bool:
    """A word of its name stands in the prompt, or it wants numbers and the prompt has as many."""
    said = [word.lower() for word in re.findall(r"\w+", prompt)]
    words = {word.lower() for word in _WORD.findall(tool.name)}
    telling = [word for word in words - _GENERAL or words if len(word) > 2]
    if any(heard.startswith(word[:_STEM]) for word in telling for heard in said):
        return True
    parts = tool.schema.get("properties") or {}
    wanted = [parts.get(name) for name in tool.schema.get("required") or ()]
    numeric = [part for part in wanted if isinstance(part, dict) and part.get("type") in ("integer", "number")]
    return bool(wanted) and len(numeric) == len(wanted) <= shaped.numbers_in(prompt)


def _call(tool: Tool, words: str) -> dict[str, Any]:
    if tool.custom:
        return {"name": tool.name, "input": words}
    return {"name": tool.name, "arguments": shaped.arguments(tool.schema, words)}
