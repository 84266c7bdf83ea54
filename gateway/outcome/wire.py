"""The few fields of an OpenAI-compatible reply that we act on; everything else passes as bytes.

What msgspec does not read is read as leniently as the official SDKs do: NaN and infinities, half a surrogate pair, a
byte order mark, a list around the reply.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

BOM = b"\xef\xbb\xbf"
FINE = (None, 0, 200, "", "0", "200", "success", "Success", "ok", "OK")  # of a `code` beside a reply: nothing is wrong


class Part(msgspec.Struct):
    """A `message` of a whole reply or a `delta` of a stream."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    audio: Any = None


class Choice(msgspec.Struct):
    """One of the n answers."""

    index: Any = 0
    message: Part | None = None
    delta: Part | None = None
    text: Any = None  # completions
    finish_reason: Any = None
    error: Any = None


class Event(msgspec.Struct):
    """A whole reply, or one event of a stream."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    data: msgspec.Raw = msgspec.Raw()  # embeddings
    base_resp: Any = None  # MiniMax: an error inside HTTP 200


_DECODER = msgspec.json.Decoder(Event)


def decode(data: bytes | memoryview) -> Event | None:
    """None if the data is not a reply that anybody can read."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = document_of(bytes(data))
        return event_of(document) if isinstance(document, dict) else None


def document_of(data: bytes) -> object:
    """The JSON of a body or an event, taken out of a list of one; None if it is none. Texts are valid Unicode."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = _leniently(data)
    if isinstance(document, list) and len(document) == 1:
        return document[0]
    return document


def event_of(document: dict[str, Any]) -> Event:
    """Of a reply whose fields have unexpected types: what has the right one."""
    choices = document.get("choices")
    data = document.get("data")
    return Event(
        choices=[_choice(each) for each in choices if isinstance(each, dict)] if isinstance(choices, list) else None,
        usage=document.get("usage"),
        error=document.get("error"),
        data=msgspec.Raw(b"[...]" if isinstance(data, list) and data else b""),
        base_resp=document.get("base_resp"),
    )


def complains(document: object) -> bool:
    """Whether a document says that something went wrong; beside an answer only an explicit error does."""
    if not isinstance(document, dict):
        return False
    own = document.get("base_resp")
    if isinstance(own, dict) and own.get("status_code") not in FINE:
        return True
    if is_error(document.get("error")):
        return True
    groq = document.get("x_groq")
    if isinstance(groq, dict) and is_error(groq.get("error")):
        return True
    choices = document.get("choices")
    if isinstance(choices, list) and choices:
        return any(isinstance(each, dict) and is_error(each.get("error")) for each in choices)
    if document.get("object") == "error" or document.get("type") == "error":
        return True
    return _bare_complaint(document)


def is_error(value: object) -> bool:
    """An `error` field that holds one: some vendors always send the field."""
    if isinstance(value, dict):
        told = [item for item in value.values() if item not in FINE]
        return bool(told)
    return isinstance(value, str) and value not in FINE


_CODES = ("code", "error_code", "errorCode", "err_code", "status_code")
_MESSAGES = ("message", "msg", "detail", "error_msg", "errorMsg", "error_message", "errorMessage", "err_msg")
_NESTED = ("errors", "ErrorMsg", "Response")


def _bare_complaint(document: dict[str, Any]) -> bool:
    """Neither an answer nor an `error`: a code, or words, or an error of Tencent's or Cloudflare's kind."""
    codes = [document[name] for name in _CODES if name in document]
    if any(code not in FINE and not isinstance(code, (dict, list)) for code in codes):
        return True
    if document.get("usage") or document.get("data") or document.get("object"):
        return False
    if any(document.get(name) for name in _NESTED):
        return True
    return not codes and any(document.get(name) for name in _MESSAGES)


def _leniently(data: bytes) -> object:
    try:
        return _mended(json.loads(data.decode("utf-8-sig", "replace"), strict=False))
    except (ValueError, RecursionError):
        return None


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(item) for name, item in value.items()}
    return value


def _choice(found: dict[str, Any]) -> Choice:
    return Choice(
        index=found.get("index", 0),
        message=_part(found.get("message")),
        delta=_part(found.get("delta")),
        text=found.get("text"),
        finish_reason=found.get("finish_reason"),
        error=found.get("error"),
    )


def _part(found: object) -> Part | None:
    if isinstance(found, str):
        return Part(content=found)
    if not isinstance(found, dict):
        return None
    return Part(**{name: found.get(name) for name in Part.__struct_fields__})
