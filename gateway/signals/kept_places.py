"""Where requests of the three dialects name what a vendor keeps: data, and one reader. Pure.

Of the conversation itself every `file_id` and `container_id` counts, wherever it stands (see `needs`, `stored_ids`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

# Texts below a top-level field, `tools` apart. Sources: openai-python 3.54.0, anthropic 2.12.0, 2026-11-28.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "previous_response_id": ("previous_response_id",),
    "conversation": ("conversation", "conversation.id"),
    "prompt": ("prompt.id",),  # of Responses: a template; elsewhere it is a text
    "prompt_cache_options": ("prompt_cache_options.comparison_response_id",),
    "container": ("container", "container.id", "container.skills[].skill_id"),  # of Messages
    "user_profile_id": ("user_profile_id",),
}
# Texts below each tool, of a namespace too.
TOOLS: Final = (
    "container", "container.file_ids[]", "container.skills[].skill_id", "environment.container_id",
    "environment.file_ids[]", "environment.skills[].skill_id", "vector_store_ids[]", "input_image_mask.file_id",
    "tunnel_id",
)  # fmt: skip
_NAMES: Final = frozenset(path.split(".")[0].removesuffix("[]") for path in TOOLS)
_STEPS: Final = {
    name: [steps for path in TOOLS if (steps := path.split("."))[0].removesuffix("[]") == name] for name in _NAMES
}
IN_CONTENT: Final = frozenset({"file_id", "container_id"})
Spot = tuple[Any, Any, str]  # what holds it, its key there, and its place in words


def in_field(name: str, holder: dict[str, Any]) -> Iterator[Spot]:
    """Each id in a field of the decoded body that `holder` is."""
    for path in FIELDS.get(name, ()):
        yield from _spots(holder, path.split("."), "")


def in_tools(tools: object, path: str = "tools", *, outer: bool = True) -> Iterator[Spot]:
    """Each id in decoded tools. `outer`: they are in no namespace, and may be some."""
    for place, tool in enumerate(tools if isinstance(tools, list) else (tools,)):
        where = f"{path}[{place}]"
        if not isinstance(tool, dict):
            continue
        if outer and tool.get("type") == "namespace":
            yield from in_tools(tool.get("tools"), f"{where}.tools", outer=False)
        for name in _NAMES & tool.keys():
            for steps in _STEPS[name]:
                yield from _spots(tool, steps, f"{where}.")


def _spots(holder: object, steps: Sequence[str], where: str) -> Iterator[Spot]:
    name, rest = steps[0].removesuffix("[]"), steps[1:]
    if not isinstance(holder, dict) or holder.get(name) in (None, ""):
        return
    value = holder[name]
    found: list[Spot] = [(holder, name, f"{where}{name}")]
    if steps[0].endswith("[]") and isinstance(value, list):
        found = [(value, place, f"{where}{name}[{place}]") for place in range(len(value))]
    for inside, key, at in found:
        if rest:
            yield from _spots(inside[key], rest, f"{at}.")
        elif not isinstance(inside[key], dict | list) and not _is_everybodys(inside, key):
            yield inside, key, at


def _is_everybodys(holder: Any, key: object) -> bool:
    """A skill that the vendor gives to all."""
    return key == "skill_id" and (holder.get("type") == "anthropic" or str(holder[key]).startswith("openai-"))
