"""The text of a request body, as every text signal reads it: all of it, and whether that was all there is to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

import msgspec

from gateway.interfaces import INTERFACES
from gateway.signals.decode import decoded
from gateway.signals.text import SCANNED_CHARS, Passage, Text


class Malformed(ValueError):
    """A field has not the shape its dialect gives it; `param` names it as callers would: `messages[3].content`."""

    def __init__(self, param: str, expected: str) -> None:
        super().__init__(f"`{param}` must be {expected}")
        self.param = param


Found = Iterator[Passage | None]  # None: something is there that cannot be read

_ROLES: Final = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_FORMS: Final = ("response_format", "text", "output_config", "output_format")  # of the answer; text only with a schema
_DEFINITIONS: Final = ("tools", "functions", "prediction", *_FORMS)
_INERT: Final = (  # these choose among the vendor's own words
    *("model", "stream_options", "reasoning_effort", "modalities", "service_tier", "logit_bias", "encoding_format"),
    *_DEFINITIONS,
)
_STORED: Final = ("previous_response_id", "conversation", "container")
_UNREAD: Final = (
    *("image_url", "image", "input_image", "video_url", "input_video", "computer_screenshot"),
    *("input_audio", "audio_url", "file", "input_file", "container_upload", "redacted_thinking"),
)
_ESCAPE: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")
_SPOKEN: Final = ("reasoning_content", "reasoning", "refusal", "name")
_WORDS: Final = ("text", "thinking", "refusal", "input_text", "output_text", "reasoning_text", "summary_text")


def read(kind: str, fields: Mapping[str, object]) -> Text:
    """The text of a body of the kind chat, completion, embedding, responses or messages. Raises Malformed."""
    passages: list[Passage] = []
    readable, left = True, SCANNED_CHARS
    for passage in _READERS[INTERFACES[kind].text](fields):
        if passage is None:
            readable = False
        elif len(passage.text) <= left:
            passages.append(passage)
            left -= len(passage.text)
        else:
            passages.append(Passage(passage.role, passage.text[:left]))
            readable, left = False, 0
            break
    return Text(tuple(passages), readable)


def _chat(fields: Mapping[str, object]) -> Found:
    yield from _turns(fields)


def _messages(fields: Mapping[str, object]) -> Found:
    if "system" in fields:
        yield from _content(_value(fields, "system"), "system", "system")
    yield from _turns(fields, "system")


def _turns(fields: Mapping[str, object], *read_already: str) -> Found:
    messages = _list(_value(fields, "messages"), "messages")
    yield from _definitions(fields)
    yield from _besides(fields, "messages", *read_already)
    for index, message in enumerate(messages):
        yield from _message(_object(message, f"messages[{index}]"), f"messages[{index}]")


def _message(message: dict[str, object], param: str) -> Found:
    """A message of chat or Anthropic, or one of responses; what its dialect adds to the content belongs to it."""
    given = message.get("role", "user")
    if not isinstance(given, str):
        raise Malformed(f"{param}.role", "a string")
    role = _ROLES.get(given, "user")
    yield from _content(message.get("content"), role, f"{param}.content")
    for name, value in message.items():
        if name not in ("type", "role", "content"):
            yield from _beside(value, role if name in _SPOKEN else "tool")
    if isinstance(message.get("audio"), dict):
        yield None


def _beside(value: object, role: str) -> Found:
    """What stands beside the content: a vendor may put it before the model, whatever it is called."""
    if isinstance(value, str) and value:
        yield Passage(role, value)
    elif isinstance(value, dict | list) and value:
        yield _json("tool", value)


def _content(content: object, role: str, param: str) -> Found:
    if isinstance(content, str):
        yield Passage(role, content)
    elif isinstance(content, list):
        for index, part in enumerate(content):
            yield from _part(part, role, f"{param}[{index}]")
    elif content is not None:
        raise Malformed(param, "a string or a list of parts")


def _part(part: object, role: str, param: str) -> Found:
    """One part of a content: text, a tool's use or result, or something that only a model can read."""
    if isinstance(part, str):
        yield Passage(role, part)
        return
    values = _object(part, param)
    kind = values.get("type", "text")
    if kind in _WORDS:
        yield from _words(values, role, param)
    elif kind == "tool_result":
        yield from _content(values.get("content"), "tool", f"{param}.content")
    elif kind == "tool_use":
        yield _json("tool", {name: values.get(name) for name in ("name", "input")})
    elif kind == "document":
        yield from _document(values, param)
    else:
        if kind not in _UNREAD:  # not known to us: what is plain in it is read, and it counts as not read
            yield _json(role, values)
        yield None


def _words(part: dict[str, object], role: str, param: str) -> Found:
    """The text of a part; a vendor that tells parts by their names may read what stands beside it."""
    said = next((name for name in ("text", "thinking", "refusal") if name in part), "text")
    word = part.get(said)
    if not isinstance(word, str):
        raise Malformed(f"{param}.text", "a string")
    yield Passage(role, word)
    for name, value in part.items():
        if name in _UNREAD:
            yield None
        elif name not in (said, "type", "cache_control", "signature"):
            yield from _beside(value, "tool")


def _document(part: dict[str, object], param: str) -> Found:
    """An Anthropic document: plain text or parts are read, a PDF, a file id or a URL cannot be."""
    for name in ("title", "context"):
        value = part.get(name)
        if isinstance(value, str):
            yield Passage("user", value)
    source = _object(part.get("source"), f"{param}.source")
    text = source.get("data") if source.get("type") == "text" else source.get("content")
    if isinstance(text, str | list):
        yield from _content(text, "user", f"{param}.source")
    else:
        yield None


def _responses(fields: Mapping[str, object]) -> Found:
    yield from _stored(fields)
    instructions = _value(fields, "instructions")
    if instructions is not None:
        yield from _content(instructions, "system", "instructions")
    yield from _definitions(fields)
    yield from _besides(fields, "input", "instructions", "prompt", *_STORED)
    given = _value(fields, "input")
    if isinstance(given, str):
        yield Passage("user", given)
        return
    for index, item in enumerate(_list(given, "input") if given is not None else ()):
        yield from _item(_object(item, f"input[{index}]"), f"input[{index}]")


def _item(item: dict[str, object], param: str) -> Found:
    """One item of a responses input."""
    kind = item.get("type", "message")
    if kind == "message":
        yield from _message(item, param)
    elif kind in ("function_call", "custom_tool_call"):
        yield _json("tool", {name: item[name] for name in ("name", "arguments", "input") if name in item})
    elif kind in ("function_call_output", "custom_tool_call_output"):
        yield from _content(item.get("output"), "tool", f"{param}.output")
    elif kind == "reasoning":
        for name in ("summary", "content"):
            yield from _content(item.get(name), "assistant", f"{param}.{name}")
        if item.get("encrypted_content"):
            yield None
    else:
        yield _json("tool", item)
        yield None


def _stored(fields: Mapping[str, object]) -> Found:
    """Text that the vendor keeps and we never see."""
    if any(_value(fields, name) for name in _STORED):
        yield None
    if "prompt" in fields:
        yield _json("system", _value(fields, "prompt"))
        yield None


def _completion(fields: Mapping[str, object]) -> Found:
    yield from _definitions(fields)
    yield from _besides(fields, "prompt")
    yield from _plain(_value(fields, "prompt"), "prompt")


def _embedding(fields: Mapping[str, object]) -> Found:
    yield from _definitions(fields)
    yield from _besides(fields, "input")
    yield from _plain(_value(fields, "input"), "input")


def _plain(value: object, param: str) -> Found:
    """A string, a list of strings, or tokens: those are not read."""
    if isinstance(value, str):
        yield Passage("user", value)
        return
    for index, item in enumerate(_list(value, param, "a string or a list")):
        if isinstance(item, str):
            yield Passage("user", item)
        elif isinstance(item, int | list | dict):
            yield None
        else:
            raise Malformed(f"{param}[{index}]", "a string or a list of tokens")


def _besides(fields: Mapping[str, object], *read_already: str) -> Found:
    """Every other field that may hold words: templates, documents, names of people leave with the request too."""
    for name, value in fields.items():
        if name in read_already or name in _INERT:
            continue
        if not isinstance(value, msgspec.Raw) or bytes(value)[:1] in (b'"', b"[", b"{"):
            yield from _beside(_value(fields, name), "tool")
        if name == "prompt_embeds":
            yield None


def _definitions(fields: Mapping[str, object]) -> Found:
    """Tool definitions and schemas, whole: names, descriptions and examples all reach the model."""
    for name in _DEFINITIONS:
        if name in fields:
            value = _value(fields, name)
            for item in value if isinstance(value, list) else (value,) if value else ():
                passage = _json("tool", item)
                if name not in _FORMS or not _plain_form(item):
                    yield passage


def _plain_form(form: object) -> bool:
    """True if the form only says `text` or `JSON`, or how much of it: there are no words of the caller's in it."""
    inner = form.get("format", form) if isinstance(form, dict) else None
    if inner is None:
        return not isinstance(form, str | dict)
    known = {"type", "format", "verbosity", "effort"}
    return isinstance(inner, dict) and {*inner, *cast(dict[str, object], form)} <= known


def _value(fields: Mapping[str, object], name: str) -> object:
    """Raises Malformed where a value cannot be decoded: skipping it would hide what it says."""
    value = fields.get(name)
    found = decoded(value)
    if found is None and isinstance(value, msgspec.Raw) and bytes(value).strip() != b"null":
        raise Malformed(name, "JSON that nests less deeply")
    return found


def _json(role: str, value: object) -> Passage:
    text = msgspec.json.encode(value).decode(errors="replace")
    if "\\u" in text:  # JSON within JSON, as tool arguments are: chat templates decode it for the model
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Passage(role, text)


def _object(value: object, param: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Malformed(param, "an object")
    return cast(dict[str, object], value)


def _list(value: object, param: str, expected: str = "a list") -> list[object]:
    if not isinstance(value, list):
        raise Malformed(param, expected)
    return value


_READERS: Final[Mapping[str, Callable[[Mapping[str, object]], Found]]] = {
    "chat": _chat,
    "completion": _completion,
    "embedding": _embedding,
    "responses": _responses,
    "messages": _messages,
}
