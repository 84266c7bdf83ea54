"""The content of one message: texts, parts, what tools were asked and said, and what only a model can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.request import Message
from gateway.signals.inert import ROLES
from gateway.signals.read.fields import Found, Malformed, as_json, as_object, beside, rest
from gateway.signals.text import Passage

_ROLES: Final = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_UNREAD: Final = (
    *("image_url", "image", "input_image", "video_url", "input_video", "computer_screenshot"),
    *("input_audio", "audio_url", "file", "input_file", "container_upload", "redacted_thinking"),
)
_SPOKEN: Final = ("reasoning_content", "reasoning", "refusal")
_WORDS: Final = ("text", "thinking", "refusal", "input_text", "output_text", "reasoning_text", "summary_text")
_IDS: Final = ("name", "id", "tool_call_id", "tool_use_id", "call_id")


def message(values: dict[str, object], param: str) -> Found:
    """A message of chat or Anthropic, or one of responses; what its dialect adds to the content belongs to it."""
    given = values.get("role", "user")
    if not isinstance(given, str):
        raise Malformed(f"{param}.role", "a string")
    role = _ROLES.get(given, "user")
    yield from content(values.get("content"), role, f"{param}.content")
    for name in _SPOKEN:
        if name in values:
            yield from beside(name, values[name], role)
    yield from rest(values, "tool", "role", "content", *_SPOKEN, *_IDS)
    if isinstance(values.get("audio"), dict):
        yield None


def common(talk: Sequence[Message]) -> Found:
    """The labels, then the texts, of messages that are nothing but roles and texts."""
    for each in talk:
        if each.role not in ROLES:
            yield Passage("user", each.role, beside=True)
    for each in talk:
        yield Passage(_ROLES.get(each.role, "user"), each.content)


def labels(values: Mapping[str, object]) -> Found:
    """Who a message is from and what it answers, in words of the caller's; read apart from what is said."""
    given = values.get("role")
    if isinstance(given, str) and given not in ROLES:
        yield Passage("user", given, beside=True)
    for name in _IDS:
        if name in values:
            yield from beside(name, values[name], "tool")


def content(said: object, role: str, param: str) -> Found:
    """A text, or a list of parts."""
    if isinstance(said, str):
        yield Passage(role, said)
    elif isinstance(said, list):
        for index, part in enumerate(said):
            yield from _part(part, role, f"{param}[{index}]")
    elif said is not None:
        raise Malformed(param, "a string or a list of parts")


def _part(part: object, role: str, param: str) -> Found:
    """One part of a content: text, a tool's use or result, or something that only a model can read."""
    if isinstance(part, str):
        yield Passage(role, part)
        return
    values = as_object(part, param)
    kind = values.get("type", "text")
    if kind in _WORDS:
        yield from _words(values, role, param)
    elif kind == "tool_result":
        yield from content(values.get("content"), "tool", f"{param}.content")
        yield from rest(values, "tool", "type", "content")
    elif kind == "tool_use":
        yield as_json("tool", {name: value for name, value in values.items() if name != "type"})
    elif kind == "document":
        yield from _document(values, param)
    else:
        if kind not in _UNREAD:  # not known to us: what is plain in it is read, and it counts as not read
            yield as_json(role, values)
        yield None


def _words(part: dict[str, object], role: str, param: str) -> Found:
    """The text of a part; a vendor that tells parts by their names may read what stands beside it."""
    said = next((name for name in ("text", "thinking", "refusal") if name in part), "text")
    word = part.get(said)
    if not isinstance(word, str):
        raise Malformed(f"{param}.text", "a string")
    yield Passage(role, word)
    if not part.keys().isdisjoint(_UNREAD):
        yield None
    yield from rest(part, "tool", said, "type", *_UNREAD)


def _document(part: dict[str, object], param: str) -> Found:
    """An Anthropic document: plain text or parts are read, a PDF, a file id or a URL cannot be."""
    yield from rest(part, "user", "type", "source")
    source = as_object(part.get("source"), f"{param}.source")
    name = "data" if source.get("type") == "text" else "content"
    text = source.get(name)
    if isinstance(text, str | list):
        yield from content(text, "user", f"{param}.source")
        yield from rest(source, "tool", name)
    else:
        yield None
