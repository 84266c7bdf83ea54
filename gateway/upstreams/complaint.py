"""What an error body says, whatever shape the vendor gives it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.outcome.wire import FINE, document_of, is_error

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{1,63}|\d{1,6}")
_RELAYS = 3  # wrappers that are looked into: an aggregator behind an aggregator
_CODES = ("code", "type", "status", "error_code", "errorCode", "err_code", "reason", "Code", "status_code")
_MESSAGES = ("message", "detail", "msg", "error_msg", "errorMsg", "error_message", "errorMessage", "err_msg",
             "error_description", "Message", "Msg", "status_msg")  # fmt: skip
_WRAPPERS = ("error", "Error", "ErrorMsg", "errors", "detail")
_USELESS = frozenset({"", "error", "None", "null"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error object, flattened. Codes are spelled as text."""

    message: str = ""
    codes: frozenset[str] = frozenset()  # code, type, status and reason of the error
    own_code: str | None = None  # MiniMax's `base_resp.status_code`, whose numbers others use with another meaning
    param: str | None = None
    code: str | None = None  # what stands in `code`, if it is a word
    failed_generation: str | None = None  # Groq: what the model wrote in the place of a tool call

    @property
    def status(self) -> int | None:
        """The HTTP status that stands inside the body, if one does."""
        found = [int(code) for code in self.codes if re.fullmatch(r"[45]\d\d", code)]
        return found[0] if found else None

    @property
    def name(self) -> str | None:
        """A code that may be shown: a word or a number, never a sentence."""
        shown = [code for code in (*sorted(self.codes, reverse=True), self.own_code or "") if _NAME.fullmatch(code)]
        return shown[0] if shown else None

    @classmethod
    def of(cls, body: object) -> Complaint | None:
        """None if the body complains of nothing."""
        if isinstance(body, list):
            return next((found for item in body[:4] if (found := cls.of(item)) is not None), None)
        if not isinstance(body, dict):
            return None
        own = body.get("base_resp")
        if isinstance(own, dict) and own.get("status_code") not in FINE:
            return cls(_text(own.get("status_msg")), own_code=str(own["status_code"]))
        wrapped = _wrapped(body)
        if wrapped is not None:
            return _flat(wrapped, body)
        message, codes = _message(body), _codes(body)
        if not message and not codes and body.get("object") != "error":
            return None
        if not body.get("error") and all(body.get(name) in FINE for name in ("code", "status")) and not message:
            return None
        return cls(message, codes, code=_word(body.get("code")))


def relayed(body: object, depth: int = 0) -> Iterator[object]:
    """What an aggregator wraps, innermost first: the error of the vendor behind it, as JSON or as a text."""
    error = body.get("error") if isinstance(body, dict) else None
    metadata = error.get("metadata") if isinstance(error, dict) else None
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if raw is None and isinstance(error, dict):
        raw = _json_inside(error.get("message"))
    if not raw or depth >= _RELAYS:
        return
    if isinstance(raw, str):
        document = document_of(raw.removeprefix("data:").encode(errors="replace"))
        raw = document if isinstance(document, (dict, list)) else {"error": {"message": raw}}
    if isinstance(raw, list):
        raw = raw[0] if raw and isinstance(raw[0], dict) else {}
    if isinstance(raw, dict):
        inner = raw if "error" in raw or "base_resp" in raw else {"error": raw, **raw}
        yield from relayed(inner, depth + 1)
        yield inner


def _json_inside(message: object) -> object:
    """Some relays put the vendor's whole body behind a few words of their own."""
    if not isinstance(message, str) or not 0 <= (start := message.find("{")) < len(message) - 2:
        return None
    found = document_of(message[start:].strip().encode(errors="replace"))
    return found if isinstance(found, dict) and found else None


def _wrapped(body: dict[str, Any]) -> object:
    """The error inside a body: an object, the first of a list, or a text."""
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and is_error(choice.get("error")) and not is_error(body.get("error")):
            return choice["error"]
    groq = body.get("x_groq")
    if isinstance(groq, dict) and is_error(groq.get("error")):
        return groq["error"]  # beside a finish reason
    inner = body.get("Response")
    if isinstance(inner, dict) and isinstance(inner.get("Error"), dict):
        return inner["Error"]
    for name in _WRAPPERS:
        found = body.get(name)
        if isinstance(found, list) and found and isinstance(found[0], dict) and name != "detail":
            found = found[0]
        if isinstance(found, dict) and isinstance(found.get("error"), (str, dict)) and not _message(found):
            found = found["error"]
        if (isinstance(found, str) and found and name != "detail") or (isinstance(found, dict) and found):
            return found
    return None


def _flat(error: object, body: dict[str, Any]) -> Complaint:
    if isinstance(error, str):
        return Complaint(error, _codes(body), code=_word(body.get("code")))
    assert isinstance(error, dict)
    generated = error.get("failed_generation", body.get("failed_generation"))
    codes = _codes(error) | ({str(body["reason"])} if isinstance(body.get("reason"), str) else set())
    inner = error.get("innererror")
    if isinstance(inner, dict):
        codes |= _codes(inner)
    return Complaint(
        _message(error) or _message(body),
        codes or _codes(body),
        param=_text(error.get("param")) or None,
        code=_word(error.get("code")),
        failed_generation=generated if isinstance(generated, str) else None,
    )


def _message(error: dict[str, Any]) -> str:
    return next((text for name in _MESSAGES if (text := _text(error.get(name)))), "")


def _codes(error: dict[str, Any]) -> frozenset[str]:
    fields = (error.get(name) for name in _CODES)
    return frozenset(
        str(value)
        for value in fields
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value) not in _USELESS
    )


def _word(code: object) -> str | None:
    return code if isinstance(code, str) and _NAME.fullmatch(code) and not code.isdigit() else None


def _text(value: object) -> str:
    """A sentence, however deep it stands: some vendors nest `detail` in lists."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) and value else ""
