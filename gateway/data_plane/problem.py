"""Errors as each dialect's callers expect them: OpenAI's shape on OpenAI paths, Anthropic's on Anthropic paths."""

from __future__ import annotations

import math

from gateway.data_plane.asgi import Exchange, Headers, encode
from gateway.errors import GatewayError
from gateway.interfaces.dialects import OPENAI, Dialect

BACK_IN_S = 30  # where a caller may come back and nobody knows when


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


def error_lines(error: GatewayError, headers: Headers = (), *, dialect: Dialect = OPENAI) -> tuple[bytes, bytes]:
    """Header lines and body of an error reply."""
    return b"".join(b"%b: %b\r\n" % line for line in (*error_headers(error), *headers)), encode(dialect.error(error))


def write_error(exchange: Exchange, error: GatewayError, headers: Headers = (), *, dialect: Dialect = OPENAI) -> None:
    """A whole error reply."""
    exchange.whole(error.status, *error_lines(error, headers, dialect=dialect))
