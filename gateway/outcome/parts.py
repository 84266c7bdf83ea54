"""What a message says when its content is no plain text: parts of several types, and fields nobody knows yet. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Kind = Literal["text", "thought", "refusal", "other"]

# Fields of a message that hold thinking, by whoever names them so: OpenRouter, Anthropic through relays, vLLM, Ollama.
THOUGHTS = frozenset(
    {
        "reasoning_content",
        "reasoning",
        "reasoning_details",
        "reasoning_text",
        "reasoning_summary",
        "reasoning_opaque",
        "encrypted_content",
        "thinking",
        "thinking_blocks",
        "thinking_content",
        "thought",
        "thoughts",
    }
)
_THINKING_PART = re.compile(r"think|thought|reason")
# Fields that say nothing to anybody, whatever they hold.
_MUTE = re.compile(
    r"(^|_)(id|ids|role|name|type|status|signature|model|index|created|object|logprobs|metadata|extra_content|usage"
    r"|annotations|citations|references|provider_specific_fields|prefix|partial|refusal|finish_reason|sensitive"
    r"|filter|filters|filter_results?|fingerprint|obfuscation|timestamp|hit|history|flag|round|error|phase)$"
)


def parts_of(content: object) -> Iterator[tuple[Kind, str]]:
    """Each part of a `content` that is no text: what it is, and its words."""
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for item in content:
            yield from parts_of(item)
    elif isinstance(content, dict):
        yield from _part(content)
    elif content is not None:
        yield "other", ""


def beside_content(part: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[tuple[Kind, str]]:
    """What stands in fields of a message beyond the `known` ones."""
    for name, value in part.items():
        if name in known or not value or not isinstance(value, (str, list, dict)):
            continue
        if name in THOUGHTS:
            yield "thought", words_in(value)
        elif not _MUTE.search(name):
            yield "other", ""


def words_in(value: object) -> str:
    """Every text of a part, however deep it stands."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(words_in, value))
    if isinstance(value, dict):
        found = next((value[name] for name in ("text", "thinking", "reasoning", "summary", "content", "value")
                      if value.get(name)), None)  # fmt: skip
        return words_in(found)
    return ""


def _part(part: dict[str, Any]) -> Iterator[tuple[Kind, str]]:
    said = str(part.get("type", ""))
    if _THINKING_PART.search(said) or part.get("thought") is True or ("type" not in part and "thinking" in part):
        yield "thought", words_in(part)
    elif said == "refusal" or ("type" not in part and isinstance(part.get("refusal"), str)):
        yield "refusal", words_in(part.get("refusal"))
    elif said in ("text", "output_text", "") and "text" in part:
        yield "text", words_in(part["text"])
    elif said not in ("reference", "citation") and any(value for name, value in part.items() if name != "type"):
        yield "other", ""
