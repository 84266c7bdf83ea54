"""How errors look to callers of each family of APIs, so that its official SDKs raise on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from gateway.errors import GatewayError

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    413: "request_too_large",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    431: "invalid_request_error",
    502: "upstream_error",
    503: "overloaded_error",
    504: "timeout_error",
}

_ANTHROPIC = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


_COUNTED = b'"sequence_number":'
_NUMBER = re.compile(rb'"sequence_number": ?(\d{1,15})')


@dataclass(frozen=True, slots=True)
class Dialect:
    """A family of APIs with one look."""

    name: str  # as the catalogue's `body_fields` and `api` have it
    error: Callable[[GatewayError], dict[str, object]]  # the body of an error reply
    error_event: Callable[[GatewayError, bytes], bytes]  # the last event of a stream that breaks, after what was told
    counts: bytes = b""  # what an event holds by which its successor is numbered; b"": they are not


def openai_error(error: GatewayError) -> dict[str, object]:
    """OpenAI's error object; `code` is ours, or the vendor's where its error passes through."""
    body = {"message": error.message, "type": _TYPES[error.status], "param": error.param, "code": error.code}
    return {"error": body | error.beside}


def anthropic_error(error: GatewayError) -> dict[str, object]:
    """Anthropic's error object; the message ends with our code."""
    kind = _ANTHROPIC.get(error.status, "api_error" if error.status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": f"{error.message} ({error.code})"}}


def _openai_event(error: GatewayError, told: bytes = b"") -> bytes:
    return b"data: " + msgspec.json.encode(openai_error(error)) + b"\n\n"


def _responses_event(error: GatewayError, told: bytes = b"") -> bytes:
    """Flat as it is documented, and with the `error` in it by which OpenAI's own differs: its SDKs raise on that."""
    flat = {"code": error.code, "message": error.message, "param": error.param}
    numbers = _NUMBER.findall(told)
    event = {"type": "error", **flat, "sequence_number": int(numbers[-1]) + 1 if numbers else 0, **openai_error(error)}
    return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"


def _anthropic_event(error: GatewayError, told: bytes = b"") -> bytes:
    return b"event: error\ndata: " + msgspec.json.encode(anthropic_error(error)) + b"\n\n"


OPENAI = Dialect("openai", openai_error, _openai_event)
OPENAI_RESPONSES = Dialect("openai_responses", openai_error, _responses_event, _COUNTED)
ANTHROPIC = Dialect("anthropic", anthropic_error, _anthropic_event)
