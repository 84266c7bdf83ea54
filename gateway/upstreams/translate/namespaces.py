"""Tools in a namespace, which Responses alone have, as tools of one flat name each, and that name back again. Pure.

`spawn` of the namespace `agents` is called `agents__spawn`; where that is no name for a function, or another tool has
it, a digest ends it. It is the same in every request that brings the same tools, so that a history fits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from gateway.upstreams.offered_tools import unasked
from gateway.upstreams.translate.reading import Draft, items, known, text
from gateway.upstreams.translate.spec import Body

Tool = Mapping[str, Any]
MOST_NAME = 64  # characters that Chat and Messages take
_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{MOST_NAME}}}")
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")
_FIELDS = frozenset({"type", "name", "description", "tools"})


def prepare(body: Body, draft: Draft) -> None:
    """Notes what the tools of namespaces are called, and which tools may be left out; before tools and history."""
    draft.flat = _flat_names(body.get("tools"))
    draft.unasked = unasked(body)


def listed(value: Any, draft: Draft) -> Iterator[tuple[str, Tool]]:
    """Every tool that the model may call, with its path. Raises Untranslatable, GatewayError."""
    for place, (path, tool) in enumerate(items(value, "tools")):
        if place in draft.unasked:
            draft.adapt(path, f"{tool['type']} left out")
        elif tool.get("type") == "namespace":
            yield from _members(tool, path, draft)
        else:
            yield path, tool


def called(item: Mapping[str, Any], path: str, draft: Draft) -> str:
    """What the tool that a call, or its result, names is called upstream. Raises GatewayError."""
    name, namespace = text(item.get("name"), f"{path}.name"), item.get("namespace")
    if namespace is None:
        return name
    return draft.flat.get((text(namespace, f"{path}.namespace"), name)) or _flat(namespace, name, ())


def names_back(draft: Draft) -> dict[str, tuple[str, str]]:
    """Namespace and name of each tool, by what it is called upstream."""
    return {flat: both for both, flat in draft.flat.items()}


def _members(tool: Tool, path: str, draft: Draft) -> Iterator[tuple[str, Tool]]:
    known(tool, _FIELDS, path)
    namespace, about = text(tool.get("name"), f"{path}.name"), tool.get("description")
    about = "" if about is None else text(about, f"{path}.description")
    draft.adapt(path, "namespace→functions")
    for where, member in items(tool.get("tools"), f"{path}.tools"):
        name, more = text(member.get("name"), f"{where}.name"), member.get("description")
        words = [about, "" if more is None else text(more, f"{where}.description")]
        named = {**member, "name": draft.flat[namespace, name]}
        yield where, {**named, "description": "\n\n".join(filter(None, words))} if any(words) else named


def _flat_names(tools: object) -> dict[tuple[str, str], str]:
    """By namespace and name; what is malformed is told of where it is read."""
    each = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    others = [tool.get("name") for tool in each if tool.get("type") != "namespace"]
    taken = {name for name in others if isinstance(name, str)}
    made: dict[tuple[str, str], str] = {}
    for tool in each:
        members = tool.get("tools") if tool.get("type") == "namespace" else None
        for member in members if isinstance(members, list) else ():
            both = tool.get("name"), member.get("name") if isinstance(member, dict) else None
            if isinstance(both[0], str) and isinstance(both[1], str) and both not in made:
                made[both[0], both[1]] = _flat(both[0], both[1], taken)
                taken.add(made[both[0], both[1]])
    return made


def _flat(namespace: str, name: str, taken: Collection[object]) -> str:
    joined = f"{namespace}{name}" if namespace.endswith("__") else f"{namespace}__{name}"
    if _NAME.fullmatch(joined) and joined not in taken:
        return joined
    digest = blake2b(f"{namespace}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{_STRANGE.sub('_', joined)[: MOST_NAME - 1 - len(digest)]}_{digest}"
