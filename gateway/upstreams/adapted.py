"""What may be asked by way of the adapter process: fields of Chat and of embeddings, with all their data. Pure.

Imported by the adapter too, in an environment of its own: nothing but the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

CHAT: Final = frozenset(
    """
    messages model stream stream_options n stop seed user
    temperature top_p presence_penalty frequency_penalty logit_bias logprobs top_logprobs
    max_tokens max_completion_tokens reasoning_effort response_format modalities
    tools tool_choice parallel_tool_calls functions function_call
    """.split()
)
EMBEDDING: Final = frozenset("input model encoding_format dimensions user".split())
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.\-]*://")
_DATA = re.compile(r"\s*data:", re.IGNORECASE)
_ADDRESSES = frozenset({"url", "image_url", "video_url", "audio_url", "file_url", "uri", "file_uri"})
_ELSEWHERE = frozenset({"file_id"})  # what lies at a vendor, or behind an address of one


def objection(fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field that has no place there, and why not; None if all have."""
    for name in fields:
        if name not in CHAT and fields[name] is not None:
            return name, "is no field of Chat that the adapter passes on"
    for path, tool in _listed("tools", fields.get("tools")):
        if not isinstance(tool, dict) or tool.get("type", "function") != "function":
            return f"{path}.type", "is no function, and the adapter passes on no other tool"
    for path, message in _listed("messages", fields.get("messages")):
        content = message.get("content") if isinstance(message, dict) else None
        for place, part in _listed(f"{path}.content", content):
            if isinstance(part, dict) and "cache_control" in part:
                return f"{place}.cache_control", "is no field of Chat that the adapter passes on"
            found = next(_remote(part, place), None)
            if found is not None:
                return found, "leads elsewhere, and the adapter fetches nothing: send the data itself"
    return None


def embedding_objection(fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """The same of a request for embeddings."""
    for name in fields:
        if name not in EMBEDDING and fields[name] is not None:
            return name, "is no field of embeddings that the adapter passes on"
    given = fields.get("input")
    for path, text in [("input", given)] if isinstance(given, str) else _listed("input", given):
        if not isinstance(text, str):
            return path, "is no text, and the adapter passes on no tokens"
    return None


def _listed(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((f"{path}[{number}]", item) for number, item in enumerate(value))


def _remote(value: Any, path: str) -> Iterator[str]:
    """Paths of all in a part, but its text, that would have to be fetched. No recursion: a caller nests as it likes."""
    left: list[tuple[str, str, Any]] = [("", path, value)]
    while left:
        name, place, item = left.pop()
        if isinstance(item, dict):
            spoken = item.get("type") in ("text", "refusal", "thinking")
            left += [
                (str(key), f"{place}.{key}", inner)
                for key, inner in item.items()
                if not (spoken and key in ("text", "refusal", "thinking"))
            ]
        elif isinstance(item, list):
            left += [(name, f"{place}[{number}]", inner) for number, inner in enumerate(item)]
        elif isinstance(item, str) and _leads_away(name, item):
            yield place


def _leads_away(name: str, text: str) -> bool:
    if name in _ELSEWHERE:
        return True
    return _SCHEME.match(text) is not None or (name in _ADDRESSES and not _DATA.match(text))
