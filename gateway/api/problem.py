"""Errors as each dialect's callers expect them: OpenAI's shape on OpenAI paths, Anthropic's on Anthropic paths."""

from __future__ import annotations

import math

from gateway.api.wire import Exchange, Headers, encode
from gateway.errors import GatewayError

BACK_IN_S = 30  # where a caller may come back and nobody knows when
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


def openai_error(error: GatewayError) -> dict[str, object]:
    """OpenAI's error object; `code` is ours, or the vendor's where its error passes through."""
    body = {"message": error.message, "type": _TYPES[error.status], "param": error.param, "code": error.code}
    return {"error": body | error.beside}


def anthropic_error(error: GatewayError) -> dict[str, object]:
    """Anthropic's error object; the message ends with our code."""
    return {"type": "error", "error": {"type": _TYPES[error.status], "message": f"{error.message} ({error.code})"}}


def error_event(error: GatewayError) -> bytes:
    """The last event of an OpenAI stream that breaks: official SDKs raise on it."""
    return b"data: " + encode(openai_error(error)) + b"\n\n"


def error_headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """When to come back, and whether to; which ceiling was reached."""
    headers = [(b"content-type", b"application/json")]
    wait_s = BACK_IN_S if error.retry_after_s is None else max(1, math.ceil(error.retry_after_s))
    if error.retry_after_s is not None or error.status in (429, 503):
        headers.append((b"retry-after", b"%d" % wait_s))
    if error.ceiling is not None:
        what, most = (word.encode() for word in error.ceiling)
        headers += [(b"x-ratelimit-limit-" + what, most), (b"x-ratelimit-reset-" + what, b"%ds" % wait_s)]
        if what == b"requests":  # of tokens and money some may be left, and too few for this request
            headers.append((b"x-ratelimit-remaining-requests", b"0"))
    if error.final:
        headers.append((b"x-should-retry", b"false"))
    return headers


def error_lines(error: GatewayError, headers: Headers = (), *, anthropic: bool = False) -> tuple[bytes, bytes]:
    """Header lines and body of an error reply."""
    shape = anthropic_error(error) if anthropic else openai_error(error)
    return b"".join(b"%b: %b\r\n" % line for line in (*error_headers(error), *headers)), encode(shape)


def write_error(exchange: Exchange, error: GatewayError, headers: Headers = (), *, anthropic: bool = False) -> None:
    """A whole error reply."""
    exchange.whole(error.status, *error_lines(error, headers, anthropic=anthropic))
