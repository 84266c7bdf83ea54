"""Tools of a vendor that an agent offers unasked with each request, which may be left out where nobody has them. Pure.

A coding agent sends its whole menu, whoever answers: its own tools, and hosted ones, of which its user asked for none.
In other requests a hosted tool is what the caller wants, and nothing takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

UNASKED: Final = frozenset({"web_search", "web_search_preview", "image_generation", "tool_search"})
_OWN: Final = frozenset({"function", "custom", "namespace"})
_CHOICES: Final = frozenset({"function", "custom"})


def unasked(body: Mapping[str, Any]) -> frozenset[int]:
    """Places in `tools` of a decoded body of Responses; empty where it is no agent's, or chooses among them itself."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    kinds = [tool.get("type") if isinstance(tool, dict) else None for tool in tools] if isinstance(tools, list) else []
    if isinstance(choice, dict) and choice.get("type") not in _CHOICES:
        return frozenset()
    if not _is_agent(body, kinds) or not any(isinstance(kind, str) and kind in _OWN for kind in kinds):
        return frozenset()
    return frozenset(place for place, kind in enumerate(kinds) if isinstance(kind, str) and kind in UNASKED)


def _is_agent(body: Mapping[str, Any], kinds: list[object]) -> bool:
    """It tells of itself in `client_metadata`, as Codex does, or groups its tools in namespaces."""
    told = body.get("client_metadata")
    return (isinstance(told, dict) and bool(told)) or "namespace" in kinds
